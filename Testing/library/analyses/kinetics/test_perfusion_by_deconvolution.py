"""First passes through signal, artery and deconvolution."""

import numpy as np
import pytest

import SpatioTemporalLib as st
from SpatioTemporalLib.numerics.signal.exponential_convolution import exponential_convolution

ANALYSIS = "kinetics.perfusion_by_deconvolution"
TIMES = np.arange(0, 90, 1.5)
SINCE = np.maximum(TIMES - 15, 0)
ARTERY = 30 * (SINCE / 6) ** 3 * np.exp(3 - SINCE / 2)  # change of R2*, 1/s
FLOW, TRANSIT = np.array([20.0, 50.0]), np.array([10.0, 4.8])  # mL/100mL/min, s
PLAIN = {"hematocrit_large": 0.4, "hematocrit_small": 0.4, "density": 1.0}


def first_pass(echo_time=0.03, times=TIMES):
    tissue = FLOW[:, None] / 6000 * exponential_convolution(TIMES, ARTERY, 1 / TRANSIT, times)
    curves = np.concatenate([np.interp(times, TIMES, ARTERY)[None], tissue])
    values = 500 * np.exp(-echo_time * curves).T.reshape(len(times), 1, 1, 3)
    series = st.Series(values, times, st.Geometry.from_spacing((1, 1, 3)), name="dsc")
    artery, brain = (st.LabelMap(np.array(x).reshape(1, 1, 3), series.geometry) for x in ([1, 0, 0], [0, 1, 1]))
    return {"series": series, "aif_mask": artery, "mask": brain}


def run(inputs, **parameters):
    return st.run(ANALYSIS, **inputs, **{**PLAIN, **parameters})


@pytest.mark.parametrize("method", ["oSVD", "sSVD", "Tikhonov"])
def test_volume_flow_and_transit_time_of_known_tissue(method):
    result = run(first_pass(), method=method)
    np.testing.assert_allclose(result.cbv.values.ravel()[1:], FLOW * TRANSIT / 60, rtol=0.01)
    # Truncation smooths the residue's step at zero: flow comes out low, the more the shorter the transit.
    flow = result.cbf.values.ravel()[1:]
    assert (flow < FLOW).all() and (flow > 0.55 * FLOW).all()
    ratio = 60 * result.cbv.values / result.cbf.values
    np.testing.assert_allclose(ratio[..., 1:], result.mtt.values[..., 1:], rtol=1e-5)


def test_echo_time_cancels():
    short, long = (run(first_pass(echo_time)) for echo_time in (0.02, 0.05))
    np.testing.assert_allclose(short.cbf.values, long.cbf.values, rtol=1e-4)


def test_hematocrit_and_density_scale_flow_and_volume_alike():
    plain, scaled = run(first_pass()), st.run(ANALYSIS, **first_pass())
    factor = 0.55 / 0.75 / 1.04
    np.testing.assert_allclose(scaled.cbf.values, factor * plain.cbf.values, rtol=1e-6)
    np.testing.assert_allclose(scaled.cbv.values, factor * plain.cbv.values, rtol=1e-6)
    np.testing.assert_allclose(scaled.mtt.values, plain.mtt.values, rtol=1e-6)


def test_a_missing_frame_changes_little():
    even, uneven = run(first_pass()), run(first_pass(times=np.delete(TIMES, [30, 45])))
    # Another threshold of the singular values may be the first that does not oscillate.
    np.testing.assert_allclose(uneven.cbf.values, even.cbf.values, rtol=0.1)
    np.testing.assert_allclose(uneven.cbv.values, even.cbv.values, rtol=1e-3)


def test_rising_signal_is_remarked():
    inputs = first_pass()
    series = inputs["series"]
    rising = st.Series(250000 / series.values, series.times, series.geometry, name="t1 weighted")
    result = run({**inputs, "series": rising})
    assert "W-SIGNAL-RISES" in [finding.code for finding in result.findings]


def test_artery_without_a_bolus_is_refused():
    inputs = first_pass()
    flat = st.Series(np.full_like(inputs["series"].values, 9.0), TIMES, inputs["series"].geometry, name="flat")
    with pytest.raises(st.InputError) as caught:
        run({**inputs, "series": flat})
    assert caught.value.code == "E-AIF-FLAT" and "artery" in caught.value.fix


def codes_of(result):
    return [finding.code for finding in result.findings]


def bright(inputs, count=1, factor=1.5):
    series = inputs["series"]
    values = series.values.copy()
    values[:count] *= 1 + (factor - 1) * 0.3 ** np.arange(count)[:, None, None, None]
    return inputs | {"series": st.Series(values, series.times, series.geometry, name="dsc")}


def cut(inputs, last):
    series = inputs["series"]
    frames = series.times <= last
    return inputs | {"series": st.Series(series.values[frames], series.times[frames], series.geometry, name="dsc")}


def test_baseline_is_told():
    (told,) = [f for f in run(first_pass()).findings if f.code == "I-BASELINE"]
    assert "0 to 1" in told.message
    assert codes_of(run(first_pass())) == ["I-BASELINE"]


@pytest.mark.parametrize("count, factor", [(1, 1.5), (1, 1.1), (3, 2.0)])
def test_bright_first_frames_are_told_and_skipping_them_gives_the_true_volume(count, factor):
    inputs = bright(first_pass(), count, factor)
    found = run(inputs)
    assert "W-STEADY-STATE" in codes_of(found)
    skipped = run(inputs, skipped_frames=count)
    assert "W-STEADY-STATE" not in codes_of(skipped)
    np.testing.assert_allclose(skipped.cbv.values.ravel()[1:], FLOW * TRANSIT / 60, rtol=0.01)


def test_baseline_that_is_set_past_arrival_is_told():
    assert "W-BASELINE-LATE" in codes_of(run(first_pass(), baseline_frames=16))


@pytest.mark.parametrize("last", [19.0, 21.0, 23.0])
def test_series_that_ends_at_the_bolus_peak_is_refused(last):
    # The artery peaks at 21 s, 6 s after it arrives.
    with pytest.raises(st.InputError, match="% of its peak.*not over") as caught:
        run(cut(first_pass(), last))
    assert caught.value.code == "E-FIRST-PASS"


@pytest.mark.parametrize("rest", ["concentration", "rising signal"])
def test_cut_off_is_seen_in_other_kinds_of_series_too(rest):
    inputs = cut(first_pass(), 22.5)
    series = inputs["series"]
    if rest == "concentration":
        series = st.Series(-np.log(series.values / 500), series.times, series.geometry, "1/s")
    else:
        series = st.Series(250000 / series.values, series.times, series.geometry)
    with pytest.raises(st.InputError) as caught:
        run(inputs | {"series": series})
    assert caught.value.code == "E-FIRST-PASS"


def test_pass_that_is_over_in_the_artery_but_not_in_tissue_is_told():
    found = run(cut(first_pass(), 31.5))
    (told,) = [f for f in found.findings if f.code == "W-FIRST-PASS-TISSUE"]
    assert "leaks" in told.message and "W-FIRST-PASS" not in codes_of(found)
    assert not {"W-FIRST-PASS", "W-FIRST-PASS-TISSUE"} & set(codes_of(run(cut(first_pass(), 75.0))))


def test_artery_that_is_nearly_over_is_told():
    assert "W-FIRST-PASS" in codes_of(run(cut(first_pass(), 28.5)))


def test_noise_is_not_taken_for_a_pass_that_is_not_over():
    inputs = first_pass()
    series = inputs["series"]
    quiet = np.tile(series.values[:, :, :, 1:2], 300)
    quiet = 500 + 0.02 * (quiet - 500) + np.random.default_rng(3).normal(0, 5, quiet.shape)
    values = np.concatenate([series.values[..., :1], quiet], axis=-1)
    grid = st.Geometry.from_spacing(values.shape[1:])
    artery = np.zeros(grid.shape, np.uint8)
    artery[..., 0] = 1
    result = st.run(ANALYSIS, series=st.Series(values, TIMES, grid), aif_mask=st.LabelMap(artery, grid))
    assert "W-FIRST-PASS-TISSUE" not in codes_of(result)


def test_voxels_without_signal_have_their_reason():
    inputs = first_pass()
    values = inputs["series"].values.copy()
    values[:, 0, 0, 2] = 0.0
    result = run({**inputs, "series": st.Series(values, TIMES, inputs["series"].geometry, name="dsc")})
    assert np.isnan(result.cbf.values[0, 0, 2])
    assert result.fit_status.labels[int(result.fit_status.values[0, 0, 2])].name == "baseline signal not positive"
