"""One map of the analysis of step 3 on the slice in view, computed again after every change."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import qt
import slicer
from slicer.i18n import tr as _
from SpatioTemporalNodes.results.preview_node import PreviewNode
from SpatioTemporalNodes.results.runs import in_words
from SpatioTemporalNodes.series.frames import proxy_of, sequence_of
from SpatioTemporalNodes.series.one_slice import SliceCutter, SlicePart, modified_time, slice_in_view

import SpatioTemporalLib as st
from SpatioTemporalLib.data.readable_names import readable

from .narrow import breakable
from .theme import text_style

WATCH_INTERVAL = 15  # ms
WANTED = 0.1  # s of computing; with what else happens, the map follows a change within 0.2 s
FIRST_VOXELS, FEWEST_VOXELS = 12_000, 400
# More and more of the slice is computed when nothing has changed for a while, unless that takes long.
AT_REST, QUICK = 0.4, 0.7  # s


@dataclass(frozen=True)
class Preview:
    """What a preview is about: the map of one output on one slice."""

    part: SlicePart
    output: str


class LivePreview:
    """Watches the inputs and parameters, and shows what they give.

    Parameters
    ----------
    panel : Panel
    ui : the widgets ``previewBox``, ``previewOutput`` and ``previewLabel``
    """

    def __init__(self, panel, ui):
        self.panel, self.ui = panel, ui
        self.cutter, self.shown = SliceCutter(), PreviewNode(slicer.mrmlScene)
        self.job = self.asked = None
        self.changed_at = 0.0
        self.seconds = 0.0
        self.taken: dict[str, dict[int, float]] = {}
        self.timer = qt.QTimer()
        self.timer.setInterval(WATCH_INTERVAL)
        self.timer.connect("timeout()", self._look)
        ui.previewBox.connect("toggled(bool)", panel.guarded(self._toggled))

    @property
    def on(self) -> bool:
        return bool(self.ui.previewBox.checked)

    def offer(self, analysis) -> None:
        """List the maps an analysis gives."""
        maps = [o for o in analysis.outputs if o.kind is st.Map and not o.several] if analysis is not None else []
        inputs = getattr(analysis, "inputs", ())
        if any(i.kind in (st.FollowUp, st.LabelSeries) or i.own_grid for i in inputs):
            # What lies on several grids has no slice in common, and what moves leaves its slice.
            maps = []
        if not any(i.kind in (st.Series, st.ImageStack, st.Map) for i in inputs):
            # Without an image there is no slice to cut.
            maps = []
        box = self.ui.previewOutput
        box.clear()
        for output in maps:
            box.addItem(f"{output.display.symbol or readable(output.name)} [{output.unit}]", output.name)
        for widget in (self.ui.previewBox, box):
            widget.setEnabled(bool(maps))
        if not maps:
            self.ui.previewBox.setChecked(False)
        self.asked = None

    def hear(self, job) -> bool:
        """Show what a preview gave, or why it gave nothing; whether the job was a preview."""
        if not isinstance(job.about, Preview):
            return False
        if job is self.job and job.state != "running":
            self.job = None
            if self.on and self.panel.here:
                self._show(job)
            elif self.on:
                # Another module is shown; asked for again when this one is.
                self.asked = None
        return True

    def stop(self) -> None:
        """Take the preview away."""
        self.ui.previewBox.setChecked(False)

    def pause(self) -> None:
        """Compute nothing any more; what is shown stays."""
        self.timer.stop()

    def go_on(self) -> None:
        """Compute again what has changed meanwhile."""
        if self.on:
            self.timer.start()

    def scene_closed(self) -> None:
        self.job = None
        self.shown.forget()
        self.stop()

    def _toggled(self) -> None:
        self.asked = None
        self._say("")
        if not self.on:
            self.timer.stop()
            self.shown.remove()
        elif self.panel.here:
            self.timer.start()

    def _look(self) -> None:
        """Start a preview when something has changed since the last one."""
        if self.job is not None or self.panel.run.job is not None:
            return
        try:
            self._compute_if_changed()
        except Exception as error:  # noqa: BLE001 - said once, and asked again after the next change
            self._say(in_words(error), wrong=True)

    def _compute_if_changed(self) -> None:
        analyse, view = self.panel.analyse, self.panel.data.view
        nodes, output = analyse.nodes(), self.ui.previewOutput.itemData(self.ui.previewOutput.currentIndex)
        grid = self.cutter.grid(analyse.analysis, nodes, view if analyse.from_data else None)
        k = slice_in_view(slicer.mrmlScene, grid) if grid is not None else None
        times = tuple((name, node.GetID(), modified_time(node)) for name, node in nodes.items())
        wanted = (analyse.analysis.id, analyse.version, output, times, id(view), k)
        if self.asked is None or wanted != self.asked[0]:
            self.changed_at = time.monotonic()
            self.asked = (wanted, 0)
            step = self._step(analyse.analysis.id, grid) if grid is not None else 1
        else:
            step = self.asked[1] // 2
            if not step or self.seconds > QUICK or time.monotonic() - self.changed_at < AT_REST:
                return
        self.asked = (wanted, step)
        if analyse.faults():
            self._say(" ".join(analyse.faults()), wrong=True)
            return
        part = SlicePart(grid, k, step)
        inputs = self.cutter.cut(analyse.analysis, nodes, view, part)
        runs = self.panel.logic.runs
        self.job = runs.start_aside(analyse.analysis.id, inputs, analyse.values(), Preview(part, output))
        self.panel.preview_started()

    def _step(self, id: str, grid) -> int:
        """Every so many rows and columns are computed, so that it takes no longer than wanted."""
        voxels = max(_voxels_within(WANTED, self.taken.get(id, {})), FEWEST_VOXELS)
        return max(1, int(np.ceil(np.sqrt(grid.shape[1] * grid.shape[2] / voxels))))

    def _show(self, job) -> None:
        part, output, seconds = job.about.part, job.about.output, time.monotonic() - job.started
        if job.outcome is None:
            self._say(job.text, wrong=True)
            return
        self.seconds = job.outcome.provenance.seconds
        self.taken.setdefault(job.analysis.id, {})[part.index.size] = self.seconds
        image = job.outcome.outputs.get(output)
        if image is None:
            self._say(_("These settings do not give {name}.").format(name=readable(output)), wrong=True)
            return
        rows, geometry = part.index.shape[0], part.geometry
        node = self.panel.data.node
        background = proxy_of(sequence_of(node)) if node is not None and sequence_of(node) is not None else node
        display = job.outcome.displays[output]
        title = _("Preview of {name} [{unit}]").format(name=display.symbol or readable(output), unit=image.unit)
        values, error = (
            None if found is None else found.values[:, :rows]
            for found in (image, job.outcome.outputs.get(f"{output}_se"))
        )
        self.shown.show(values, geometry, display, title=title, background=background, error=error)
        inside = values[np.isfinite(values)]
        middle = (
            _("median {value:.3g} {unit}, ").format(value=np.median(inside), unit=image.unit) if inside.size else ""
        )
        every = _(", every {n}. row and column").format(n=part.step) if part.step > 1 else ""
        text = _("Slice {k}: {middle}{seconds:.2f} s{every}. A preview of this slice alone.")
        self._say(text.format(k=part.k, middle=middle, seconds=seconds, every=every))

    def _say(self, text: str, *, wrong: bool = False) -> None:
        self.ui.previewLabel.setText(breakable(text))
        self.ui.previewLabel.setStyleSheet(text_style("wrong", self.panel.widget) if wrong else "")


def _voxels_within(seconds: float, taken: dict[int, float]) -> float:
    """How many voxels can be computed in a time, by the seconds it took for other numbers of them."""
    if not taken:
        return FIRST_VOXELS
    if len(taken) == 1:
        voxels, once = next(iter(taken.items()))
        return voxels if once < 3 * seconds else voxels * seconds / once
    # What does not depend on the voxels takes its part of the time, but not all of it.
    per_voxel, fixed = np.polyfit(list(taken), list(taken.values()), 1)
    return max(seconds - fixed, seconds / 3) / per_voxel if per_voxel > 0 else max(taken)
