"""What a batch costs beside the work itself: two workers beside two commands, overhead of a case, memory of many rows.

    python Testing/benchmarks/batch.py [--cases 16] [--rows 10000]

The work is the semi-quantitative analysis of a small simulated series. Batches of two workers and pairs of
``spatiotemporal run`` side by side take turns in the same run; the efficiency is the time of the pairs for as many
cases over that of the batches. The overhead of a case and the coordinator's memory are measured with an engine that
does nothing, so that neither hides behind work.
"""

from __future__ import annotations

import argparse
import csv
import subprocess
import sys
import tempfile
import time
import tracemalloc
from pathlib import Path

import numpy as np

import SpatioTemporalLib as st
from SpatioTemporalLib.batch import plan_batch, run_batch

ANALYSIS = "kinetics.enhancement"
COMMAND = [sys.executable, "-m", "SpatioTemporalLib"]
TURNS = 3


class NoWork:
    """An engine whose cases are done at once."""

    workers, elsewhere = 2, False

    def answers(self, take, limits, stop, tell):
        while (order := take()) is not None:
            yield order, {"event": "finished", "seconds": 0.0}

    def close(self):
        """There is nothing to let go of."""


def write_series(folder: Path) -> Path:
    rng = np.random.default_rng(0)
    times = np.arange(40) * 5.0
    values = 100 + rng.normal(0, 1, (40, 12, 48, 48)) + 40 * (times > 40)[:, None, None, None]
    path = folder / "series.nii.gz"
    st.write_series(path, st.Series(values.astype(np.float32), times, st.Geometry.from_spacing((12, 48, 48))))
    return path


def write_cases(folder: Path, series: Path, count: int) -> Path:
    path = folder / f"cases{count}.csv"
    with open(path, "w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["case", "series"])
        rows.writerows([f"c{n:05d}", series.name] for n in range(count))
    return path


def compare(folder: Path, series: Path, count: int) -> None:
    batch, pairs = [], []
    cases = write_cases(folder, series, count)
    for turn in range(TURNS):
        begun = time.perf_counter()
        words = ["batch", ANALYSIS, "--cases", str(cases), "--out", str(folder / f"batch{turn}"), "--workers", "2"]
        subprocess.run([*COMMAND, *words], check=True, stdout=subprocess.DEVNULL)
        batch.append(time.perf_counter() - begun)
        begun = time.perf_counter()
        for pair in range(count // 2):
            both = [
                subprocess.Popen(
                    [*COMMAND, "run", ANALYSIS, "--series", str(series), "--threads", "1"]
                    + ["--out", str(folder / f"single{turn}_{pair}_{n}")],
                    stdout=subprocess.DEVNULL,
                )
                for n in range(2)
            ]
            assert not any(process.wait() for process in both)
        pairs.append(time.perf_counter() - begun)
    turns = [", ".join(f"{seconds:.2f}" for seconds in own) for own in (batch, pairs)]
    print(f"{count} cases by two workers   {min(batch):7.2f} s  ({turns[0]})")
    print(f"{count // 2} pairs of two commands {min(pairs):7.2f} s  ({turns[1]})")
    print(f"efficiency {min(pairs) / min(batch):.2f}")


def overhead(folder: Path, series: Path, rows: int) -> None:
    for count in (rows // 10, rows):
        cases = write_cases(folder, series, count)
        tracemalloc.start()
        begun = time.perf_counter()
        plan = plan_batch(ANALYSIS, cases, folder / f"nothing{count}")
        planned = time.perf_counter()
        outcome = run_batch(plan, engine=NoWork())
        ended = time.perf_counter()
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert outcome.computed == count
        print(
            f"{count} rows: planning {1000 * (planned - begun) / count:.2f} ms a row, handing out and collecting "
            f"{1000 * (ended - planned) / count:.2f} ms a case, peak memory {peak / 2**20:.1f} MiB (traced)"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=16)
    parser.add_argument("--rows", type=int, default=10_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        series = write_series(folder)
        overhead(folder, series, arguments.rows)
        compare(folder, series, arguments.cases)


if __name__ == "__main__":
    main()
