import numpy as np
import pytest

import SpatioTemporalLib as st

TIMES = np.arange(0, 60, 1.5)
CHANGE = np.where(TIMES > 12, 25 * ((TIMES - 12) / 6) ** 2 * np.exp(-(TIMES - 12) / 3), 0.0)
SIGNAL = 800 * np.exp(-0.03 * CHANGE)


def changed(signal=SIGNAL, **more):
    series = st.Series.from_curves(TIMES, signal, acquisition=st.Acquisition(echo_time=0.03), name="dsc")
    return st.run("kinetics.transverse_relaxation_change", series=series, **more)


def test_change_of_the_rate_is_recovered_and_its_baseline_found():
    result = changed()
    np.testing.assert_allclose(result.delta_r2star.values.ravel(), CHANGE, atol=1e-5)
    assert result.delta_r2star.unit == "1/s"


def test_echo_time_scales_the_change():
    np.testing.assert_allclose(changed(echo_time=0.06).delta_r2star.values.ravel(), CHANGE / 2, atol=1e-5)


def test_unknown_echo_time_is_asked_for():
    series = st.Series.from_curves(TIMES, SIGNAL)
    with pytest.raises(st.InputError, match="echo time TE is not known") as caught:
        st.run("kinetics.transverse_relaxation_change", series=series)
    assert caught.value.code == "E-ACQUISITION"


def test_signal_that_rises_is_refused():
    with pytest.raises(st.InputError, match="does not fall clearly below"):
        changed(2 * SIGNAL[0] - SIGNAL)


def test_signal_that_reaches_zero_has_a_reason_and_no_rate():
    result = changed(np.stack([SIGNAL, np.where(TIMES == 18, 0, SIGNAL)], axis=1), baseline_frames=6)
    assert result.fit_status.labels[int(result.fit_status.values.ravel()[1])].name.startswith("signal or T1 not")
    assert np.isnan(result.delta_r2star.values[:, 0, 0, 1]).all()


def test_deconvolution_of_the_change_is_that_of_the_signal():
    tissue = 800 * np.exp(-0.03 * np.interp(TIMES - 2, TIMES, CHANGE) / 5)
    curves = np.stack([SIGNAL, tissue], axis=1)
    series = st.Series.from_curves(TIMES, curves, acquisition=st.Acquisition(echo_time=0.03))
    change = st.run("kinetics.transverse_relaxation_change", series=series, baseline_frames=6).delta_r2star
    artery = st.LabelMap(np.array([[[1, 0]]]), series.geometry, name="artery")
    of_signal = st.run("kinetics.perfusion_by_deconvolution", series=series, aif_mask=artery, baseline_frames=6)
    of_change = st.run("kinetics.perfusion_by_deconvolution", series=change, aif_mask=artery)
    for name in ("cbf", "cbv", "mtt"):
        np.testing.assert_allclose(of_change[name].values, of_signal[name].values, rtol=1e-4)
