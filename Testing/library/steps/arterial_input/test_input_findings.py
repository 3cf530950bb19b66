"""Which input functions are taken, refused or remarked on."""

import numpy as np
import pytest

import SpatioTemporalLib as st
from SpatioTemporalLib.numerics.bolus.population_input_functions import parker_blood_concentration
from SpatioTemporalLib.steps.arterial_input.input_findings import input_findings

TIMES = np.arange(0, 300, 3.0)
SERIES = st.Series.from_curves(TIMES, 100.0 + np.arange(100)[:, None], name="dce")


def curve(times, values):
    return st.Curve(np.asarray(times, float), np.asarray(values, float), "mmol/L", "aif")


def bolus(times, arrival=40.0):
    return curve(times, parker_blood_concentration(np.asarray(times, float), arrival=arrival))


def codes(blood, signal=False):
    return {finding.code for finding in input_findings(blood, SERIES, signal=signal)}


def refused(blood, signal=False):
    with pytest.raises(st.InputError) as caught:
        input_findings(blood, SERIES, signal=signal)
    return caught.value.code


def weinmann(times):
    minutes = np.asarray(times, float) / 60
    return curve(times, 0.1 * (3.99 * np.exp(-0.144 * minutes) + 4.78 * np.exp(-0.0111 * minutes)))


@pytest.mark.parametrize("peak", [0, 1])
def test_an_input_that_peaks_at_its_first_or_second_sample_is_taken(peak):
    values = np.concatenate([np.zeros(peak), [6.0, 1.6, 1.4, 1.2, 1.1, 1.0, 0.95, 0.9]])
    assert "W-AIF-COARSE" in codes(curve(np.arange(len(values)) * 60.0, values))


def test_a_curve_that_only_falls_is_taken():
    assert codes(weinmann(TIMES)) == set()


@pytest.mark.parametrize(
    "values", [np.full(100, 3.0), np.random.default_rng(0).normal(1, 0.1, 100), np.zeros(100), -bolus(TIMES).values]
)
def test_a_curve_without_bolus_is_refused(values):
    assert refused(curve(TIMES, values)) == "E-AIF-FLAT"


@pytest.mark.parametrize(
    "times", [TIMES / 60, TIMES + 1000, TIMES - 1000, TIMES[:40]], ids=["minutes", "later", "earlier", "ends early"]
)
def test_an_input_that_does_not_cover_the_series_is_refused(times):
    shifted = st.Curve(times, bolus(TIMES).values[: len(times)], "mmol/L", "aif")
    assert refused(shifted) == "E-AIF-TIMES"


def test_an_input_that_ends_a_little_early_is_held_and_told():
    assert codes(bolus(TIMES[:95])) == {"W-AIF-SHORT"}


def test_an_input_that_is_there_before_a_series_of_signals_is_refused():
    before = bolus(np.arange(-60, 300, 1.0), arrival=-10.0)
    assert refused(before, signal=True) == "E-NO-BASELINE"
    assert codes(before, signal=False) == set()


def test_an_input_that_begins_with_the_series_is_remarked_on():
    assert codes(weinmann(TIMES), signal=True) == {"W-NO-BASELINE"}


def test_an_input_that_was_sampled_coarsely_is_remarked_on():
    assert "W-AIF-COARSE" in codes(bolus(np.arange(0, 360, 60.0), arrival=50.0))
    assert "W-AIF-COARSE" in codes(bolus(np.arange(0, 360, 60.0), arrival=20.0))
    assert "W-AIF-COARSE" not in codes(bolus(np.arange(0, 360, 2.0)))


@pytest.mark.parametrize("scale", [0.01, 100.0])
def test_an_implausible_height_is_remarked_on(scale):
    assert "W-AIF-PEAK" in codes(curve(TIMES, scale * bolus(TIMES).values))
