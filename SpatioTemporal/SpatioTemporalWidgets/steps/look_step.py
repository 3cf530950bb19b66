"""Step 2: curves under the cursor, at pinned points and of segments."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import qt
import slicer
from slicer.i18n import tr as _
from SpatioTemporalNodes.display.colours import categorical_colour
from SpatioTemporalNodes.results.runs import values_of
from SpatioTemporalNodes.scene.stored_json import points_of
from SpatioTemporalNodes.series.frames import browser_of
from SpatioTemporalNodes.series.one_voxel import Voxel, at_voxel
from SpatioTemporalNodes.series.series_view import series_of, view_of
from SpatioTemporalNodes.values.table_nodes import CurveNodes, fill_chart
from SpatioTemporalNodes.values.value_nodes import labels_from_node

from SpatioTemporalLib.data import Curve
from SpatioTemporalLib.data.curve import SECONDS
from SpatioTemporalLib.errors import InputError, SpatioTemporalError
from SpatioTemporalLib.io import write_curves
from SpatioTemporalLib.steps.voxels.regions import region_curves

from ..curves.curve_modes import MODES, shown_curve
from ..curves.curve_plot import CurvePlot, Line
from ..curves.fit_lines import fit_lines
from .step import Step

NOT_POINTED = _("no position was pointed at yet")
CURSOR_COLOUR = None  # that of the text


class LookStep(Step):
    """Draws the curves; follows the mouse over the slice views and the frame that is shown."""

    file = "LookStep.ui"

    def set_up(self) -> None:
        self.view = self.other = None
        self.cursor, self.pins, self.fits = None, [], []
        self.segments: list[tuple[Curve, tuple]] = []
        self.observed: list[tuple] = []
        self.plot = CurvePlot(self.ui.plotLabel, self.go_to)
        for key, text in MODES.items():
            self.ui.modeBox.addItem(text, key)
        guarded = self.panel.guarded
        self.ui.modeBox.connect("currentIndexChanged(int)", guarded(self._mode_changed))
        self.ui.baselineBox.connect("valueChanged(int)", guarded(self.redraw))
        self.ui.frameSlider.connect("valueChanged(int)", self._slid)
        self.ui.pinButton.connect("clicked()", guarded(self.pin))
        self.ui.fitButton.connect("clicked()", guarded(self.fit))
        self.ui.clearButton.connect("clicked()", guarded(self.clear))
        self.ui.exportButton.connect("clicked()", guarded(self._export))
        self.ui.chartButton.connect("clicked()", guarded(self.to_chart))
        self.ui.segmentationSelector.connect("currentNodeChanged(vtkMRMLNode*)", guarded(self.measure_segments))
        self.ui.compareSelector.connect("currentNodeChanged(vtkMRMLNode*)", guarded(self._compare))

    def show_series(self, view) -> None:
        """Take another series, or None."""
        self.view = view
        self.ui.frameSlider.setMaximum(0 if view is None else view.frames.count - 1)
        self.start_listening()
        if view is not None:
            self.measure_segments()
        self.redraw()

    def move_to(self, ras) -> None:
        """Show the curve at a position in RAS mm."""
        inside = self.view is not None and self.view.probe.voxel(ras) is not None
        if inside:
            self.cursor = tuple(float(x) for x in ras)
            k, j, i = self.view.probe.voxel(ras)
            place = ", ".join(f"{letter} {value:.1f}" for letter, value in zip("RAS", self.cursor))
            self.ui.cursorLabel.setText(f"{place} mm; voxel {i}, {j}, {k}")
            self.redraw()

    def pin(self) -> None:
        """Keep the curve at the last position of the mouse."""
        if self.cursor is None:
            raise InputError("E-NO-POINT", NOT_POINTED, fix=_("Move the mouse over a slice view first."))
        self.pins = [*self.pins, self.cursor]
        self._remember()

    def clear(self) -> None:
        self.pins, self.fits, self.cursor = [], [], None
        self._remember()

    def fit(self) -> None:
        """Fit the analysis of step 3 to the curve at the last position of the mouse."""
        analyse, place = self.panel.analyse, self.cursor or next(iter(self.pins[-1:]), None)
        if place is None:
            raise InputError("E-NO-POINT", NOT_POINTED, fix=_("Move the mouse over a slice view first."))
        if analyse.faults():
            raise InputError("E-NOT-READY", _("nothing can be fitted yet"), fix=" ".join(analyse.faults()))
        voxel = Voxel(*self.view.probe.voxel(place))
        inputs = at_voxel(analyse.analysis, values_of(analyse.analysis, analyse.nodes()), voxel)
        self.panel.logic.runs.start_aside(analyse.analysis.id, inputs, analyse.values(), voxel)
        self.panel.run_started()

    def hear(self, job) -> None:
        """Draw the model fitted to a voxel, in the unit of the model; or say why there is none."""
        if not isinstance(job.about, Voxel) or job.state == "running":
            return
        fitted = _("{title}: fitted to one voxel").format(title=job.analysis.title)
        self.panel.say(fitted if job.state == "done" else job.text, wrong=job.state == "failed")
        charts = [value for value in (job.outcome or {}).values() if isinstance(value, tuple)]
        curves = next((curves for curves in charts if any(curve.fit_of for curve in curves)), ())
        voxel = f"{_('voxel')} {job.about.i}, {job.about.j}, {job.about.k}"
        names = {curve.name: voxel for curve in curves if not curve.fit_of}
        for curve in curves:
            name = names.get(curve.name) or f"{names[curve.fit_of]} fit"
            self.fits.append(replace(curve, name=name, fit_of=names.get(curve.fit_of, ""), spread=None))
        if curves:
            self.ui.modeBox.setCurrentIndex(self.ui.modeBox.findData("fit"))
            self.redraw()

    def go_to(self, time: float) -> None:
        """Show the frame nearest to a time."""
        if self.view is not None:
            self.ui.frameSlider.setValue(int(np.abs(self.view.times - time).argmin()))

    def measure_segments(self) -> None:
        """Mean curve of each segment with the spread of its voxels."""
        self.segments = []
        node = self.ui.segmentationSelector.currentNode()
        if node is not None and self.view is not None:
            labels = labels_from_node(node, self.view.probe.geometry)
            series = series_of(self.panel.data.node) if self.view.timed else None
            if series is not None:
                curves = region_curves(series, labels, np.ones(labels.values.shape, bool), _as_it_is, series.unit)
                colours = {label.name: label.colour for label in labels.labels.values()}
                self.segments = [(curve, colours[curve.name]) for curve in curves]
        self.redraw()

    def redraw(self) -> None:
        """Draw everything again."""
        lines, unit, note = [], "", ""
        try:
            drawn = self._drawn()
            lines, unit = [line for line, _ in drawn], next((unit for _, unit in drawn), "")
        except SpatioTemporalError as error:
            note = str(error)
        if not lines and not note:
            note = _("Move the mouse over a slice view, pin points, or choose segments.")
        title = f"{MODES[self.mode].split(' [')[0]} [{unit}]" if unit else ""
        self.plot.show(lines, self._axis(), title, self._now(), note)

    def _axis(self) -> str:
        """What the lines go over."""
        if self.mode == "fit":
            return next((curve.axis for curve in self._of_a_run()), SECONDS)
        return _("time [s]") if self.view is None or self.view.timed else _("frame")

    def _of_a_run(self) -> list[Curve]:
        return self.fits or self.panel.results.chosen_curves()

    @property
    def mode(self) -> str:
        return self.ui.modeBox.itemData(self.ui.modeBox.currentIndex)

    def curves(self) -> list[Curve]:
        """All curves that are drawn, as they are drawn."""
        curves, axis = [], self._axis() if self.mode == "fit" else SECONDS
        for line, unit in self._drawn():
            fit_of = line.name.removesuffix(" fit") if line.drawn == "line" else ""
            curves.append(Curve(line.times, line.values, unit, line.name, fit_of, line.spread, axis=axis))
        return curves

    def save(self, path) -> None:
        """Write the curves that are drawn to a CSV file."""
        curves = self.curves()
        if not curves:
            raise InputError("E-NO-CURVE", _("no curve is shown"), fix=_("Pin a point or choose segments."))
        write_curves(path, curves)

    def to_chart(self) -> None:
        """The curves that are drawn as a chart in the plot view, kept in the scene."""
        scene, curves = slicer.mrmlScene, tuple(self.curves())
        if not curves:
            raise InputError("E-NO-CURVE", _("no curve is shown"), fix=_("Pin a point or choose segments."))
        name = _("Curves of {name}").format(name=self.view.frames.label)
        nodes = CurveNodes(
            scene.AddNewNodeByClass("vtkMRMLTableNode", f"{name} table"),
            tuple(scene.AddNewNodeByClass("vtkMRMLPlotSeriesNode", curve.name) for curve in curves),
            scene.AddNewNodeByClass("vtkMRMLPlotChartNode", name),
        )
        fill_chart(nodes, curves, name)
        slicer.modules.plots.logic().ShowChartInLayout(nodes.chart)

    def restore(self) -> None:
        parameters = self.panel.parameters
        self.pins = self.panel.guarded(lambda: points_of(parameters.pins))() or []
        index = self.ui.modeBox.findData(parameters.mode or "signal")
        self.ui.modeBox.setCurrentIndex(max(index, 0))
        self.redraw()

    def scene_closed(self) -> None:
        self.stop_listening()
        self.view = self.other = self.cursor = None
        self.pins, self.fits, self.segments = [], [], []
        self.redraw()

    def start_listening(self) -> None:
        """Follow the mouse and the frame that is shown, while the module is."""
        self.stop_listening()
        if self.view is not None and self.panel.here:
            self._listen()

    def stop_listening(self) -> None:
        for target, tag in self.observed:
            target.RemoveObserver(tag)
        self.observed = []

    def _drawn(self) -> list[tuple[Line, str]]:
        """Every line with the unit of its values."""
        if self.mode == "fit":
            return fit_lines(self._of_a_run())
        if self.view is None:
            return []
        if self.mode == "concentration" and not self.view.timed:
            raise InputError("E-TIME-FRAMES", _("concentration needs frame times"), fix=_("Give them in step 1."))
        places = [(_("cursor"), self.cursor, CURSOR_COLOUR)] if self.cursor is not None else []
        places += [(f"{_('point')} {n}", ras, categorical_colour(n - 1)) for n, ras in enumerate(self.pins, start=1)]
        drawn = []
        for name, ras, colour in places:
            for view, dashed in ((self.view, False), (self.other, True)):
                curve = view.curve(ras, name) if view is not None else None
                if curve is not None:
                    text = f"{name}, {view.frames.label}" if dashed else name
                    drawn.append(self._line(replace(curve, name=text), colour, view, dashed))
        for n, (curve, colour) in enumerate(self.segments):
            drawn.append(self._line(curve, colour or categorical_colour(n), self.view, False))
        return drawn

    def _line(self, curve: Curve, colour, view, dashed: bool) -> tuple[Line, str]:
        settings = self.panel.analyse.values() if self.mode == "concentration" else {}
        shown = shown_curve(curve, self.mode, self.ui.baselineBox.value, view.acquisition, settings)
        line = Line(shown.times, shown.values, shown.name, colour, dashed=dashed, spread=shown.spread)
        return line, shown.unit

    def _listen(self) -> None:
        crosshair = slicer.mrmlScene.GetSingletonNode("default", "vtkMRMLCrosshairNode")
        if crosshair is not None:
            event = slicer.vtkMRMLCrosshairNode.CursorPositionModifiedEvent
            self.observed.append((crosshair, crosshair.AddObserver(event, self._cursor_moved)))
        browser = browser_of(self.panel.data.node)
        if browser is not None:
            self.observed.append((browser, browser.AddObserver("ModifiedEvent", self._frame_changed)))

    def _cursor_moved(self, crosshair, event) -> None:
        position = [0.0, 0.0, 0.0]
        if crosshair.GetCursorPositionRAS(position):
            self.move_to(position)

    def _frame_changed(self, browser, event) -> None:
        number = browser.GetSelectedItemNumber()
        if number != self.ui.frameSlider.value:
            self.ui.frameSlider.setValue(number)
            self.redraw()

    def _slid(self, number: int) -> None:
        browser = browser_of(self.panel.data.node) if self.panel.data.node is not None else None
        if browser is not None and browser.GetSelectedItemNumber() != number:
            browser.SetSelectedItemNumber(number)
        self.redraw()

    def _now(self) -> float | None:
        return (
            None
            if self.view is None
            else float(self.view.times[min(self.ui.frameSlider.value, len(self.view.times) - 1)])
        )

    def _mode_changed(self) -> None:
        self.panel.parameters.mode = self.mode
        self.redraw()

    def _compare(self) -> None:
        node = self.ui.compareSelector.currentNode()
        self.other = view_of(node) if node is not None else None
        self.redraw()

    def _remember(self) -> None:
        self.panel.parameters.pins = json.dumps(self.pins)
        self.redraw()

    def _export(self) -> None:
        path = qt.QFileDialog.getSaveFileName(self.widget, _("Save curves"), "curves.csv", _("Tables (*.csv)"))
        path = path[0] if isinstance(path, tuple) else path
        if path:
            self.save(path)


def _as_it_is(curves, index):
    return curves
