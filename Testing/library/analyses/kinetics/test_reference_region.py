"""The reference region model on tissues of the Tofts model, whose ratios are known."""

import numpy as np
import pytest

import SpatioTemporalLib as st
from SpatioTemporalLib.numerics.bolus.population_input_functions import parker_blood_concentration
from SpatioTemporalLib.numerics.kinetics.tofts_models import extended_tofts_concentration

ANALYSIS = "kinetics.reference_region"
TIMES = np.arange(0, 480, 2.0)
FINE = np.arange(0, 480, 0.1)
KTRANS, VE = np.array([0.05, 0.25, 0.15, 0.4]), np.array([0.1, 0.4, 0.2, 0.6])  # the reference first


def inputs(noise=0.0, copies=1, times=TIMES):
    blood = parker_blood_concentration(FINE, arrival=30.0) / 0.58
    ktrans, ve = np.append(KTRANS[0], np.repeat(KTRANS[1:], copies)), np.append(VE[0], np.repeat(VE[1:], copies))
    curves = extended_tofts_concentration(FINE, blood, times, ktrans=ktrans, ve=ve)
    curves[1:] += noise * np.random.default_rng(0).normal(size=curves[1:].shape)
    series = st.Series.from_curves(times, curves.T, unit="mmol/L", name="tissues")
    first = np.zeros(series.geometry.shape, np.uint8)
    first.reshape(-1)[0] = 1
    masks = (
        st.LabelMap(values, series.geometry, name=name) for values, name in ((first, "muscle"), (1 - first, "lesion"))
    )
    return dict(zip(("series", "reference_mask", "mask"), (series, *masks)))


def estimates(result, name):
    return result[name].values.reshape(-1)[1:]


@pytest.mark.parametrize("efflux", ["constrained", "free"])
def test_ratios_of_known_tissues_are_recovered(efflux):
    result = st.run(ANALYSIS, **inputs(), efflux=efflux)
    np.testing.assert_allclose(estimates(result, "relative_ktrans"), KTRANS[1:] / KTRANS[0], rtol=1e-4)
    np.testing.assert_allclose(estimates(result, "relative_ve"), VE[1:] / VE[0], rtol=1e-4)
    np.testing.assert_allclose(estimates(result, "kep"), KTRANS[1:] / VE[1:], rtol=1e-4)


@pytest.mark.parametrize("step, allowed", [(3.0, 5e-4), (6.0, 5e-3)])
def test_coarse_frames_are_enough(step, allowed):
    result = st.run(ANALYSIS, **inputs(times=np.arange(0, 480, step)))
    np.testing.assert_allclose(estimates(result, "relative_ktrans"), KTRANS[1:] / KTRANS[0], rtol=allowed)
    np.testing.assert_allclose(estimates(result, "kep"), KTRANS[1:] / VE[1:], rtol=allowed)


def test_uneven_times_do_not_matter():
    keep = np.ones(TIMES.size, bool)
    keep[100::2] = False
    result = st.run(ANALYSIS, **inputs(times=TIMES[keep]))
    np.testing.assert_allclose(estimates(result, "relative_ktrans"), KTRANS[1:] / KTRANS[0], rtol=0.01)


def test_constraint_makes_noisy_estimates_steadier():
    noisy = inputs(noise=0.02, copies=300)
    spread = {
        efflux: estimates(st.run(ANALYSIS, **noisy, efflux=efflux), "relative_ktrans").reshape(3, -1).std(axis=1)
        for efflux in ("constrained", "free")
    }
    assert (spread["constrained"] < 0.9 * spread["free"]).all()


def test_efflux_rate_of_the_reference_is_reported():
    result = st.run(ANALYSIS, **inputs())
    assert result.reference.columns["kep"][0] == pytest.approx(KTRANS[0] / VE[0], rel=0.01)


def test_reference_without_uptake_is_refused():
    given = inputs()
    values = given["series"].values.copy()
    values.reshape(len(TIMES), -1)[:, 0] = 0.0
    flat = st.Series(values, TIMES, given["series"].geometry, unit="mmol/L", name="tissues")
    with pytest.raises(st.InputError) as caught:
        st.run(ANALYSIS, **{**given, "series": flat})
    assert caught.value.code == "E-REFERENCE" and caught.value.where == "muscle"


def test_tissue_without_uptake_is_nan_with_its_reason():
    given = inputs()
    values = given["series"].values.copy()
    values.reshape(len(TIMES), -1)[:, 2] *= -1
    series = st.Series(values, TIMES, given["series"].geometry, unit="mmol/L", name="tissues")
    result = st.run(ANALYSIS, **{**given, "series": series})
    assert np.isnan(estimates(result, "relative_ktrans")[1])
    assert result.fit_status.labels[int(result.fit_status.values.reshape(-1)[2])].name == "no uptake"
