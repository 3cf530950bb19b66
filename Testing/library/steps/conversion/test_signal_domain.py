"""Tofts models fitted to the signal instead of to concentrations."""

import numpy as np
import pytest
from library.numerics.least_squares.best_of_starts import EXCESS, smallest_sums_of_squares, uniform_starts

import SpatioTemporalLib as st
from SpatioTemporalLib.data.curve import Curve
from SpatioTemporalLib.numerics.bolus.population_input_functions import parker_blood_concentration
from SpatioTemporalLib.numerics.kinetics.tofts_models import extended_tofts_concentration
from SpatioTemporalLib.numerics.relaxation.spoiled_gradient_echo import spoiled_gradient_echo_signal

TIMES = np.arange(0, 300, 4.0)
PLASMA = parker_blood_concentration(TIMES, arrival=40.0) / 0.58
ACQUISITION = {"flip_angle": 12.0, "repetition_time": 0.005}
KNOWN = {"aif": Curve(TIMES, PLASMA, "mmol/L", "plasma"), "curve_is": "plasma", "t1_baseline": 1.4, "relaxivity": 4.5}
BASELINE = 9
TRUTHS = np.array([[0.05, 0.2, 0.01], [0.2, 0.3, 0.05], [0.5, 0.4, 0.1], [1.0, 0.6, 0.2]])  # Ktrans, ve, vp
MODEL = "kinetics.extended_tofts"


def signal_of(ktrans, ve, vp, angle=ACQUISITION["flip_angle"]):
    tissue = extended_tofts_concentration(TIMES, PLASMA, TIMES, ktrans=ktrans, ve=ve, vp=vp)
    return spoiled_gradient_echo_signal(1 / 1.4 + 4.5 * tissue, angle, ACQUISITION["repetition_time"], 1000.0)


def run(signals, model=MODEL, **options):
    geometry = st.Geometry.from_spacing((1, 1, signals.shape[1]))
    acquisition = st.Acquisition(**ACQUISITION)
    series = st.Series(signals[:, None, None, :], TIMES, geometry, acquisition=acquisition, name="dce")
    return st.run(model, series=series, fit_domain="signal", baseline_frames=BASELINE, **KNOWN, **options)


def noisy(truth, noise, count, seed=0):
    clean = signal_of(*truth)
    return clean[:, None] + np.random.default_rng(seed).normal(0, noise * clean[0], (len(TIMES), count))


def test_parameters_are_exact_without_noise(worst_error):
    result = run(signal_of(*TRUTHS.T[..., None]).reshape(len(TRUTHS), -1).T)
    for name, truth in zip(("ktrans", "ve", "vp"), TRUTHS.T):
        error = np.abs(result[name].values.ravel() / truth - 1).max()
        worst_error("parameters from the signal without noise", error, 1e-5)
        assert error < 1e-5


@pytest.mark.parametrize("truth", TRUTHS, ids=str)
def test_sum_of_squares_of_the_signal_is_the_lowest_of_many_starts(truth, worst_error):
    signals = noisy(truth, 0.1, 6)
    result = run(signals)
    relative = signals / signals[:BASELINE].mean(axis=0)
    reference = signal_of(0.0, 0.1, 0.0)[0]

    def residuals(x, which):
        return x[3][:, None] * signal_of(x[0] * x[1], x[1], x[2]) / reference - relative.T[which]

    low, high = np.array([[1e-3, 0, 0, 0.5], [20, 1, 1, 2]])
    rng = np.random.default_rng(0)
    starts = uniform_starts(rng, [0.01, 0.02, 0, 0.8], [5, 0.9, 0.4, 1.2], signals.shape[1])
    best = smallest_sums_of_squares(residuals, starts, low, high)
    kep, ve, vp = (result[name].values.ravel().astype(float) for name in ("kep", "ve", "vp"))
    unit = signal_of(kep * ve, ve, vp) / reference
    # The baseline is linear, and is not given back.
    baseline = (unit * relative.T).sum(axis=1) / (unit**2).sum(axis=1)
    ours = (residuals((kep, ve, vp, baseline), np.arange(len(kep))) ** 2).sum(axis=1)
    worst_error("signal domain: excess over the best of 20 starts", (ours / best - 1).max(), EXCESS)
    assert (ours / best - 1 < EXCESS).all()


def test_estimates_scatter_less_than_those_from_concentrations(worst_error):
    """Near saturation the same noise of the signal is a large one of concentration."""
    signals = noisy((1.0, 0.6, 0.2), 0.15, 300, seed=3)
    by_signal = run(signals).ktrans.values.ravel()
    geometry = st.Geometry.from_spacing((1, 1, 300))
    series = st.Series(signals[:, None, None, :], TIMES, geometry, acquisition=st.Acquisition(**ACQUISITION))
    by_concentration = st.run(MODEL, series=series, baseline_frames=BASELINE, **KNOWN).ktrans.values.ravel()
    ratio = np.nanstd(by_signal) / np.nanstd(by_concentration)
    worst_error("scatter of Ktrans from the signal, part of that from concentrations", ratio, 1.0)
    assert ratio < 1.0


def test_standard_errors_are_those_of_repeated_measurements(worst_error):
    result = run(noisy((0.2, 0.3, 0.05), 0.03, 400, seed=5))
    for name in ("ktrans", "ve", "vp", "kep"):
        ratio = np.nanmedian(result[f"{name}_se"].values) / np.nanstd(result[name].values)
        worst_error(f"signal domain: standard error of {name} over its scatter", abs(ratio - 1), 0.15)
        # 400 samples give the scatter to 4 %.
        assert ratio == pytest.approx(1, abs=0.15)


def test_standard_model_stays_without_plasma(worst_error):
    result = run(noisy((0.2, 0.3, 0.0), 0.01, 4), model="kinetics.tofts")
    assert "vp" not in result
    np.testing.assert_allclose(result.ktrans.values.ravel(), 0.2, rtol=0.03)


def test_series_of_concentrations_is_refused():
    series = st.Series.from_curves(TIMES, np.linspace(0, 1, len(TIMES)), unit="mmol/L", name="tissue")
    with pytest.raises(st.ParameterError, match="E-FIT-DOMAIN"):
        st.run(MODEL, series=series, fit_domain="signal", aif=KNOWN["aif"], curve_is="plasma")
