"""Step 3: which analysis, on which inputs, with which parameters; all from its declaration."""

from __future__ import annotations

import json

import qt
import slicer
from slicer.i18n import tr as _
from SpatioTemporalNodes.results.input_nodes import node_attribute, node_classes
from SpatioTemporalNodes.scene.stored_json import settings_of
from SpatioTemporalNodes.series.series_view import facts_of_view
from SpatioTemporalNodes.values.value_nodes import say_unit, unit_of

import SpatioTemporalLib as st
from SpatioTemporalLib.data.readable_names import readable
from SpatioTemporalLib.system.manual_address import manual_page

from .. import remembered
from ..analysis_tree import AnalysisTree
from ..form.parameter_form import ParameterForm
from ..form.result_offer import ResultOffer
from ..live_preview import LivePreview
from ..narrow import breakable, let_shrink
from .step import Step, empty_layout


class AnalyseStep(Step):
    """Chooses an analysis; `analysis` is its declaration, None without one.

    version : grows with every change of the form.
    """

    file = "AnalyseStep.ui"

    def set_up(self) -> None:
        self.analysis = None
        self.selectors: dict[str, object] = {}
        self.offers: list[ResultOffer] = []
        self.from_data = ""
        self.settings: dict[str, dict] = {}
        self.layouts = [part.layout() for part in (self.ui.inputsBox, self.ui.basicBox, self.ui.advancedButton)]
        self.form = ParameterForm(*self.layouts[1:], self._changed)
        self.version = 0
        self.preview = LivePreview(self.panel, self.ui)
        self.tree = AnalysisTree(self.ui.analysisTree)
        self.fill_tree()
        self.ui.searchEdit.connect("textChanged(QString)", self.fill_tree)
        self.ui.analysisTree.connect("itemSelectionChanged()", self.panel.guarded(self._chosen))
        self.ui.helpButton.connect("clicked()", self.panel.guarded(self.open_help))
        self.ui.favouriteBox.connect("clicked()", self.panel.guarded(self._set_favourite))
        self.ui.resetButton.connect("clicked()", self.panel.guarded(self.form.reset))
        self._show_form()

    def fill_tree(self, text: str | None = None) -> None:
        """The analyses with all words of a text, or words that stand for them; those that suit the series first."""
        if text is not None:
            self.tree.text = text
        self.tree.fill()
        if self.analysis is not None:
            self.tree.select(self.analysis.id)

    def show_series(self, view) -> None:
        """Another series was chosen in step 1: another order of the analyses, and reasons against some."""
        facts = None if view is None else facts_of_view(view)
        if facts != self.tree.facts:
            self.tree.facts = facts
            self.fill_tree()
            self._show_suitability()

    def choose(self, id: str) -> None:
        """Show the form of an analysis."""
        self._keep_settings()
        self.analysis = st.analyses().get(id)
        self.panel.parameters.analysis = id if self.analysis is not None else ""
        self._show_form()
        self.panel.analysis_changed()

    def open_help(self) -> None:
        """Open the manual's page of the chosen analysis."""
        qt.QDesktopServices.openUrl(qt.QUrl(manual_page(self.analysis.id)))

    def nodes(self) -> dict[str, object]:
        """The chosen input nodes by input name."""
        chosen = {name: selector.currentNode() for name, selector in self.selectors.items()}
        if self.from_data:
            chosen[self.from_data] = self.panel.data.node
        return {name: node for name, node in chosen.items() if node is not None}

    def values(self) -> dict[str, object]:
        """The parameters that fit what is declared."""
        return self.form.values()

    def faults(self) -> list[str]:
        """What is missing or does not fit, in words; empty when it can run."""
        if self.analysis is None:
            return [_("Choose an analysis in step 3.")]
        nodes, faults = self.nodes(), []
        for declared in self.analysis.inputs:
            if not declared.optional and declared.name not in nodes:
                where = _("step 1") if declared.name == self.from_data else _("step 3")
                faults.append(_("Choose {name} in {step}.").format(name=readable(declared.name), step=where))
        view = self.panel.data.view
        if self.from_data in nodes and view is not None and not view.timed:
            faults.append(_("The series has no frame times; give them in step 1."))
        return faults + self.form.faults()

    def show_run(self, id: str, parameters: dict, nodes: dict) -> None:
        """Put the analysis, parameters and inputs of an earlier run into the form."""
        self.choose(id)
        if self.analysis is not None:
            self.form.set(_fitting(self.analysis, parameters))
        for name, node in nodes.items():
            if name in self.selectors:
                self.selectors[name].setCurrentNode(node)
        self.tree.select(id)

    def restore(self) -> None:
        self.settings = self.panel.guarded(lambda: settings_of(self.panel.parameters.settings))() or {}
        self.analysis = None
        self.ui.analysisTree.blockSignals(True)
        self.ui.analysisTree.clearSelection()
        self.ui.analysisTree.blockSignals(False)
        self.choose(self.panel.parameters.analysis)
        self.tree.select(self.panel.parameters.analysis)

    def _chosen(self) -> None:
        item = self.ui.analysisTree.currentItem()
        id = item.data(0, qt.Qt.UserRole) if item is not None else None
        if id:
            self.choose(id)

    def _show_form(self) -> None:
        for layout in self.layouts:
            empty_layout(layout)
        analysis = self.analysis
        parameters = analysis.parameters if analysis is not None else ()
        self._show_inputs()
        self.form.show(parameters, analysis.presets if analysis is not None else None)
        if analysis is not None:
            self.form.set(_fitting(analysis, self.settings.get(analysis.id, {})))
        self.ui.summaryLabel.setText(_about(analysis) if analysis is not None else _("Choose an analysis."))
        self.ui.helpButton.setVisible(analysis is not None)
        self._show_suitability()
        self.ui.favouriteBox.setVisible(analysis is not None)
        self.ui.favouriteBox.setChecked(analysis is not None and analysis.id in remembered.favourites())
        self.ui.advancedButton.setVisible(any(p.advanced for p in parameters))
        self.ui.resetButton.setVisible(bool(parameters))
        self.version += 1
        self.preview.offer(analysis)

    def _show_suitability(self) -> None:
        reason = self.tree.reason(self.analysis) if self.analysis is not None else ""
        self.ui.suitabilityLabel.setText(f"{reason[:1].upper()}{reason[1:]}." if reason else "")
        self.ui.suitabilityLabel.setVisible(bool(reason))

    def _set_favourite(self) -> None:
        if self.analysis is not None:
            remembered.set_favourite(self.analysis.id, bool(self.ui.favouriteBox.checked))
            self.fill_tree()

    def _show_inputs(self) -> None:
        self.selectors, self.from_data, self.offers = {}, "", []
        for declared in self.analysis.inputs if self.analysis is not None else ():
            if declared.kind is st.Series and not self.from_data:
                # The first series is that of step 1.
                self.from_data = declared.name
                continue
            selector = _selector(declared)
            let_shrink(selector)
            row = qt.QHBoxLayout()
            row.addWidget(selector, 1)
            unit = self._unit_editor(selector) if declared.kind in (st.Map, st.FollowUp) else None
            if unit is not None:
                row.addWidget(unit)
            selector.connect("currentNodeChanged(vtkMRMLNode*)", lambda node: self.panel.run.check())
            self.layouts[0].addRow(f"{readable(declared.name)}:", row)
            self.selectors[declared.name] = selector
            if declared.results:
                self.offers.append(ResultOffer(declared, selector, self.panel.guarded))
                self.layouts[0].addRow("", self.offers[-1].button)
        self.refresh_offers()

    def refresh_offers(self) -> None:
        """Offer what earlier runs have left for the inputs that are not chosen yet."""
        for offer in self.offers:
            offer.refresh()

    def _unit_editor(self, selector):
        """A field for the unit of a volume that does not say it."""
        editor = qt.QLineEdit()
        editor.setPlaceholderText(_("unit"))
        editor.setToolTip(_("Unit of the volume's values, e.g. s; nothing in it says so."))
        editor.setMaximumWidth(80)
        editor.hide()

        def chosen(node):
            editor.setVisible(node is not None and not unit_of(node))

        def typed(text):
            if selector.currentNode() is not None and editor.visible:
                say_unit(selector.currentNode(), text)

        selector.connect("currentNodeChanged(vtkMRMLNode*)", chosen)
        editor.connect("textChanged(QString)", typed)
        return editor

    def scene_closed(self) -> None:
        self.preview.scene_closed()

    def _changed(self) -> None:
        self.version += 1
        self._keep_settings()
        self.panel.analysis_changed()

    def _keep_settings(self) -> None:
        if self.analysis is not None and self.form.fields:
            self.settings[self.analysis.id] = self.form.changed_values()
            self.panel.parameters.settings = json.dumps(self.settings)


def _about(analysis) -> str:
    return f"{analysis.summary}<br><small>{breakable(analysis.citation)}</small>"


def _selector(declared):
    selector = slicer.qMRMLNodeComboBox()
    selector.nodeTypes = list(node_classes(declared.kind))
    attribute = node_attribute(declared.kind)
    for node_class in node_classes(declared.kind) if attribute else ():
        selector.addAttribute(node_class, *attribute)
    selector.noneEnabled = True
    wanted = _("Choose visits that step 1 joined") if declared.kind is st.FollowUp else _("Choose one")
    selector.noneDisplay = _("None") if declared.optional else wanted
    selector.addEnabled = selector.removeEnabled = False
    selector.setToolTip(f"{declared.help} [{declared.unit}]" if declared.unit else declared.help)
    selector.setObjectName(f"input_{declared.name}")
    selector.setMRMLScene(slicer.mrmlScene)
    return selector


def _fitting(analysis, stored: dict[str, object]) -> dict[str, object]:
    """Of the values a scene kept, those the parameters can have: scenes come from anywhere, and methods change."""
    fitting = {}
    for name, value in stored.items():
        try:
            analysis.checked_parameters({name: tuple(value) if isinstance(value, list) else value})
        except (st.SpatioTemporalError, TypeError, ValueError):
            continue
        fitting[name] = value
    return fitting
