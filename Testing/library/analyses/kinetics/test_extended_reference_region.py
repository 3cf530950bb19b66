"""The extended reference region model on tissues of the extended Tofts model, whose parameters are known."""

import numpy as np
import pytest

import SpatioTemporalLib as st
from SpatioTemporalLib.numerics.population_input_functions import parker_blood_concentration
from SpatioTemporalLib.numerics.reference_region import twice_integrated
from SpatioTemporalLib.numerics.tofts_models import extended_tofts_concentration

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
    # 0.5 %: what the trapezoid rule makes of the first pass at frames of 2 s.
    np.testing.assert_allclose(estimates(result, "relative_ktrans"), KTRANS[1:] / KTRANS[0], rtol=5e-3)
    np.testing.assert_allclose(estimates(result, "relative_ve"), VE[1:] / VE[0], rtol=5e-3)
    np.testing.assert_allclose(estimates(result, "relative_vp"), VP[1:] / VE[0], rtol=5e-3)
    np.testing.assert_allclose(estimates(result, "kep"), KTRANS[1:] / VE[1:], rtol=5e-3)
    assert "ktrans" not in result


def test_tail_of_the_input_gives_the_parameters_themselves(worst_error):
    late = st.Curve(FINE[1300:], PLASMA[1300:], "mmol/L", "tail")
    whole = st.run(ANALYSIS, **inputs(), aif=AIF, curve_is="plasma")
    for name, truth in {"ktrans": KTRANS, "ve": VE, "vp": VP}.items():
        error = np.abs(estimates(whole, name) / truth[1:] - 1).max()
        worst_error("extended reference region with the input's tail, relative", error, 5e-3)
        assert error < 5e-3
    assert whole.reference.columns["ktrans"][0] == pytest.approx(KTRANS[0], rel=5e-3)
    # The first pass is not looked at: an input that is wrong there changes nothing.
    clipped = st.Curve(FINE, np.minimum(PLASMA, 4 * late.values.max()), "mmol/L", "saturated")
    result = st.run(ANALYSIS, **inputs(), aif=clipped, curve_is="plasma")
    np.testing.assert_allclose(estimates(result, "ktrans"), estimates(whole, "ktrans"), rtol=1e-3)


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


def test_integrals_are_those_of_curves_linear_between_frames():
    times = np.array([0.0, 1.0, 4.0, 6.0])
    curves = np.stack([np.ones(4), times], axis=1)
    np.testing.assert_allclose(twice_integrated(times, curves), np.stack([times**2 / 2, times**3 / 6], axis=1))


def test_a_tail_beyond_the_series_is_refused():
    with pytest.raises(st.InputError, match="0 frames lie later") as caught:
        st.run(ANALYSIS, **inputs(), aif=AIF, curve_is="plasma", tail_start=1000.0)
    assert caught.value.code == "E-FRAMES"
