"""Inputs in other units, and maps outside what can be."""

from dataclasses import replace

import numpy as np
import pytest

import SpatioTemporalLib as st
from SpatioTemporalLib.data.units import factor_between
from SpatioTemporalLib.numerics.bolus.population_input_functions import parker_blood_concentration
from SpatioTemporalLib.simulation.tofts_phantom import PhantomDesign, tofts_phantom

MODEL = "kinetics.extended_tofts"


@pytest.fixture(scope="module")
def series():
    design = PhantomDesign(ktrans=(0.1,), ve=(0.3,), vp=(0.05,), patch=3, frame_interval=3.0, duration=240.0, noise=0.0)
    return tofts_phantom(design, np.random.default_rng(0)).series


def a_map(series, value, unit, name="t1"):
    return st.Map(np.broadcast_to(value, series.geometry.shape).astype(np.float32), series.geometry, unit, name)


@pytest.fixture(scope="module")
def in_seconds(series):
    return st.run(MODEL, series=series, t1_map=a_map(series, 1.4, "s"), arrival=30.0)


@pytest.mark.parametrize("value, unit", [(1400, "ms"), (1400, "msec"), (1.4e6, "us"), (1.4, "sec"), (1.4 / 60, "min")])
def test_a_map_in_another_unit_of_its_kind_is_converted(series, in_seconds, value, unit):
    result = st.run(MODEL, series=series, t1_map=a_map(series, value, unit), arrival=30.0)
    np.testing.assert_allclose(result.ktrans.values, in_seconds.ktrans.values, rtol=1e-4)


@pytest.mark.parametrize(
    "name, unit, said",
    [("t1_map", "1/s", "in s"), ("t1_map", "a.u.", "in s"), ("b1_map", "deg", "a ratio (unit 1 or %)")],
)
def test_a_map_of_another_kind_is_refused(series, name, unit, said):
    with pytest.raises(st.InputError) as caught:
        st.run(MODEL, series=series, **{name: a_map(series, 1.4, unit)})
    assert caught.value.code == "E-INPUT-UNIT"
    assert f"{name} must be {said}, found {unit.rstrip('.')}" in caught.value.message
    assert f"--unit {name}=" in caught.value.fix


@pytest.mark.parametrize("unit", ["mmol / L", "mmol /l", "umol/ml"])
def test_spaces_and_small_letters_do_not_make_another_unit(unit):
    assert factor_between(unit, "mmol/L") == 1


def test_frames_without_any_value_are_named(series):
    values = series.values.copy()
    values[3] = np.nan
    with pytest.raises(st.InputError, match="in 1 frame of .*: 3") as caught:
        st.run(MODEL, series=replace(series, values=values))
    assert caught.value.code == "E-NO-VALUES" and "frame_weights" in caught.value.fix


@pytest.mark.parametrize(
    "name, value, unit", [("t1_map", 1400, "s"), ("t1_map", -1, "s"), ("b1_map", 100, "1"), ("t1_map", 1e-3, "s")]
)
def test_a_map_that_is_mostly_outside_what_can_be_is_refused(series, name, value, unit):
    with pytest.raises(st.InputError, match=name) as caught:
        st.run(MODEL, series=series, **{name: a_map(series, value, unit)})
    assert caught.value.code == "E-RANGE"
    assert f"--unit {name}" in caught.value.fix


def test_percent_of_the_nominal_angle_is_a_ratio(series):
    whole = st.run(MODEL, series=series, b1_map=a_map(series, 0.9, "1"), arrival=30.0)
    percent = st.run(MODEL, series=series, b1_map=a_map(series, 90, "%"), arrival=30.0)
    np.testing.assert_allclose(percent.ktrans.values, whole.ktrans.values, rtol=1e-4)


@pytest.mark.parametrize("value", [-1.0, 1400.0, 1e30])
def test_a_few_impossible_voxels_are_left_out_and_told(series, in_seconds, value):
    values = np.full(series.geometry.shape, 1.4, np.float32)
    values.flat[0] = value
    result = st.run(MODEL, series=series, t1_map=st.Map(values, series.geometry, "s", "t1"), arrival=30.0)
    assert np.isnan(result.ktrans.values.flat[0])
    np.testing.assert_allclose(result.ktrans.values.flat[1:], in_seconds.ktrans.values.flat[1:], rtol=1e-6)
    assert "W-RANGE" in {finding.code for finding in result.findings}


def test_zeros_around_a_map_are_voxels_without_value(series):
    values = np.zeros(series.geometry.shape, np.float32)
    values[:, :1] = 1.4
    result = st.run(MODEL, series=series, t1_map=st.Map(values, series.geometry, "s", "t1"), arrival=30.0)
    assert np.isfinite(result.ktrans.values[:, :1]).all()
    assert np.isnan(result.ktrans.values[:, 1:]).all()
    assert "W-RANGE" not in {finding.code for finding in result.findings}


@pytest.mark.parametrize("unit, factor", [("mM", 1), ("uM", 1000), ("µM", 1000), ("umol/L", 1000), ("mol/L", 1e-3)])
def test_concentrations_in_other_units_are_in_mmol_per_litre(series, unit, factor):
    times = np.arange(0, 240, 3.0)
    blood = parker_blood_concentration(times, arrival=30.0)
    tissue = 0.2 * np.cumsum(blood) / 20
    plain = st.run(MODEL, series=st.Series.from_curves(times, tissue, unit="mmol/L"), aif=st.Curve(times, blood, "mM"))
    other = st.run(
        MODEL,
        series=st.Series.from_curves(times, tissue * factor, unit=unit),
        aif=st.Curve(times, blood * factor, unit),
    )
    np.testing.assert_allclose(other.ktrans.values, plain.ktrans.values, rtol=1e-4)


@pytest.mark.parametrize("unit, wanted", [("s", "mmol/L"), ("HU", "1"), ("", "s")])
def test_units_of_different_kinds_have_no_factor(unit, wanted):
    assert factor_between(unit, wanted) is None
