"""Every signal model against the signal it inverts, through the door that users take."""

import numpy as np
import pytest

import SpatioTemporalLib as st
from SpatioTemporalLib.numerics.relaxation.spoiled_gradient_echo import spoiled_gradient_echo_signal
from SpatioTemporalLib.steps.relaxation.literature_relaxation import AGENTS, TISSUES

TIMES = np.arange(0.0, 100.0, 5.0)
TRUTH = np.where(TIMES > 20, 1.5 * np.exp(-(TIMES - 20) / 60), 0.0)
ACQUISITION = st.Acquisition(flip_angle=20.0, repetition_time=0.005, echo_time=0.002, field_strength=2.89)
R1 = 1 / 1.4 + 4.5 * TRUTH


def converted(signal, unit="a.u.", acquisition=ACQUISITION, **parameters):
    series = st.Series.from_curves(TIMES, signal, unit=unit, acquisition=acquisition, name="dce")
    return st.run("kinetics.concentration", series=series, baseline_frames=5, **parameters)


def concentration(result):
    return result.concentration.values.reshape(-1)


def codes(result):
    return [finding.code for finding in result.findings]


def gradient_echo(r1=R1):
    return spoiled_gradient_echo_signal(r1, 20.0, 0.005, 1000.0)


def test_gradient_echo_is_the_default_and_says_nothing():
    result = converted(gradient_echo())
    np.testing.assert_allclose(concentration(result), TRUTH, atol=1e-6)
    assert result.concentration.unit == "mmol/L"
    assert codes(result) == []


def test_gradient_echo_with_decay_recovers_what_the_plain_one_underestimates():
    signal = gradient_echo() * np.exp(-0.002 * 30 * TRUTH)
    choice = {"signal_model": "spoiled gradient echo with T2*", "r2star_relaxivity": 30}
    np.testing.assert_allclose(concentration(converted(signal, **choice)), TRUTH, atol=1e-6)
    assert concentration(converted(signal)).max() < 0.9 * TRUTH.max()


def test_saturation_recovery_is_inverted():
    signal = 500 * (1 - np.exp(-0.1 * R1))
    result = converted(signal, signal_model="saturation recovery", recovery_time=0.1, acquisition=st.Acquisition())
    np.testing.assert_allclose(concentration(result), TRUTH, atol=1e-6)


def test_linear_is_relative_enhancement_over_t1_and_relaxivity_and_says_so():
    signal = 100 * (1 + 1.4 * 4.5 * TRUTH)
    result = converted(signal, signal_model="linear (semi-quantitative)", acquisition=st.Acquisition())
    np.testing.assert_allclose(concentration(result), TRUTH, atol=1e-6)
    assert "W-SEMI-QUANTITATIVE" in codes(result)


def test_linear_agrees_with_the_exact_inverse_at_small_concentration():
    # A large flip angle and a short TR: signal is proportional to R1.
    signal = spoiled_gradient_echo_signal(1 / 1.4 + 4.5 * TRUTH / 100, 90.0, 0.001, 1e6)
    result = converted(signal, signal_model="linear (semi-quantitative)")
    np.testing.assert_allclose(concentration(result), TRUTH / 100, rtol=2e-3, atol=1e-6)


def test_relative_enhancement_is_in_unit_one_and_says_so():
    result = converted(
        100 * (1 + TRUTH), signal_model="relative enhancement (semi-quantitative)", acquisition=st.Acquisition()
    )
    np.testing.assert_allclose(concentration(result), TRUTH, atol=1e-6)
    assert result.concentration.unit == "1"
    assert "W-SEMI-QUANTITATIVE" in codes(result)


def test_attenuation_is_taken_for_a_series_in_hounsfield_units():
    # Fat before contrast: a baseline below zero is a baseline in CT.
    result = converted(-80 + 5.0 * TRUTH, unit="HU", attenuation_per_concentration=5.0)
    np.testing.assert_allclose(concentration(result), TRUTH, atol=1e-5)
    assert set(np.unique(result.fit_status.values)) == {1}
    assert "W-ATTENUATION" in codes(result)


@pytest.mark.parametrize("choice", ["linear (semi-quantitative)", "relative enhancement (semi-quantitative)"])
def test_kinetic_results_of_a_semi_quantitative_signal_say_so(choice):
    series = st.Series.from_curves(TIMES, gradient_echo(), acquisition=ACQUISITION)
    result = st.run("kinetics.tofts", series=series, signal_model=choice, baseline_frames=5, arrival=20.0)
    assert "W-SEMI-QUANTITATIVE" in codes(result)


def test_tofts_fits_a_ct_series():
    series = st.Series.from_curves(TIMES, 40 + 3.2 * TRUTH, unit="HU")
    result = st.run("kinetics.tofts", series=series, baseline_frames=5, arrival=20.0)
    same = st.Series.from_curves(TIMES, TRUTH, unit="mmol/L")
    expected = st.run("kinetics.tofts", series=same, arrival=20.0)
    assert result.ktrans.values.item() == pytest.approx(expected.ktrans.values.item(), rel=1e-4)


def test_agent_and_tissue_bring_published_values_and_name_their_source():
    r1 = 1 / TISSUES["prostate"].seconds[3.0] + AGENTS["gadobutrol"][3.0] * TRUTH
    result = converted(gradient_echo(r1), agent="gadobutrol", tissue="prostate")
    np.testing.assert_allclose(concentration(result), TRUTH, atol=1e-6)
    text = " ".join(str(finding) for finding in result.findings)
    assert "4.5 1/(mM s)" in text and "Shen" in text
    assert "1.597 s" in text and "de Bazelaire" in text


def test_t1_map_goes_before_the_tissue():
    series = st.Series.from_curves(TIMES, gradient_echo(), acquisition=ACQUISITION)
    t1_map = st.Map(np.full((1, 1, 1), 1.4), series.geometry, "s")
    result = st.run("kinetics.concentration", series=series, t1_map=t1_map, tissue="liver", baseline_frames=5)
    np.testing.assert_allclose(concentration(result), TRUTH, atol=1e-6)
    assert "W-TISSUE-T1" not in codes(result)


@pytest.mark.parametrize(
    "choice, missing",
    [
        ({"signal_model": "saturation recovery"}, "recovery time"),
        ({"signal_model": "spoiled gradient echo with T2*"}, "relaxivity of R2"),
    ],
)
def test_fact_that_a_model_needs_is_asked_for(choice, missing):
    with pytest.raises(st.InputError, match=missing) as caught:
        converted(gradient_echo(), **choice)
    assert caught.value.code == "E-ACQUISITION"


def test_unknown_field_is_asked_for_and_an_unpublished_one_refused():
    with pytest.raises(st.InputError, match="field strength is not known"):
        converted(gradient_echo(), agent="gadobutrol", acquisition=st.Acquisition(flip_angle=20, repetition_time=0.005))
    with pytest.raises(st.InputError, match="no value for prostate at 1.5 T") as caught:
        converted(gradient_echo(), tissue="prostate", field_strength=1.5)
    assert caught.value.code == "E-FIELD"
