"""Speed and optimum of the two-compartment exchange model beside scipy's curve_fit in the same run.

    python Testing/benchmarks/two_compartment.py [--voxels 16384] [--peer-voxels 60]

Our figure is that of ``run("kinetics.two_compartment_exchange")`` on
concentrations: fit, standard errors, goodness, reason codes and region curves.
curve_fit gets the same bounds, one start and a vectorised model, voxel by voxel.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from scipy.optimize import curve_fit

import SpatioTemporalLib as st
from SpatioTemporalLib.numerics.bolus.population_input_functions import parker_blood_concentration
from SpatioTemporalLib.numerics.kinetics.two_compartment.models import two_compartment_concentration

TIMES = np.arange(150) * 2.0
PLASMA = parker_blood_concentration(TIMES, arrival=20.0) / 0.58
SNR = 20.0
BOUNDS = ([0, 0, 0, 0], [200, 5, 1, 1])
START = (20, 0.6, 0.2, 0.01)


def model(_, fp, ps, ve, vp):
    return two_compartment_concentration(TIMES, PLASMA, TIMES, fp=fp, ps=ps, ve=ve, vp=vp)


def make_curves(count: int) -> np.ndarray:
    """(T, n) curves, each with its own parameters and noise."""
    rng = np.random.default_rng(0)
    ranges = ((10, 90), (0.01, 0.4), (0.08, 0.5), (0.02, 0.15))
    clean = model(None, *(rng.uniform(*limits, count) for limits in ranges))
    return (clean + clean.max(axis=1, keepdims=True) / SNR * rng.normal(size=clean.shape)).T


def time_ours(curves: np.ndarray) -> tuple[np.ndarray, float]:
    """(n,) sums of squares and seconds."""
    series = st.Series.from_curves(TIMES, curves, unit="mmol/L")
    aif = st.Curve(TIMES, PLASMA, "mmol/L", "plasma")
    started = time.perf_counter()
    result = st.run("kinetics.two_compartment_exchange", series=series, aif=aif, curve_is="plasma")
    seconds = time.perf_counter() - started
    return result.rmse.values.ravel().astype(float) ** 2 * len(TIMES), seconds


def time_curve_fit(curves: np.ndarray) -> tuple[np.ndarray, float]:
    """(n,) sums of squares, NaN where it gives up, and seconds."""
    sse = np.full(curves.shape[1], np.nan)
    started = time.perf_counter()
    for n, curve in enumerate(curves.T):
        try:
            best, _ = curve_fit(model, None, curve, START, bounds=BOUNDS)
        except RuntimeError:
            continue
        sse[n] = ((model(None, *best) - curve) ** 2).sum()
    return sse, time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--voxels", type=int, default=16384)
    parser.add_argument("--peer-voxels", type=int, default=60, help="voxels given to curve_fit")
    arguments = parser.parse_args()
    curves = make_curves(arguments.voxels)
    ours, seconds = time_ours(curves)
    speed = arguments.voxels / seconds
    print(f"ours, run():      {speed:10.0f} voxels/s   ({arguments.voxels} voxels, {len(TIMES)} frames)")
    count = arguments.peer_voxels
    theirs, seconds = time_curve_fit(curves[:, :count])
    print(f"scipy curve_fit:  {count / seconds:10.1f} voxels/s   ours is {speed * seconds / count:.0f} times as fast")
    ratio = ours[:count] / theirs
    print(
        f"  sum of squares, ours over its: median {np.nanmedian(ratio):.7f}, largest {np.nanmax(ratio):.7f}, "
        f"smallest {np.nanmin(ratio):.7f}; it gave up {np.isnan(theirs).sum()} times"
    )


if __name__ == "__main__":
    main()
