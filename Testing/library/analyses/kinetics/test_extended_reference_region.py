"""The extended reference region model on tissues of the extended Tofts model, whose parameters are known."""

import numpy as np
import pytest
from scipy.integrate import cumulative_trapezoid

import SpatioTemporalLib as st
from SpatioTemporalLib.numerics.bolus.population_input_functions import parker_blood_concentration
from SpatioTemporalLib.numerics.kinetics import reference_region
from SpatioTemporalLib.numerics.kinetics.tofts_models import extended_tofts_concentration

ANALYSIS = "kinetics.extended_reference_region"
TIMES = np.arange(0, 480, 2.0)
FINE = np.arange(0, 480, 0.1)
PLASMA = parker_blood_concentration(FINE, arrival=30.0) / 0.58
AIF = st.Curve(FINE, PLASMA, "mmol/L", "plasma")
# The reference first; it has no plasma.
KTRANS, VE, VP = np.array([0.07, 0.25, 0.15, 0.05]), np.array([0.14, 0.4, 0.2, 0.3]), np.array([0.0, 0.05, 0.1, 0.02])


def inputs(noise=0.0, copies=1):
    ktrans, ve, vp = (np.append(v[0], np.repeat(v[1:], copies)) for v in (KTRANS, VE, VP))
    curves = extended_tofts_concentration(FINE, PLASMA, TIMES, ktrans=ktrans, ve=ve, vp=vp)
    curves[1:] += noise * np.random.default_rng(0).normal(size=curves[1:].shape)
    series = st.Series.from_curves(TIMES, curves.T, unit="mmol/L", name="tissues")
    first = np.zeros(series.geometry.shape, np.uint8)
    first.reshape(-1)[0] = 1
    return {
        "series": series,
        "reference_mask": st.LabelMap(first, series.geometry, name="muscle"),
        "mask": st.LabelMap(1 - first, series.geometry, name="lesion"),
    }


def estimates(result, name):
    return result[name].values.reshape(-1)[1:]


@pytest.mark.parametrize("efflux", ["constrained", "free"])
def test_ratios_of_known_tissues_are_recovered(efflux):
    result = st.run(ANALYSIS, **inputs(), efflux=efflux)
    # 0.2 %: what splines make of the first pass at frames of 2 s.
    np.testing.assert_allclose(estimates(result, "relative_ktrans"), KTRANS[1:] / KTRANS[0], rtol=2e-3)
    np.testing.assert_allclose(estimates(result, "relative_ve"), VE[1:] / VE[0], rtol=2e-3)
    np.testing.assert_allclose(estimates(result, "relative_vp"), VP[1:] / VE[0], rtol=2e-3)
    np.testing.assert_allclose(estimates(result, "kep"), KTRANS[1:] / VE[1:], rtol=2e-3)
    assert "ktrans" not in result


def test_tail_of_the_input_gives_the_parameters_themselves(worst_error):
    late = st.Curve(FINE[1300:], PLASMA[1300:], "mmol/L", "tail")
    whole = st.run(ANALYSIS, **inputs(), aif=AIF, curve_is="plasma")
    for name, truth in {"ktrans": KTRANS, "ve": VE, "vp": VP}.items():
        error = np.abs(estimates(whole, name) / truth[1:] - 1).max()
        worst_error("extended reference region with the input's tail, relative", error, 2e-3)
        assert error < 2e-3
    assert whole.reference.columns["ktrans"][0] == pytest.approx(KTRANS[0], rel=5e-3)
    # The first pass is not looked at: an input that is wrong there changes nothing.
    clipped = st.Curve(FINE, np.minimum(PLASMA, 4 * late.values.max()), "mmol/L", "saturated")
    result = st.run(ANALYSIS, **inputs(), aif=clipped, curve_is="plasma")
    np.testing.assert_allclose(estimates(result, "ktrans"), estimates(whole, "ktrans"), rtol=1e-3)


def sharp_bolus(times, arrival):
    """Plasma that bends at arrival, in mmol/L; Parker's begins gently."""
    since = np.maximum(times - arrival, 0) / 60
    return 30 * since * np.exp(-since / 0.15) + 1.2 * (1 - np.exp(-since / 0.1)) * np.exp(-0.12 * since)


def gentle_bolus(times, arrival):
    return parker_blood_concentration(times, arrival=arrival) / 0.58


@pytest.mark.parametrize("bolus, allowed", [(gentle_bolus, 6e-3), (sharp_bolus, 3e-3)])
@pytest.mark.parametrize("last", [300.0, 480.0])
def test_frames_of_three_seconds_are_enough_wherever_they_meet_the_bolus(bolus, allowed, last, worst_error):
    times, error = np.arange(0, last, 3.0), 0.0
    for arrival in (30.0, 40.3, 41.9):
        plasma = bolus(FINE, arrival)
        curves = extended_tofts_concentration(FINE, plasma, times, ktrans=KTRANS, ve=VE, vp=VP)
        series = st.Series.from_curves(times, curves.T, unit="mmol/L", name="tissues")
        first = (np.arange(len(VP)) == 0).astype(np.uint8).reshape(series.geometry.shape)
        masks = {
            name: st.LabelMap(values, series.geometry)
            for name, values in {"reference_mask": first, "mask": 1 - first}.items()
        }
        given = {"aif": st.Curve(FINE[::10], plasma[::10], "mmol/L"), "curve_is": "plasma"}
        result = st.run(ANALYSIS, series=series, **masks, **given)
        for name, truth in {"ktrans": KTRANS, "ve": VE, "vp": VP}.items():
            error = max(error, np.abs(estimates(result, name) / truth[1:] - 1).max())
    worst_error(f"extended reference region at 3 s, {bolus.__name__}, {last:g} s", error, allowed)
    assert error < allowed


def test_integrals_as_exact_as_that_do_not_add_to_the_noise(monkeypatch):
    noisy = inputs(noise=0.02, copies=200)

    def spreads():
        result = st.run(ANALYSIS, **noisy)
        return [np.nanstd(estimates(result, n).reshape(3, -1), axis=1) for n in ("relative_ktrans", "relative_vp")]

    def trapezoids(times, curves, bend=None):
        once = cumulative_trapezoid(curves, times, axis=0, initial=0)
        return once, cumulative_trapezoid(once, times, axis=0, initial=0)

    smooth = np.array(spreads())
    monkeypatch.setattr(reference_region, "smooth_integrals", trapezoids)
    assert (smooth < 1.02 * np.array(spreads())).all()


def test_plasma_that_is_neglected_shows_as_uptake():
    neglected = st.run("kinetics.reference_region", **inputs())
    assert (estimates(neglected, "relative_ktrans") > 1.1 * KTRANS[1:] / KTRANS[0]).all()


def test_constraint_steadies_tissue_that_leaks_little():
    noisy = inputs(noise=0.02, copies=200)
    spread = {
        efflux: np.nanstd(estimates(st.run(ANALYSIS, **noisy, efflux=efflux), "relative_ktrans")[-200:])
        for efflux in ("constrained", "free")
    }
    assert spread["constrained"] < 0.5 * spread["free"]


def test_a_tail_beyond_the_series_is_refused():
    with pytest.raises(st.InputError, match="0 frames lie later") as caught:
        st.run(ANALYSIS, **inputs(), aif=AIF, curve_is="plasma", tail_start=1000.0)
    assert caught.value.code == "E-FRAMES"
