"""Speed and memory of the extended Tofts model on a whole volume, beside its peers in the same run.

    python Testing/benchmarks/kinetics.py [--slices 24] [--peer-voxels 200] [--device cuda]

Our figure is that of ``run("kinetics.extended_tofts")`` on signal: conversion to
concentration, fit, standard errors, goodness, reason codes, region curves and
the hash of the input. The peers are scipy.optimize.curve_fit on concentrations,
voxel by voxel with bounds and a vectorised model, and dcmri's TissueArray (its
'HF' kinetics is the extended Tofts model; on signal, as it is made for).
"""

from __future__ import annotations

import argparse
import os
import resource
import time
from collections.abc import Callable
from unittest import mock

import numpy as np
from scipy.optimize import curve_fit

import SpatioTemporalLib as st
from SpatioTemporalLib.numerics.bolus.population_input_functions import parker_blood_concentration
from SpatioTemporalLib.numerics.kinetics.tofts_models import extended_tofts_concentration, tofts_family
from SpatioTemporalLib.numerics.least_squares.separable.bracketed_search import solve_in_brackets
from SpatioTemporalLib.numerics.least_squares.separable.solver import Solution, solve
from SpatioTemporalLib.numerics.relaxation.spoiled_gradient_echo import (
    concentration_from_signal,
    spoiled_gradient_echo_signal,
)
from SpatioTemporalLib.numerics.signal.frame_sampling import at_instants
from SpatioTemporalLib.steps.voxels.voxelwise import map_voxels

TIMES = np.arange(60) * 5.0
BASELINE = 6
HEMATOCRIT, RELAXIVITY, T1, FLIP_ANGLE, TR = 0.42, 4.5, 1.4, 15.0, 0.005
BLOOD = parker_blood_concentration(TIMES, arrival=27.0)
PLASMA = BLOOD / (1 - HEMATOCRIT)
NOISE = 0.01  # of the baseline
IN_SLICE = (256, 256)


def make_series(slices: int) -> st.Series:
    """A volume whose every voxel has its own parameters and noise."""
    rng = np.random.default_rng(0)
    values = np.empty((len(TIMES), slices, *IN_SLICE), dtype=np.float32)
    count = IN_SLICE[0] * IN_SLICE[1]
    for k in range(slices):
        ktrans, ve, vp = rng.uniform(0.01, 0.5, count), rng.uniform(0.1, 0.6, count), rng.uniform(0, 0.1, count)
        tissue = extended_tofts_concentration(TIMES, PLASMA, TIMES, ktrans=ktrans, ve=ve, vp=vp)
        signal = spoiled_gradient_echo_signal(1 / T1 + RELAXIVITY * tissue, FLIP_ANGLE, TR, 1000.0)
        signal += NOISE * signal[0, 0] * rng.normal(size=signal.shape)
        values[:, k] = signal.T.reshape(len(TIMES), *IN_SLICE)
    acquisition = st.Acquisition(flip_angle=FLIP_ANGLE, repetition_time=TR)
    return st.Series(values, TIMES, st.Geometry.from_spacing(values.shape[1:]), name="volume", acquisition=acquisition)


def peak_gigabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


ARGUMENTS = {
    "hematocrit": HEMATOCRIT,
    "relaxivity": RELAXIVITY,
    "t1_baseline": T1,
    "baseline_frames": BASELINE,
    "aif": st.Curve(TIMES, BLOOD, "mmol/L", "blood"),
}


def time_ours(series: st.Series, device: str) -> tuple[st.Result, float]:
    context = st.Context(device=device)
    started = time.perf_counter()
    result = st.run("kinetics.extended_tofts", series=series, context=context, **ARGUMENTS)
    return result, time.perf_counter() - started


def time_fit(series: st.Series, device: str) -> float:
    """Seconds of conversion, fit and standard errors alone, transfer to and from the device included."""
    seconds = {}

    def timed(*arguments, **keywords):
        started = time.perf_counter()
        outcome = map_voxels(*arguments, **keywords)
        seconds["fit"] = time.perf_counter() - started
        return outcome

    with mock.patch("SpatioTemporalLib.steps.kinetics.kinetic_fit.map_voxels", timed):
        time_ours(series, device)
    return seconds["fit"]


def time_solver(search: Callable, concentration: np.ndarray) -> tuple[np.ndarray, float]:
    """(n,) sums of squares and the seconds of the solver alone, on one thread, the fastest of three times."""
    family = tofts_family(TIMES, PLASMA, at_instants(TIMES), kep_bounds=(1e-3, 20.0), vp_max=1.0)
    blocks = [concentration[:, start : start + 8192] for start in range(0, concentration.shape[1], 8192)]
    taken = []
    for _ in range(3):
        started = time.perf_counter()
        found = [search(block, family) for block in blocks]
        taken.append(time.perf_counter() - started)
    sums = [sums_of_squares(*each) for each in zip(found, blocks)]
    return np.concatenate(sums), min(taken)


def sums_of_squares(found: Solution, measured: np.ndarray) -> np.ndarray:
    """(n,) of the model itself at the parameters found."""
    ktrans, ve = 60 * found.linear, found.linear / found.theta
    fitted = extended_tofts_concentration(TIMES, PLASMA, TIMES, ktrans=ktrans, ve=ve, vp=found.fixed)
    return ((fitted.T - measured) ** 2).sum(axis=0)


def model(_, ve, kep, vp):
    return extended_tofts_concentration(TIMES, PLASMA, TIMES, ktrans=ve * kep, ve=ve, vp=vp)


def time_curve_fit(concentration: np.ndarray) -> tuple[np.ndarray, float]:
    """(n,) sums of squares and the seconds curve_fit takes, over the same feasible set as ours."""
    bounds = ([0, 1e-3, 0], [1, 20, 1])
    started = time.perf_counter()
    fitted = [curve_fit(model, None, curve, (0.2, 1.0, 0.02), bounds=bounds)[0] for curve in concentration.T]
    seconds = time.perf_counter() - started
    return np.array([((model(None, *p) - c) ** 2).sum() for p, c in zip(fitted, concentration.T)]), seconds


def time_dcmri(signal: np.ndarray) -> tuple[np.ndarray, float] | None:
    """(n,) Ktrans in 1/min and the seconds dcmri takes; None where it is not installed."""
    try:
        import dcmri
    except ModuleNotFoundError:
        return None
    tissue = dcmri.TissueArray(
        (signal.shape[1],),
        kinetics="HF",
        sequence="SS",
        ca=BLOOD / 1000,  # mol/L
        t=TIMES,
        r1=RELAXIVITY * 1000,
        TR=TR,
        FA=FLIP_ANGLE,
        R10=1 / T1,
        n0=BASELINE,
        H=HEMATOCRIT,
    )
    started = time.perf_counter()
    tissue.train(TIMES, signal.T.astype(float))
    seconds = time.perf_counter() - started
    # In its high-flow limit the permeability-surface product is the transfer constant.
    return 60 * np.asarray(tissue.params("PS")), seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--slices", type=int, default=24)
    parser.add_argument("--peer-voxels", type=int, default=200, help="voxels given to the slow peers")
    parser.add_argument("--device", default="cpu", help="where our fit runs; the peers run on the processor")
    arguments = parser.parse_args()
    series = make_series(arguments.slices)
    voxels = series.values[0].size
    if arguments.device != "cpu":
        time_ours(make_series(1), arguments.device)  # starts the device
    before = peak_gigabytes()
    result, seconds = time_ours(series, arguments.device)
    after = peak_gigabytes()
    ours = voxels / seconds
    signal = series.values.reshape(len(TIMES), -1)
    print(f"{voxels} voxels, {len(TIMES)} frames, input {series.nbytes / 2**30:.2f} GiB")
    print(f"ours, run() on {arguments.device + ':':<8} {ours:12.0f} voxels/s   ({seconds:.2f} s)")
    fit = time_fit(series, arguments.device)
    print(f"  of it conversion, fit and errors, with transfer: {fit:.3f} s, {voxels / fit:.0f} voxels/s")
    print(f"peak memory             {after:12.2f} GiB in all, {before:.2f} GiB before the run;")
    print(f"                        {2 * series.nbytes / 2**30 + 1:12.2f} GiB is twice the input plus 1 GiB")
    concentration, _ = concentration_from_signal(
        signal[:, :65536].astype(float),
        signal[:BASELINE, :65536].mean(axis=0),
        1 / T1,
        flip_angle=FLIP_ANGLE,
        repetition_time=TR,
        relaxivity=RELAXIVITY,
    )
    solver = print_solvers(concentration)
    family = tofts_family(TIMES, PLASMA, at_instants(TIMES), kep_bounds=(1e-3, 20.0), vp_max=1.0)
    print_limits(family.curves.shape[1], ours, voxels / fit)
    compare(result, signal, concentration, arguments.peer_voxels, (ours, solver))


def print_solvers(concentration: np.ndarray) -> float:
    """Print the speed of the solver beside that of the search in brackets it is checked by; voxels/s."""
    sums, seconds = time_solver(solve, concentration)
    reference, slower = time_solver(solve_in_brackets, concentration)
    count = concentration.shape[1]
    print(f"solver, one thread:     {count / seconds:12.0f} voxels/s")
    print(f"  search in brackets:   {count / slower:12.0f} voxels/s   {slower / seconds:.1f} times as long")
    print(f"  sum of squares, the solver's over its: largest {np.max(sums / reference):.12f}")
    return count / seconds


def print_limits(family_size: int, ours: float, fit: float) -> None:
    """How far we are from what this machine can do at all: the matrix product a fit needs, and reading the input."""
    threads = os.cpu_count() or 1
    table, block = np.ones((family_size, len(TIMES))), np.ones((len(TIMES), 8192))
    product = threads * 8192 / _fastest(lambda: table @ block)
    large = np.ones((len(TIMES), 2**20), dtype=np.float32)
    copy = np.empty_like(large)
    bandwidth = 2 * large.nbytes / _fastest(lambda: np.copyto(copy, large))
    # Each voxel's frames are read once, and its ten maps are written.
    reading = bandwidth / (4 * (len(TIMES) + 10))
    flops = 2 * product * family_size * len(TIMES)
    print(
        f"machine: {flops / 1e9:.1f} GFLOP/s in a {family_size} x {len(TIMES)} product on {threads} threads, "
        f"{bandwidth / 2**30:.1f} GiB/s copied"
    )
    for what, limit in (("that product alone", product), ("reading input and writing maps alone", reading)):
        print(
            f"  {what}: {limit:12.0f} voxels/s; "
            f"run() reaches {100 * ours / limit:.1f} %, its fit {100 * fit / limit:.1f} %"
        )


def _fastest(work) -> float:
    """Seconds of the fastest of some repetitions."""
    taken = []
    for _ in range(7):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return min(taken)


def compare(result: st.Result, signal, concentration, count: int, speeds: tuple[float, float]) -> None:
    """Print the peers' speed, that of `run` and of the solver over theirs, and how the optima compare."""
    ours, solver = speeds
    sse, seconds = time_curve_fit(concentration[:, :count])
    our_sse = result.rmse.values.ravel()[:count].astype(float) ** 2 * len(TIMES)
    print(
        f"scipy curve_fit:        {count / seconds:12.1f} voxels/s   "
        f"run() is {ours * seconds / count:.0f} times as fast, the solver {solver * seconds / count:.0f} times"
    )
    print(
        f"  sum of squares, ours over its: median {np.median(our_sse / sse):.9f}, largest {np.max(our_sse / sse):.9f}"
    )
    peer = time_dcmri(signal[:, :count])
    if peer is None:
        print("dcmri is not installed: pip install dcmri")
        return
    ktrans, seconds = peer
    difference = np.abs(ktrans / result.ktrans.values.ravel()[:count] - 1)
    print(
        f"dcmri TissueArray:      {count / seconds:12.1f} voxels/s   ours is {ours * seconds / count:.0f} times as fast"
    )
    print(f"  Ktrans differs by {100 * np.median(difference):.2f} % in the median; dcmri fits the signal itself")


if __name__ == "__main__":
    main()
