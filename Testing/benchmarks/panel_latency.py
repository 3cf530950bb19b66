"""How long the panel makes its user wait, on a series of 60 frames of 24 x 256 x 256 voxels.

Run with ``python Testing/benchmarks/panel_latency.py``; prints milliseconds:

- from the mouse moving to the curve being drawn (at most 50 is wanted);
- the longest time no event was heard while a run of the whole volume was under
  way (at most 100 is wanted), split into start, run and showing the result;
- from pressing Cancel to the panel being ready (at most 2000 is wanted);
- from a change of a parameter, or of the artery, to the new Ktrans of the slice
  in view (at most 200 is wanted).
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "SpatioTemporal"), str(ROOT / "Testing")]

SHAPE = (60, 24, 256, 256)
ANALYSIS = "kinetics.enhancement"
MOVES, CHANGES = 200, 12


def large_series():
    """A series whose curves rise, with a little noise."""
    import SpatioTemporalLib as st

    random = np.random.default_rng(0)
    times = np.arange(SHAPE[0]) * 5.0
    rise = 300 * np.clip((times - 40) / 60, 0, 1).astype(np.float32)
    values = rise[:, None, None, None] + 500 + 10 * random.random(SHAPE, dtype=np.float32)
    geometry = st.Geometry.from_spacing(SHAPE[1:], (1.0, 1.0, 3.0))
    acquisition = st.Acquisition(flip_angle=20, repetition_time=0.005)
    return st.Series(values, times, geometry, name="large", time_source="made up", acquisition=acquisition)


def cursor_milliseconds(panel) -> np.ndarray:
    """Time of each move of the mouse over a slice view until its curve is on the panel."""
    from slicerdouble.desktop import move_cursor

    random, taken = np.random.default_rng(1), []
    geometry = panel.data.view.probe.geometry
    for _ in range(MOVES):
        ras = geometry.ijk_to_ras(random.integers(0, geometry.shape[::-1]))
        started = time.perf_counter()
        move_cursor(tuple(float(x) for x in ras))
        taken.append(1000 * (time.perf_counter() - started))
    return np.array(taken)


def longest_gap(app, until) -> float:
    """The longest time in ms between two turns of the event loop until something is so."""
    longest, last = 0.0, time.perf_counter()
    while not until():
        app.processEvents()
        now = time.perf_counter()
        longest, last = max(longest, 1000 * (now - last)), now
        time.sleep(0.001)
    return longest


def run_gaps(app, panel) -> dict[str, float]:
    """The longest waits during one run of the whole volume."""
    panel.analyse.choose(ANALYSIS)
    started = time.perf_counter()
    panel.run.ui.startButton.click()
    gaps = {"pressing Run": 1000 * (time.perf_counter() - started)}
    gaps["handing over and running"] = longest_gap(app, lambda: not panel.logic.runs.worker.jobs or _nearly(panel))
    gaps["until the result is shown"] = longest_gap(app, lambda: panel.run.job is None)
    started = time.perf_counter()
    panel.results.refresh()
    gaps["of that, listing the runs"] = 1000 * (time.perf_counter() - started)
    started = time.perf_counter()
    panel.results.show_map(panel.results.chosen_map())
    gaps["of that, showing a map"] = 1000 * (time.perf_counter() - started)
    return gaps


def cancel_milliseconds(app, panel) -> float:
    """From Cancel to ready."""
    panel.run.ui.startButton.click()
    longest_gap(app, lambda: panel.run.job is None or panel.run.job.fraction > 0.02)
    started = time.perf_counter()
    panel.run.ui.cancelButton.click()
    longest_gap(app, lambda: panel.run.job is None)
    return 1000 * (time.perf_counter() - started)


def preview_milliseconds(app, panel) -> dict[str, np.ndarray]:
    """From a change in step 3 to the map of extended Tofts being in the scene."""
    panel.analyse.choose("kinetics.extended_tofts")
    nodes = [artery_node(panel, j) for j in (40, 90)]
    panel.analyse.ui.previewBox.click()
    longest_gap(app, lambda: _rests(panel))
    fields, selector = panel.analyse.form.fields, panel.analyse.selectors["aif_mask"]
    changes = {
        "hematocrit": [
            lambda n=n: fields["hematocrit"].editor.setText(f"{0.3 + 0.01 * n:.2f}") for n in range(CHANGES)
        ],
        "T1": [lambda n=n: fields["t1_baseline"].editor.setText(f"{1 + 0.02 * n:.2f}") for n in range(CHANGES)],
        "artery": [lambda n=n: selector.setCurrentNode(nodes[n % 2]) for n in range(CHANGES)],
        "delay": [lambda n=n: fields["arrival"].editor.setText(f"{40 + n}") for n in range(CHANGES)],
    }
    selector.setCurrentNode(None)
    taken = {}
    for what, steps in changes.items():
        if what == "delay":
            selector.setCurrentNode(None)
        taken[what] = np.array([_until_shown(app, panel, change) for change in steps])
    panel.analyse.ui.previewBox.click()
    return taken


def artery_node(panel, row: int):
    """A label volume with a few voxels in the third slice."""
    import slicer
    from SpatioTemporalNodes.values.voxels import set_node_geometry, set_node_values

    labels = np.zeros(SHAPE[1:], np.uint8)
    labels[2, row : row + 5, 30:35] = 1
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", f"artery {row}")
    set_node_geometry(node, panel.data.view.probe.geometry)
    set_node_values(node, labels)
    return node


def _until_shown(app, panel, change) -> float:
    longest_gap(app, lambda: _rests(panel))
    before = panel.analyse.preview.shown.node.GetImageData()
    started = time.perf_counter()
    change()
    longest_gap(app, lambda: panel.analyse.preview.shown.node.GetImageData() is not before)
    return 1000 * (time.perf_counter() - started)


def _rests(panel) -> bool:
    preview = panel.analyse.preview
    return preview.job is None and preview.asked is not None and preview.asked[1] == 1


def _nearly(panel) -> bool:
    return panel.run.job is not None and panel.run.job.fraction >= 0.99


def main() -> None:
    from slicerdouble import install

    app = install()
    import slicer
    from slicerdouble.desktop import show_window
    from slicerdouble.scripted_module import load_module
    from SpatioTemporalNodes.series.series_nodes import add_series

    widget = load_module(ROOT / "SpatioTemporal" / "SpatioTemporal.py").widgetRepresentation().self()
    widget.parent.resize(380, 1500)
    show_window(widget.parent)
    panel = widget.panel
    sequence, _ = add_series(slicer.mrmlScene, large_series())
    started = time.perf_counter()
    panel.data.ui.seriesSelector.setCurrentNode(sequence)
    print(f"{'choosing the series':<40}{1000 * (time.perf_counter() - started):9.1f} ms")
    moves = cursor_milliseconds(panel)
    print(f"{'curve under the cursor, median':<40}{np.median(moves):9.1f} ms")
    print(f"{'curve under the cursor, slowest of ' + str(MOVES):<40}{moves.max():9.1f} ms")
    for what, gap in run_gaps(app, panel).items():
        print(f"{'longest wait: ' + what:<40}{gap:9.1f} ms")
    print(panel.run.ui.messageLabel.text)
    print(f"{'cancel':<40}{cancel_milliseconds(app, panel):9.1f} ms")
    print(panel.run.ui.messageLabel.text)
    for what, taken in preview_milliseconds(app, panel).items():
        print(f"{'live preview, ' + what + ', median':<40}{np.median(taken):9.1f} ms, slowest {taken.max():.1f} ms")
    print(panel.analyse.ui.previewLabel.text)
    widget.cleanup()


if __name__ == "__main__":
    main()
