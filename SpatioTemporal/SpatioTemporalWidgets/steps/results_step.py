"""Step 5: what each run made, shown over the images and measured in segments."""

from __future__ import annotations

from pathlib import Path

import qt
import slicer
from slicer.i18n import tr as _
from SpatioTemporalNodes.display.overlay import (
    fit_views,
    hide_overlay,
    overlaid_map,
    set_overlay_opacity,
    show_legend,
    show_overlay,
)
from SpatioTemporalNodes.results.provenance import made_with, result_summary
from SpatioTemporalNodes.results.result_nodes import remove_nodes
from SpatioTemporalNodes.results.run_nodes import input_nodes, nodes_of_run, result_from_nodes
from SpatioTemporalNodes.scene import attributes
from SpatioTemporalNodes.series.frames import proxy_of, sequence_of
from SpatioTemporalNodes.values.report_nodes import page_without_scripts, report_from_node
from SpatioTemporalNodes.values.value_nodes import table_from_node
from SpatioTemporalNodes.visits.visit_view import background_of, centre_views, is_part, visits_of

from SpatioTemporalLib.data import Table
from SpatioTemporalLib.data.readable_names import readable
from SpatioTemporalLib.errors import InputError
from SpatioTemporalLib.io.dicom.objects import write_dicom_files
from SpatioTemporalLib.io.output.folder import output_folder
from SpatioTemporalLib.io.output.results import write_files
from SpatioTemporalLib.system.plain_text import for_file_name
from SpatioTemporalLib.system.private_folder import PrivateFolder

from ..tables.map_statistics import compared, statistics
from ..tables.table_view import fill, prepare, readable_table
from ..threshold_slider import ThresholdSlider
from .step import Step

MAP, REPORT = "vtkMRMLScalarVolumeNode", "vtkMRMLTextNode"
MOST_CURVES = 12


class ResultsStep(Step):
    """Lists the runs of the scene; the chosen one is shown, measured, exported or run again."""

    file = "ResultsStep.ui"

    def set_up(self) -> None:
        self.summaries: dict[str, object] = {}
        # Removed with the panel.
        self.pages: PrivateFolder | None = None
        guarded = self.panel.guarded
        self.threshold = ThresholdSlider(self.ui.thresholdSlider)
        prepare(self.ui.statisticsTable)
        self.ui.runTree.setHeaderLabels([_("Run"), _("Unit")])
        self.ui.runTree.connect("itemSelectionChanged()", guarded(self._chosen))
        self.ui.opacitySlider.connect("valueChanged(double)", guarded(self._opacity_changed))
        self.ui.thresholdSlider.connect("valueChanged(double)", guarded(self._threshold_changed))
        self.ui.legendBox.connect("toggled(bool)", guarded(self._legend_changed))
        self.ui.hideButton.connect("clicked()", guarded(lambda: hide_overlay(slicer.mrmlScene)))
        self.ui.fitButton.connect("clicked()", guarded(self._fit_views))
        self.ui.regionSelector.connect("currentNodeChanged(vtkMRMLNode*)", guarded(self.show_statistics))
        self.ui.compareBox.connect("toggled(bool)", guarded(self.show_statistics))
        self.ui.chartButton.connect("clicked()", guarded(self.show_chart))
        self.ui.reportButton.connect("clicked()", guarded(self.open_report))
        self.ui.againButton.connect("clicked()", guarded(self.run_again))
        self.ui.exportButton.connect("clicked()", guarded(self._export))
        self.ui.removeButton.connect("clicked()", guarded(self.remove))

    def show_new(self, job) -> None:
        """List a new run, and show its first map, its table and its chart."""
        self.refresh()
        run = attributes.fact(next(iter(job.result.by_output.values()))[0], "Run")
        first = next(iter(job.result.of_class(MAP)), None)
        self.select(run, attributes.fact(first, "Output") if first is not None else None)
        if self._of_class("vtkMRMLPlotChartNode"):
            self.show_chart()

    def refresh(self) -> None:
        """Read the runs from the scene again, the latest first."""
        tree, chosen = self.ui.runTree, (self.run, self.output)
        tree.blockSignals(True)
        tree.clear()
        self.summaries = {summary.run: summary for summary in reversed(result_summary(slicer.mrmlScene))}
        for summary in self.summaries.values():
            self._add_run(summary)
        tree.header().resizeSection(0, 230)
        self.select(*chosen)
        tree.blockSignals(False)
        self._enable()

    def select(self, run: str, output: str | None) -> None:
        """Choose an output of a run, or the run, as a click does."""
        tree = self.ui.runTree
        for place in range(tree.topLevelItemCount):
            item = tree.topLevelItem(place)
            if item.data(0, qt.Qt.UserRole) == run:
                tree.scrollToItem(item, qt.QAbstractItemView.PositionAtTop)
                children = [item.child(n) for n in range(item.childCount())]
                tree.setCurrentItem(next((c for c in children if c.data(0, qt.Qt.UserRole + 1) == output), item))

    @property
    def run(self) -> str:
        """The chosen run, "" without one."""
        item = self.ui.runTree.currentItem()
        return str(item.data(0, qt.Qt.UserRole)) if item is not None else ""

    @property
    def output(self) -> str:
        item = self.ui.runTree.currentItem()
        return str(item.data(0, qt.Qt.UserRole + 1) or "") if item is not None else ""

    def nodes(self):
        """The nodes of the chosen run.

        Raises
        ------
        InputError
            When none is chosen.
        """
        if not self.run:
            raise InputError("E-NO-RUN", _("no run is chosen"), fix=_("Click one in step 5."))
        return nodes_of_run(slicer.mrmlScene, self.run)

    def chosen_map(self):
        """The map that is chosen, else the one that is shown; None without one."""
        if self.run and self.output:
            node = self.nodes().by_output.get(self.output, (None,))[0]
            if node is not None and node.IsA(MAP):
                return node
        return overlaid_map(slicer.mrmlScene)

    def chosen_curves(self) -> list:
        """Measured curves of the chosen run with the models fitted to them; all its curves if none was fitted."""
        nodes = self.nodes() if self.run else None
        if nodes is None or not nodes.by_output:
            # While a scene closes, the run that is still in the list has no nodes any more.
            return []
        charts = [value for value in result_from_nodes(nodes).values() if isinstance(value, tuple)]
        fitted = [curves for curves in charts if any(curve.fit_of for curve in curves)]
        return [curve for curves in (fitted or charts) for curve in curves][:MOST_CURVES]

    def show_map(self, node) -> None:
        """A map over the series or visit it was made from, with its window and legend."""
        inputs = input_nodes(self.nodes())
        background = background_of(node, inputs)
        show_overlay(slicer.mrmlScene, background, node, self.ui.opacitySlider.value)
        if visits_of(inputs) is not None and is_part(node, background):
            centre_views(slicer.mrmlScene, node)
        self._legend_changed()
        self.threshold.show(node)

    def show_statistics(self) -> None:
        """The chosen map in the chosen segments, or the chosen table of the run, the first if none is."""
        regions, node = self.ui.regionSelector.currentNode(), self.chosen_map()
        if regions is not None and node is not None:
            several = bool(self.ui.compareBox.checked)
            fill(
                self.ui.statisticsTable,
                compared(self._maps_like(node), regions) if several else statistics(node, regions),
            )
        elif self.run:
            outputs = self.nodes().by_output
            tables = {n: nodes[0] for n, nodes in outputs.items() if nodes[0].IsA("vtkMRMLTableNode")}
            chosen = tables.get(self.output) or next(iter(tables.values()), None)
            fill(self.ui.statisticsTable, readable_table(table_from_node(chosen)) if chosen is not None else Table({}))

    def _maps_like(self, node) -> dict[str, object]:
        """The maps of all runs that hold the quantity of a map, by the name of their run."""
        output = attributes.fact(node, "Output")
        maps = {}
        for summary in self.summaries.values():
            found = nodes_of_run(slicer.mrmlScene, summary.run).by_output.get(output, (None,))[0]
            if found is not None and found.IsA(MAP):
                maps[_run_name(summary)] = found
        return maps

    def show_chart(self) -> None:
        """The curves of the run in the plot view."""
        charts = self._of_class("vtkMRMLPlotChartNode")
        if charts:
            slicer.modules.plots.logic().ShowChartInLayout(charts[0])

    def run_again(self) -> None:
        """The chosen run with its stored parameters; its nodes are filled anew."""
        summary, nodes = self.summaries[self.nodes() and self.run], self.nodes()
        # Of a run whose facts are damaged nobody knows with which parameters it was made.
        made_with(next(iter(nodes.by_output.values()))[0])
        inputs = input_nodes(nodes)
        gone = [name for name, node in inputs.items() if node is None]
        lost = set(summary.inputs) - set(inputs)
        if gone or lost:
            raise InputError(
                "E-INPUT-GONE",
                _("{names} of this run is no longer in the scene").format(names=", ".join([*gone, *sorted(lost)])),
                fix=_("Load it, and choose it in step 3."),
            )
        self.panel.analyse.show_run(summary.analysis, summary.parameters, inputs)
        self.panel.run.launch(summary.analysis, inputs, summary.parameters, replace=nodes)

    def export(self, folder) -> list:
        """Write the chosen run as NIfTI with JSON, CSV, and DICOM where that is ticked; the paths."""
        result = result_from_nodes(self.nodes())
        with output_folder(folder, "result") as new:
            files = write_files(result, new)
            if self.ui.dicomBox.checked:
                files += write_dicom_files(result, new / "dicom")
        return [Path(folder) / file.relative_to(new) for file in files]

    def open_report(self) -> Path:
        """Show the report of the run in the web browser; the file it is written to."""
        reports = self._of_class(REPORT)
        chosen = next((node for node in reports if attributes.fact(node, "Output") == self.output), reports[0])
        self.pages = self.pages or PrivateFolder("reports")
        path = self.pages.path / f"{for_file_name(chosen.GetID())}.html"
        path.write_text(page_without_scripts(report_from_node(chosen)), encoding="utf-8")
        qt.QDesktopServices.openUrl(qt.QUrl.fromLocalFile(str(path)))
        return path

    def remove(self) -> None:
        remove_nodes(slicer.mrmlScene, self.nodes())
        self.refresh()
        fill(self.ui.statisticsTable, Table({}))

    def restore(self) -> None:
        self.refresh()

    def scene_closed(self) -> None:
        self.refresh()
        fill(self.ui.statisticsTable, Table({}))

    def _add_run(self, summary) -> None:
        item = qt.QTreeWidgetItem(self.ui.runTree)
        item.setText(0, _run_name(summary))
        item.setToolTip(0, str(summary))
        item.setData(0, qt.Qt.UserRole, summary.run)
        item.setExpanded(True)
        for output, nodes in nodes_of_run(slicer.mrmlScene, summary.run).by_output.items():
            child = qt.QTreeWidgetItem(item)
            child.setText(0, readable(output))
            child.setText(1, str(attributes.fact(nodes[0], "Unit", "")))
            child.setToolTip(0, str(attributes.fact(nodes[0], "Help", "")))
            child.setData(0, qt.Qt.UserRole, summary.run)
            child.setData(0, qt.Qt.UserRole + 1, output)

    def _chosen(self) -> None:
        self._enable()
        if not self.run:
            return
        node = self.nodes().by_output.get(self.output, (None,))[0]
        if node is not None and node.IsA(MAP):
            self.show_map(node)
        elif node is not None and node.IsA("vtkMRMLSegmentationNode"):
            node.GetDisplayNode().SetVisibility(not node.GetDisplayNode().GetVisibility())
        self.show_statistics()
        if self.panel.look.mode == "fit":
            self.panel.look.redraw()

    def _enable(self) -> None:
        for name in ("chartButton", "againButton", "exportButton", "removeButton"):
            getattr(self.ui, name).setEnabled(bool(self.run))
        self.ui.reportButton.setVisible(bool(self._of_class(REPORT)))

    def _of_class(self, name: str) -> list:
        return self.nodes().of_class(name) if self.run else []

    def _opacity_changed(self) -> None:
        set_overlay_opacity(slicer.mrmlScene, self.ui.opacitySlider.value)

    def _threshold_changed(self) -> None:
        self.threshold.apply(self.chosen_map())

    def _legend_changed(self) -> None:
        node = self.chosen_map()
        if node is not None:
            title = f"{node.GetName()} [{attributes.fact(node, 'Unit', '')}]"
            show_legend(node, title, visible=bool(self.ui.legendBox.checked))

    def _fit_views(self) -> None:
        node = self.chosen_map() or self.panel.data.node
        if node is not None:
            fit_views(slicer.mrmlScene, node if node.IsA(MAP) else proxy_of(sequence_of(node)))

    def _export(self) -> None:
        folder = qt.QFileDialog.getExistingDirectory(self.widget, _("Folder for the results"))
        if folder:
            # A folder for each run: nothing that lies in the chosen one is replaced.
            folder = Path(folder) / for_file_name(_run_name(self.summaries[self.run]).replace(":", "-"))
            files = self.export(folder)
            self.panel.say(_("{count} files were written to {folder}").format(count=len(files), folder=folder))


def _run_name(summary) -> str:
    return f"{summary.title}, {summary.created[11:19]}"
