"""When a population's input function reaches a series."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...data.curve import Curve
from ...data.series import Series
from ...errors import Finding, Severity
from ...numerics.kinetics.delayed_fit import best_shared_delay
from ...numerics.kinetics.tofts_models import tofts_family
from ...numerics.least_squares.separable.solver import solve
from ...numerics.signal.frame_sampling import FrameSampling

# How far from the bend of the mean curve the arrival is searched.
FRAMES_AROUND_BEND, SECONDS_AROUND_BEND = 2.0, 6.0
THINNED = 3  # to a third of a second
KEP_BOUNDS = (1e-3, 20.0)  # 1/min


def at_best_arrival(
    plasma: Curve, curve: np.ndarray, series: Series, sampling: FrameSampling
) -> tuple[Curve, tuple[Finding, ...]]:
    """A population's input moved from the bend in the series to where tissue follows it best, and what was found.

    The bend tells the arrival to within a frame. The curve's whole course tells
    it better, and a frame too early or too late is several percent of Ktrans.

    Parameters
    ----------
    plasma : Curve, mmol/L
        The input as it arrives at the bend.
    curve : (T,) array, mmol/L
        Mean concentration of the tissue, to which the extended Tofts model is
        fitted, whatever model the voxels have: it is quick, and follows the
        beginning of any tissue.
    """
    found = float(plasma.times[0])
    interval = float(np.interp(found, series.times[:-1], series.intervals))
    reach = max(FRAMES_AROUND_BEND * interval, SECONDS_AROUND_BEND)
    equal = sampling.scaled(None)
    # Every table takes as long as the input has samples.
    times, values = plasma.times[::THINNED], plasma.values[::THINNED]

    def misfit(curves, delay):
        family = tofts_family(times + delay, values, equal, kep_bounds=KEP_BOUNDS, ve_max=1.0, vp_max=1.0)
        return solve(curves, family).sse

    moved = best_shared_delay(curve[:, None], misfit, low=-reach, high=reach, step=reach / 8)
    if abs(moved) >= reach * (1 - 1e-6):
        moved = 0.0  # Nothing near the bend is better than the rest, so the curve does not tell.
    text = (
        f"the population's input arrives at {found + moved:.4g} s, where it explains the mean curve best "
        f"({moved:+.2g} s from its bend); set arrival where it is known"
    )
    return replace(plasma, times=plasma.times + moved), (Finding("I-ARRIVAL", Severity.NOTE, text, series.name),)
