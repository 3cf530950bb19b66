"""Speed of the scanned models beside scipy's curve_fit in the same run.

    python Testing/benchmarks/kinetic_models.py [--voxels 2048] [--peer-voxels 20]

Our figure is that of ``run``: fit, standard errors, reason codes and region
curves. curve_fit gets the same bounds, one start and a vectorised model, voxel
by voxel; the models' tables are made once for both.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import curve_fit

import SpatioTemporalLib as st
from SpatioTemporalLib.numerics.bolus.population_input_functions import parker_blood_concentration
from SpatioTemporalLib.numerics.kinetics.brix_model import brix_enhancement
from SpatioTemporalLib.numerics.kinetics.plug_flow_models import plug_flow_curves
from SpatioTemporalLib.numerics.kinetics.tracer_models import two_tissue_curves
from SpatioTemporalLib.numerics.signal.frame_sampling import at_instants, over_intervals
from SpatioTemporalLib.numerics.signal.tabulated_exponentials import tabulate_exponentials

SNR = 20.0
TIMES = np.arange(120) * 2.0
PLASMA = parker_blood_concentration(TIMES, arrival=20.0) / 0.58
STARTS = np.concatenate([np.arange(12) * 10.0, 120 + np.arange(8) * 60.0, 600 + np.arange(10) * 300.0])
SAMPLING = over_intervals(STARTS)
TRACER = parker_blood_concentration(SAMPLING.times / 4, arrival=5.0)


@dataclass(frozen=True)
class Task:
    """analysis : id. curves : of (P, n) parameters. ranges : of the truths. start, high : for curve_fit."""

    analysis: str
    curves: Callable
    ranges: tuple
    start: tuple
    high: tuple
    kind: str = "concentration"


def plug_flow(kind: str) -> Callable:
    curves = plug_flow_curves(kind, TIMES, PLASMA, at_instants(TIMES))
    return lambda values: curves(values / np.array([[6000.0], [60.0], [1.0], [1.0]]))


def two_tissue() -> Callable:
    table = tabulate_exponentials(SAMPLING.times, TRACER, SAMPLING)
    blood = SAMPLING.frames(TRACER)
    return lambda values: two_tissue_curves(table, blood, values / np.array([[60.0]] * 4 + [[1.0]]))


def brix(values: np.ndarray) -> np.ndarray:
    amplitude, kep, ratio = values
    return brix_enhancement(TIMES - 20, amplitude=amplitude, kep=kep / 60, kel=ratio * kep / 60, duration=5.0)


def tasks() -> list[Task]:
    flow = {"ranges": ((10, 90), (0.01, 0.4), (0.08, 0.5), (0.02, 0.15)), "start": (20, 0.6, 0.2, 0.05)}
    flow["high"] = (200, 5, 1, 1)
    rates = ((0.05, 0.5), (0.05, 0.4), (0.01, 0.1), (0.01, 0.05), (0.02, 0.08))
    return [
        Task("kinetics.adiabatic_tissue_homogeneity", plug_flow("adiabatic"), **flow),
        Task("kinetics.distributed_parameter", plug_flow("distributed"), **flow),
        Task("kinetics.tissue_homogeneity", plug_flow("homogeneous"), **flow),
        Task("kinetics.two_tissue", two_tissue(), rates, (0.1, 0.1, 0.05, 0.02, 0.05), (5, 5, 2, 1, 0.5), "tracer"),
        Task("kinetics.brix", brix, ((0.5, 3), (0.5, 6), (0.01, 0.3)), (1, 1, 0.1), (50, 20, 1), "signal"),
    ]


def run_ours(task: Task, curves: np.ndarray) -> None:
    if task.kind == "tracer":
        series = st.Series.from_curves(STARTS, curves.T, unit="kBq/mL")
        plasma = st.Curve(SAMPLING.times, TRACER, "kBq/mL", "plasma")
        st.run(task.analysis, series=series, plasma=plasma, frame_weights="equal")
    elif task.kind == "signal":
        st.run(task.analysis, series=st.Series.from_curves(TIMES, 1 + curves.T), arrival=20.0, baseline_frames=9)
    else:
        aif = st.Curve(TIMES, PLASMA, "mmol/L", "plasma")
        series = st.Series.from_curves(TIMES, curves.T, unit="mmol/L")
        st.run(task.analysis, series=series, aif=aif, curve_is="plasma")


def run_curve_fit(task: Task, curves: np.ndarray) -> int:
    """How many fits gave up."""

    def model(_, *values):
        return task.curves(np.array(values)[:, None])[0]

    failed = 0
    for curve in curves:
        try:
            curve_fit(model, None, curve, task.start, bounds=(0, task.high))
        except RuntimeError:
            failed += 1
    return failed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--voxels", type=int, default=2048)
    parser.add_argument("--peer-voxels", type=int, default=20, help="voxels given to curve_fit")
    arguments = parser.parse_args()
    rng = np.random.default_rng(0)
    for task in tasks():
        curves = task.curves(np.array([rng.uniform(*limits, arguments.voxels) for limits in task.ranges]))
        curves += curves.max(axis=1, keepdims=True) / SNR * rng.normal(size=curves.shape)
        started = time.perf_counter()
        run_ours(task, curves)
        ours = arguments.voxels / (time.perf_counter() - started)
        started = time.perf_counter()
        failed = run_curve_fit(task, curves[: arguments.peer_voxels])
        theirs = arguments.peer_voxels / (time.perf_counter() - started)
        print(
            f"{task.analysis:<40} {ours:8.0f} voxels/s   curve_fit {theirs:6.1f} voxels/s "
            f"(gave up {failed} times)   {ours / theirs:5.0f} times as fast"
        )


if __name__ == "__main__":
    main()
