"""Models fitted from scanned shapes: no bounded fit from any of many places finds a smaller sum of squares."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from library.analyses.kinetics.tracer_tissue import TIMES as PET_TIMES
from library.analyses.kinetics.tracer_tissue import tissue
from library.numerics.least_squares.best_of_starts import EXCESS, STARTS, smallest_sums_of_squares, uniform_starts

import SpatioTemporalLib as st
from SpatioTemporalLib.numerics.bolus.population_input_functions import parker_blood_concentration
from SpatioTemporalLib.numerics.kinetics.brix_model import brix_enhancement
from SpatioTemporalLib.numerics.kinetics.delayed_curves import delayed_input
from SpatioTemporalLib.numerics.kinetics.shutter_speed import shutter_speed_curves
from SpatioTemporalLib.numerics.kinetics.tracer_models import reference_tissue_curves
from SpatioTemporalLib.numerics.signal.exponential_convolution import exponential_convolution
from SpatioTemporalLib.numerics.signal.frame_sampling import at_instants, continuous_curve, over_intervals
from SpatioTemporalLib.numerics.signal.tabulated_exponentials import tabulate_exponentials

TIMES = np.arange(0, 300, 3.0)
PLASMA = parker_blood_concentration(TIMES, arrival=20) / 0.58
PORTAL = exponential_convolution(TIMES + 8.0, PLASMA, 0.1, TIMES) * 0.1
TABLE = tabulate_exponentials(TIMES, PLASMA, at_instants(TIMES))
INLETS = [delayed_input(TIMES, curve, TIMES) for curve in (PLASMA, PORTAL)]
REFERENCE = tissue(0.1, 0.15)
SAMPLING = over_intervals(PET_TIMES)
OF_REFERENCE = tabulate_exponentials(SAMPLING.times, continuous_curve(REFERENCE, SAMPLING), SAMPLING)


@dataclass(frozen=True)
class Case:
    """curves : of (P, n) parameters. run : from (n, T) curves to the result. likely : where the other fits start.

    truths : parameters in range, and beyond their bounds. unit : of the root mean square over that of the curves.
    """

    curves: Callable
    run: Callable
    low: tuple
    high: tuple
    likely: tuple
    truths: tuple
    unit: float = 1.0


def brix(parameters):
    amplitude, kep, ratio = parameters
    return brix_enhancement(TIMES - 20, amplitude=amplitude, kep=kep / 60, kel=ratio * kep / 60, duration=5.0)


def run_brix(curves):
    series = st.Series.from_curves(TIMES, 1.0 + curves.T, name="tissue")
    return st.run("kinetics.brix", series=series, arrival=20.0, baseline_frames=6)


def shutter(parameters):
    values = parameters / np.array([[60.0], [1.0], [1.0]])
    return shutter_speed_curves(TABLE, at_instants(TIMES), values, relaxivity=4.5, water=0.8)


def run_concentration(analysis):
    def run(curves):
        series = st.Series.from_curves(TIMES, curves.T, unit="mmol/L", name="tissue")
        vein = {"portal_vein": st.Curve(TIMES, PORTAL, "mmol/L", "vein")} if analysis == "dual_input_liver" else {}
        aif = st.Curve(TIMES, PLASMA, "mmol/L", "plasma")
        return st.run(f"kinetics.{analysis}", series=series, aif=aif, curve_is="plasma", **vein)

    return run


def dual_input(parameters):
    arterial, portal, mtt, *delays = parameters
    parts = [inlet.at_delay(*inlet.exponential(1 / mtt), delay) for inlet, delay in zip(INLETS, delays)]
    return sum(flow[:, None] / 6000 * part for flow, part in zip((arterial, portal), parts))


def reference_tissue(parameters):
    r1, k2, bp = parameters
    return reference_tissue_curves(OF_REFERENCE, REFERENCE, np.stack([r1, k2 / 60, bp + 1]))


def run_reference_tissue(curves):
    series = st.Series.from_curves(PET_TIMES, np.concatenate([REFERENCE[None], curves]).T, unit="kBq/mL")
    first = st.LabelMap(np.arange(len(curves) + 1).reshape(1, 1, -1) == 0, series.geometry)
    rest = st.LabelMap(~first.foreground, series.geometry)
    return st.run(
        "kinetics.simplified_reference_tissue",
        series=series,
        reference_mask=first,
        mask=rest,
        frame_weights="equal",
    )


CASES = {
    "Brix": Case(
        brix,
        run_brix,
        low=(0, 0, 0),
        high=(50, 20, 1),
        likely=((0.2, 5), (0.1, 8), (0.01, 0.9)),
        truths=((1.5, 2.0, 0.1), (0.8, 0.5, 0.8), (2.0, 30.0, 0.01), (1.0, 1.0, 0.0)),
        unit=100.0,
    ),
    "shutter speed": Case(
        shutter,
        run_concentration("shutter_speed"),
        low=(0, 0, 0),
        high=(5, 0.75, 3),
        likely=((0.02, 2), (0.05, 0.7), (0.05, 2)),
        truths=((0.3, 0.25, 0.5), (0.1, 0.4, 1.5), (0.2, 0.74, 0.0), (6.0, 0.2, 0.3)),
    ),
    "dual-input liver": Case(
        dual_input,
        run_concentration("dual_input_liver"),
        low=(0, 0, 0.1, 0, 0),
        high=(500, 500, 300, 15, 15),
        likely=((10, 300), (10, 300), (3, 100), (0.5, 14), (0.5, 14)),
        truths=((30, 90, 15, 3, 2), (80, 20, 40, 8, 1), (0, 100, 20, 0, 5), (60, 60, 500, 2, 2)),
    ),
    "reference tissue": Case(
        reference_tissue,
        run_reference_tissue,
        low=(0, 0, -0.95),
        high=(5, 5, 20),
        likely=((0.3, 3), (0.02, 1), (0.1, 8)),
        truths=((1.2, 0.18, 2.0), (0.8, 0.1, -0.2), (1.0, 0.05, 30.0), (0.5, 0.3, 0.0)),
    ),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("snr", [np.inf, 50.0, 5.0])
def test_sum_of_squares_is_that_of_the_best_of_many_bounded_fits(name, snr, worst_error):
    case, rng = CASES[name], np.random.default_rng(1)
    low, high = np.array(case.low, float), np.array(case.high, float)
    curves = case.curves(np.array(case.truths, float).T)
    noise = 0.0 if np.isinf(snr) else curves.max(axis=1, keepdims=True) / snr
    curves = curves + noise * rng.normal(size=curves.shape)
    if name == "Brix":
        curves[:, :6] = 0.0  # the baseline is one
    found = case.run(curves).rmse.values.reshape(-1).astype(float)[-len(curves) :]
    ours = (found / case.unit) ** 2 * curves.shape[1]
    starts = np.exp(uniform_starts(rng, *np.log(case.likely).T, len(curves)))
    best = smallest_sums_of_squares(lambda p, which: case.curves(p) - curves[which], starts, low, high)
    # A root mean square in a float32 map is good to 6e-8 of itself. Without noise what counts as a perfect fit
    # of float32 data is 1e-10 of their power.
    excess = (ours - best) / (best + (1e-4 * (curves**2).sum(axis=1) if np.isinf(snr) else 0.0))
    worst_error(f"excess over the best of {STARTS} bounded fits, {name}", excess.max(), EXCESS)
    assert (excess <= EXCESS).all(), excess
