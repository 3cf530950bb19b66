"""Step 1: which series, what was understood of it, and its times."""

from __future__ import annotations

import qt
import slicer
from slicer.i18n import tr as _
from SpatioTemporalNodes.display.overlay import fit_views, show_overlay
from SpatioTemporalNodes.series.frames import proxy_of, sequence_of
from SpatioTemporalNodes.series.sample_nodes import add_sample_data
from SpatioTemporalNodes.series.series_view import facts_of_view, give_examination, give_times, give_unit, view_of
from SpatioTemporalNodes.series.stack_nodes import add_stack, stack_of_volumes
from SpatioTemporalNodes.visits.follow_up_nodes import add_follow_up

from SpatioTemporalLib.data.examination import EXAMINATIONS, in_words
from SpatioTemporalLib.errors import InputError
from SpatioTemporalLib.io.reading.volumes import SETTING_UNITS

from ..narrow import breakable
from ..tables.table_view import prepare
from ..tables.visit_table import VisitTable
from ..theme import text_style
from .step import Step

SERIES_UNITS = ("a.u.", "mmol/L", "1/s", "HU", "kBq/mL", "Bq/mL")
VISITS = "visits"
JOIN_KINDS = {
    "": _("Every"),
    VISITS: _("Visits on days"),
    "flip_angle": _("Flip angles [deg]"),
    "inversion_time": _("Inversion times [s]"),
    "repetition_time": _("Repetition times [s]"),
    "run": _("Runs [number]"),
}


class DataStep(Step):
    """Chooses the series; `view` is what is known of it, None without one."""

    file = "DataStep.ui"

    def set_up(self) -> None:
        self.view = None
        self.node = None
        guarded = self.panel.guarded
        self.ui.sampleButton.connect("clicked()", guarded(self.load_sample))
        self.ui.shownButton.connect("clicked()", guarded(self.use_shown))
        self.ui.intervalButton.connect("clicked()", guarded(self.fill_interval))
        self.ui.applyTimesButton.connect("clicked()", guarded(self.apply_times))
        self.ui.resetTimesButton.connect("clicked()", guarded(self.reset_times))
        self.ui.joinVolumesButton.connect("clicked()", guarded(self.join_volumes))
        self.ui.unitBox.connect("currentIndexChanged(int)", guarded(self._unit_chosen))
        self.ui.examinationBox.connect("currentIndexChanged(int)", guarded(self._examination_chosen))
        for setting, text in JOIN_KINDS.items():
            self.ui.joinKindBox.addItem(text, setting)
        self.ui.joinKindBox.connect("currentIndexChanged(int)", guarded(self._kind_changed))
        self.visits = VisitTable(self.ui.visitTable)
        self.ui.volumeList.connect("itemSelectionChanged()", guarded(self._show_visits))
        self._kind_changed()
        self.ui.joinButton.connect("contentsCollapsed(bool)", lambda collapsed: collapsed or self._opened())
        self.ui.seriesSelector.connect("currentNodeChanged(vtkMRMLNode*)", self.choose)
        self.ui.timeTable.setHorizontalHeaderLabels([_("Frame"), _("Time [s]")])
        prepare(self.ui.timeTable)
        self.ui.timeTable.horizontalHeader().setStretchLastSection(True)

    def load_sample(self) -> None:
        """The examination that comes with the extension, chosen and shown."""
        self.ui.seriesSelector.setCurrentNode(add_sample_data(slicer.mrmlScene))

    def use_shown(self) -> None:
        """The series whose volume is in the slice views."""
        composites = slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode")
        shown = [slicer.mrmlScene.GetNodeByID(c.GetBackgroundVolumeID() or "") for c in composites]
        volume = next((node for node in shown if node is not None), None)
        if volume is None:
            raise InputError(
                "E-NO-IMAGE", _("no volume is shown in the slice views"), fix=_("Show one, or choose a series.")
            )
        self.choose(sequence_of(volume) or volume)
        self.ui.seriesSelector.setCurrentNode(self.node)

    def list_volumes(self) -> None:
        """List the volumes that belong to no series yet."""
        self.ui.volumeList.clear()
        for node in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode"):
            if not node.IsA("vtkMRMLLabelMapVolumeNode") and sequence_of(node) is None:
                item = qt.QListWidgetItem(node.GetName(), self.ui.volumeList)
                item.setData(qt.Qt.UserRole, node.GetID())

    def _opened(self) -> None:
        self.list_volumes()
        # Opening shows all that is inside.
        self._kind_changed()

    def join_volumes(self) -> None:
        """A series of the chosen volumes, evenly spaced in time; a stack, each with its setting; or visits."""
        nodes = self._volumes()
        if len(nodes) < 2:
            raise InputError("E-ONE-FRAME", _("a series needs two volumes or more"), fix=_("Choose them in the list."))
        setting = self._setting()
        if setting == VISITS:
            sequence = add_follow_up(slicer.mrmlScene, nodes, self.visits.days(), self.visits.masks())
            self.panel.say(_("{name} can be chosen as visits in step 3.").format(name=sequence.GetName()))
            return
        if setting:
            stack = stack_of_volumes(nodes, self._settings(setting, len(nodes)), setting)
            add_stack(slicer.mrmlScene, stack)
            self.panel.say(_("{name} can be chosen as stack in step 3.").format(name=stack.name))
            return
        name = _("Series of {name}").format(name=nodes[0].GetName())
        sequence = self.panel.logic.convert(nodes, frame_interval=float(self.ui.joinBox.value), name=name)
        self.ui.seriesSelector.setCurrentNode(sequence)

    def _volumes(self) -> list:
        """The volumes chosen in the list that are still there."""
        listed = [self.ui.volumeList.item(row) for row in range(self.ui.volumeList.count)]
        nodes = [slicer.mrmlScene.GetNodeByID(i.data(qt.Qt.UserRole)) for i in listed if i.isSelected()]
        return [node for node in nodes if node is not None]

    def _show_visits(self) -> None:
        if self._setting() == VISITS:
            self.visits.show(self._volumes())

    def _setting(self) -> str:
        return self.ui.joinKindBox.itemData(self.ui.joinKindBox.currentIndex) or ""

    def _settings(self, setting: str, count: int) -> list[float]:
        text = self.ui.settingsEdit.text
        try:
            settings = [float(word) for word in text.replace(";", ",").split(",")]
        except ValueError:
            settings = []
        if len(settings) != count:
            raise InputError(
                "E-STACK",
                _("{count} numbers are needed, one for each volume, found: {text}").format(count=count, text=text),
                fix=_("Separate them by commas, in {unit}, in the order of the list.").format(
                    unit=SETTING_UNITS[setting]
                ),
            )
        return settings

    def _kind_changed(self) -> None:
        setting = self._setting()
        self.ui.joinBox.setVisible(not setting)
        self.ui.visitTable.setVisible(setting == VISITS)
        self.ui.settingsEdit.setVisible(setting not in ("", VISITS))
        self.ui.settingsEdit.setPlaceholderText(
            _("one for each, in {unit}").format(unit=SETTING_UNITS.get(setting, "s"))
        )
        made = {"": _("Make a series"), VISITS: _("Join the visits")}.get(setting, _("Make a stack"))
        self.ui.joinVolumesButton.setText(made)
        self._show_visits()

    def choose(self, node) -> None:
        """Take a node as the series and say what was understood of it."""
        if node is self.node and self.view is not None:
            return
        self.node, self.view = node, None
        self.panel.parameters.series = node
        try:
            self.view = view_of(node) if node is not None else None
        except InputError as error:
            self._say(_("This cannot be used as a series."), str(error))
        if self.view is not None:
            self._show_images()
        self._show()

    def apply_times(self) -> None:
        """Take the times in the table."""
        table = self.ui.timeTable
        give_times(self.node, [self._cell(row) for row in range(table.rowCount)])
        self._again()

    def reset_times(self) -> None:
        """Forget times that were given here."""
        if self.node is not None:
            give_times(self.node, None)
            self._again()

    def fill_interval(self) -> None:
        """Put evenly spaced times into the table."""
        for row in range(self.ui.timeTable.rowCount):
            self.ui.timeTable.item(row, 1).setText(f"{row * self.ui.intervalBox.value:g}")

    def restore(self) -> None:
        self.node = self.view = None
        node = self.panel.parameters.series
        self.ui.seriesSelector.setCurrentNode(node)
        self.choose(node)

    def look_again(self) -> None:
        """Try once more what could not be used; it may have been mended elsewhere."""
        if self.node is not None and self.view is None:
            self._again()

    def scene_closed(self) -> None:
        self.node = self.view = None
        self._show()

    def _again(self) -> None:
        node, self.node, self.view = self.node, None, None
        self.choose(node)

    def _show_images(self) -> None:
        sequence = sequence_of(self.node)
        proxy = proxy_of(sequence) if sequence is not None else self.node
        shown = [c.GetBackgroundVolumeID() for c in slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode")]
        # Who has the series in view already keeps the position and the map over it.
        if proxy is not None and proxy.GetID() not in shown:
            show_overlay(slicer.mrmlScene, proxy, None)
            fit_views(slicer.mrmlScene, proxy)

    def _show(self) -> None:
        if self.view is not None:
            odd = [f"{finding}" for finding in self.view.findings]
            if not self.view.timed:
                odd.insert(0, _("Curves can be looked at, but nothing can be quantified. ") + self.view.why_not)
            self._say(str(self.view), "\n".join(odd))
        elif self.node is None:
            self._say(_("Choose a series, or load the sample data."), "")
        self.ui.timesButton.setVisible(self.view is not None)
        if self.view is not None and not self.view.timed:
            self.ui.timesButton.collapsed = False
        self._fill_table()
        self._show_unit()
        self._show_examination()
        self.panel.series_changed()

    def _show_unit(self) -> None:
        box = self.ui.unitBox
        self.ui.unitRow.setVisible(self.view is not None)
        if self.view is None:
            return
        box.blockSignals(True)
        box.clear()
        for unit in dict.fromkeys((self.view.unit, *SERIES_UNITS)):
            box.addItem(unit, unit)
        box.blockSignals(False)

    def _unit_chosen(self) -> None:
        if self.view is not None:
            give_unit(self.node, self.ui.unitBox.itemData(self.ui.unitBox.currentIndex))
            self._again()

    def _show_examination(self) -> None:
        box = self.ui.examinationBox
        self.ui.examinationRow.setVisible(self.view is not None)
        if self.view is None:
            return
        facts = facts_of_view(self.view)
        found = in_words(facts.examinations) if facts.examinations else _("unknown")
        box.blockSignals(True)
        box.clear()
        # Where the user chose, that is what the node says; the first entry takes it back.
        chosen = self.view.acquisition.examination or ""
        box.addItem(_("as found") if chosen else f"{_('probably ') if facts.guessed else ''}{found}", "")
        for name, words in EXAMINATIONS.items():
            box.addItem(words, name)
        box.setCurrentIndex(max(0, box.findData(chosen)) if chosen else 0)
        box.blockSignals(False)

    def _examination_chosen(self) -> None:
        if self.view is not None:
            give_examination(self.node, self.ui.examinationBox.itemData(self.ui.examinationBox.currentIndex))
            self._again()

    def _say(self, understood: str, odd: str) -> None:
        self.ui.understoodLabel.setText(breakable(understood))
        self.ui.oddLabel.setText(breakable(odd))
        self.ui.oddLabel.setStyleSheet(text_style("warning", self.widget))
        self.ui.oddLabel.setVisible(bool(odd))

    def _fill_table(self) -> None:
        table, times = self.ui.timeTable, [] if self.view is None else self.view.times
        table.setRowCount(len(times))
        for row, time in enumerate(times):
            number = qt.QTableWidgetItem(str(row))
            number.setFlags(qt.Qt.ItemIsEnabled)
            table.setItem(row, 0, number)
            table.setItem(row, 1, qt.QTableWidgetItem(f"{time:.10g}" if self.view.timed else ""))
        if len(times) > 1 and self.view.timed:
            self.ui.intervalBox.setValue(float(times[1] - times[0]))

    def _cell(self, row: int) -> float:
        text = self.ui.timeTable.item(row, 1).text().strip().replace(",", ".")
        try:
            return float(text)
        except ValueError:
            found = text or _("nothing")
            raise InputError(
                "E-TIME-VALUE",
                _("frame {row} has the time {found}, which is no number").format(row=row, found=found),
                fix=_("Fill in seconds for every frame, or give the interval."),
            ) from None
