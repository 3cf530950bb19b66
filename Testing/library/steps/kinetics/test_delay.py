"""One delay for all voxels, and frames that count more or less."""

import numpy as np
import pytest
from scipy.optimize import least_squares

import SpatioTemporalLib as st
from SpatioTemporalLib.data.curve import Curve
from SpatioTemporalLib.numerics.bolus.population_input_functions import parker_blood_concentration
from SpatioTemporalLib.numerics.kinetics.tofts_models import extended_tofts_concentration
from SpatioTemporalLib.steps.voxels.fit_status import FitStatus

TIMES = np.arange(0, 300, 3.0)
FINE = np.arange(0, 400, 0.5)
PLASMA = parker_blood_concentration(np.maximum(FINE - 30, 0)) * (FINE >= 30) / 0.58
AIF = Curve(FINE, PLASMA, "mmol/L", "plasma")
KTRANS, VE = np.array([0.05, 0.1, 0.2, 0.4]), np.array([0.2, 0.3, 0.25, 0.4])
MODEL, KNOWN = "kinetics.extended_tofts", {"aif": AIF, "curve_is": "plasma"}


def series_of(curves, times=TIMES):
    geometry = st.Geometry.from_spacing((1, 1, curves.shape[1]))
    return st.Series(curves[:, None, None, :], times, geometry, unit="mmol/L", name="tissue")


def tissue(delay=0.0, times=TIMES):
    return extended_tofts_concentration(FINE + delay, PLASMA, times, ktrans=KTRANS, ve=VE, vp=0.03).T


def whole_image(series):
    return st.LabelMap(np.ones(series.geometry.shape, np.uint8), series.geometry)


@pytest.mark.parametrize("delay", [-4.0, 0.0, 6.5])
def test_shared_delay_is_found_and_frees_ktrans_of_it(delay, worst_error):
    noise = np.random.default_rng(0).normal(0, 0.01, (len(TIMES), len(KTRANS)))
    series = series_of(tissue(delay) + noise)
    result = st.run(MODEL, series=series, mask=whole_image(series), delay="shared", **KNOWN)
    (note,) = [f for f in result.findings if f.code == "I-DELAY"]
    found = result.input_function[0].times[0] - FINE[0]
    worst_error("shared delay", abs(found - delay), 0.5, "s")
    # Four voxels at noise of 0.01 mmol/L, frames every 3 s: a part of a frame.
    assert found == pytest.approx(delay, abs=0.5)
    assert f"{found:.3g} s" in note.message
    np.testing.assert_allclose(result.ktrans.values.ravel(), KTRANS, rtol=0.06)
    assert "delay" not in result


def test_frame_without_weight_has_no_say():
    spoilt = tissue()
    spoilt[40] += 5.0
    weights = np.ones(len(TIMES))
    weights[40] = 0
    result = st.run(MODEL, series=series_of(spoilt), frame_weights=tuple(weights), **KNOWN)
    np.testing.assert_allclose(result.ktrans.values.ravel(), KTRANS, rtol=1e-5)
    np.testing.assert_allclose(result.rmse.values.ravel(), 0, atol=1e-5)
    plain = st.run(MODEL, series=series_of(spoilt), **KNOWN)
    assert np.abs(plain.ktrans.values.ravel() / KTRANS - 1).max() > 0.05


def test_weights_give_the_weighted_optimum(worst_error):
    random = np.random.default_rng(1)
    weights = random.uniform(0.1, 3, len(TIMES))
    curves = tissue() + random.normal(0, 0.05, (len(TIMES), len(KTRANS)))
    result = st.run(MODEL, series=series_of(curves), frame_weights=tuple(weights), **KNOWN)
    for n, measured in enumerate(curves.T):

        def residuals(x, measured=measured):
            model = extended_tofts_concentration(FINE, PLASMA, TIMES, ktrans=x[0], ve=x[1], vp=x[2])
            return np.sqrt(weights / weights.mean()) * (model - measured)

        start, bounds = (KTRANS[n], VE[n], 0.03), ([0, 1e-3, 0], [5, 1, 1])
        best = least_squares(residuals, start, bounds=bounds, xtol=1e-12, ftol=1e-12)
        error = abs(result.ktrans.values.ravel()[n] / best.x[0] - 1)
        worst_error("Ktrans of weighted frames against scipy", error, 1e-4)
        assert error < 1e-4
        rmse = np.sqrt(2 * best.cost / len(TIMES))
        assert result.rmse.values.ravel()[n] == pytest.approx(rmse, rel=1e-5)


@pytest.mark.parametrize("weights", [(1.0, 2.0), (0.0,) * len(TIMES)])
def test_weights_that_do_not_suit_the_frames_are_refused(weights):
    with pytest.raises(st.InputError, match="E-WEIGHTS"):
        st.run(MODEL, series=series_of(tissue()), frame_weights=weights, **KNOWN)


@pytest.mark.parametrize("late", [25.0, -25.0])
def test_a_delay_at_the_edge_of_the_search_has_a_status_and_is_told(late):
    series = series_of(tissue(late))
    each = st.run(MODEL, series=series, delay="fit", **KNOWN)
    assert (each.fit_status.values == FitStatus.DELAY_AT_LIMIT).all()
    assert np.abs(each.delay.values) == pytest.approx(10.0)
    together = st.run(MODEL, series=series, delay="shared", **KNOWN)
    wide = st.run(MODEL, series=series, delay="fit", largest_delay=40.0, **KNOWN)
    for result, told in ((each, True), (together, True), (wide, False)):
        assert ("W-DELAY-EDGE" in {finding.code for finding in result.findings}) is told
    np.testing.assert_allclose(wide.ktrans.values.ravel(), KTRANS, rtol=0.01)
