"""How long the panel makes its user wait, on a series of 60 frames of 24 x 256 x 256 voxels.

Run with ``python Testing/benchmarks/panel_latency.py``; prints milliseconds:

- from the mouse moving to the curve being drawn (at most 50 is wanted);
- the longest time no event was heard while a run of the whole volume was under
  way (at most 100 is wanted), split into start, run and showing the result;
- from pressing Cancel to the panel being ready (at most 2000 is wanted).
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
MOVES = 200


def large_series():
    """A series whose curves rise, with a little noise."""
    import SpatioTemporalLib as st

    random = np.random.default_rng(0)
    times = np.arange(SHAPE[0]) * 5.0
    rise = 300 * np.clip((times - 40) / 60, 0, 1).astype(np.float32)
    values = rise[:, None, None, None] + 500 + 10 * random.random(SHAPE, dtype=np.float32)
    geometry = st.Geometry.from_spacing(SHAPE[1:], (1.0, 1.0, 3.0))
    return st.Series(values, times, geometry, name="large", time_source="made up")


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


def _nearly(panel) -> bool:
    return panel.run.job is not None and panel.run.job.fraction >= 0.99


def main() -> None:
    from slicerdouble import install

    app = install()
    import slicer
    from slicerdouble.scripted_module import load_module
    from SpatioTemporalNodes.series_nodes import add_series

    widget = load_module(ROOT / "SpatioTemporal" / "SpatioTemporal.py").widgetRepresentation().self()
    widget.parent.resize(520, 1500)
    widget.parent.show()
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
    widget.cleanup()


if __name__ == "__main__":
    main()
