"""Volumes and rates of a beating ventricle in closed form, and tidal volumes of lungs that breathe."""

from dataclasses import replace

import numpy as np
import pytest

import SpatioTemporalLib as st
from SpatioTemporalLib.numerics.signal.cycle_curve import cycle_curve, open_curve
from SpatioTemporalLib.simulation.beating_ventricle import VentricleDesign, beating_ventricle

DESIGN = VentricleDesign((24, 48, 48), (2.0, 2.0, 5.0), frames=20)


@pytest.fixture(scope="module")
def heart():
    return beating_ventricle(DESIGN)


def measured(labels, **more):
    result = st.run("motion.volume_curve", labels=labels, **more)
    table = result["measures"].columns
    return result, {(s, m): v for s, m, v in zip(table["segment"], table["measure"], table["value"])}


def test_the_ejection_fraction_is_right_within_one_percent(heart, worst_error):
    _, own = measured(heart.labels, segments="cavity")
    truth = 100 * DESIGN.ejection_fraction
    worst_error("ejection fraction of a beating ventricle", abs(own["cavity", "ejection fraction"] - truth), 1.0, "%")
    assert own["cavity", "ejection fraction"] == pytest.approx(truth, abs=1.0)
    largest, smallest = heart.cavity_ml.max(), heart.cavity_ml.min()
    assert own["cavity", "end-diastolic volume"] == pytest.approx(largest, rel=0.01)
    assert own["cavity", "end-systolic volume"] == pytest.approx(smallest, rel=0.01)
    assert own["cavity", "stroke volume"] == pytest.approx(largest - smallest, rel=0.01)


def test_phases_and_rates_are_those_of_the_closed_form(heart):
    _, own = measured(heart.labels, segments="cavity")
    assert own["cavity", "frame of end-diastole"] == 0 and own["cavity", "frame of end-systole"] == 7
    assert own["cavity", "phase of end-systole"] == pytest.approx(35.0)
    assert own["cavity", "time of end-systole"] == pytest.approx(0.315)
    # Slopes of squares of sines: pi / 2 over the time of systole, and over the rest. Sampled every 5 % of the cycle,
    # and as a series of five harmonics, they come out within some percent.
    stroke, systole = heart.cavity_ml.max() * DESIGN.ejection_fraction, DESIGN.systole * DESIGN.period
    assert own["cavity", "peak emptying rate"] == pytest.approx(np.pi / 2 * stroke / systole, rel=0.05)
    filling = np.pi / 2 * stroke / (DESIGN.period - systole)
    assert own["cavity", "peak filling rate"] == pytest.approx(filling, rel=0.05)
    assert own["cavity", "rate"] == pytest.approx(60 / 0.9)
    assert own["cavity", "output"] == pytest.approx(stroke / 1000 * 60 / 0.9, rel=0.01)


def test_frames_that_come_too_seldom_are_told(heart):
    assert any("45 ms apart; rates" in str(f) for f in measured(heart.labels, segments="cavity")[0].findings)
    slow = replace(heart.labels, times=2 * heart.labels.times)
    assert any("90 ms apart; an ejection" in str(f) for f in measured(slow, segments="cavity")[0].findings)
    fast = replace(heart.labels, times=0.8 * heart.labels.times)
    assert not measured(fast, segments="cavity")[0].findings and not measured(breathing(), of="breathing")[0].findings


def test_a_wall_keeps_its_volume_and_it_is_told_that_it_is_no_chamber(heart):
    result, own = measured(heart.labels)
    assert own["wall", "ejection fraction"] < 1
    assert any(finding.code == "W-STILL" for finding in result.findings)
    assert [curve.name for curve in result["volumes"]] == ["cavity", "cavity fit", "wall", "wall fit"]
    assert result["volumes"][0].values == pytest.approx(heart.cavity_ml, rel=0.02)


def test_volumes_are_drawn_over_the_part_of_the_cycle_if_wished(heart):
    curve = measured(heart.labels, segments="cavity", axis="part of the cycle")[0]["volumes"][0]
    assert curve.axis == "part of the cycle [%]" and curve.times == pytest.approx(np.arange(20) * 5.0)
    _, own = measured(heart.labels, segments="cavity", period=1.0)
    assert own["cavity", "phase of end-systole"] == pytest.approx(31.5)


def breathing(tidal=500.0, rest=1500.0, frames=10, period=4.0):
    """Two lungs as one ellipsoid that swells and falls as a cosine."""
    volumes = rest + tidal * (1 - np.cos(2 * np.pi * np.arange(frames) / frames)) / 2
    shape, spacing = (30, 60, 60), np.array([8.0, 4.0, 4.0])
    k, j, i = ((np.arange(n) - (n - 1) / 2 + 0.3) * step for n, step in zip(shape, spacing))
    squared = (k[:, None, None] / 1.6) ** 2 + j[:, None] ** 2 + i**2
    radii = np.cbrt(volumes * 1000 / 1.6 * 3 / (4 * np.pi))
    values = (squared <= radii[:, None, None, None] ** 2).astype(np.uint8)
    geometry = st.Geometry.from_spacing(shape, spacing[::-1])
    labels = {1: st.Label("lungs")}
    return st.LabelSeries(values, np.arange(frames) * period / frames, geometry, labels, "lungs")


def test_the_tidal_volume_of_breathing_lungs(worst_error):
    _, own = measured(breathing(), of="breathing")
    worst_error("tidal volume of breathing lungs", abs(own["lungs", "tidal volume"] - 500) / 5, 3.0, "%")
    assert own["lungs", "tidal volume"] == pytest.approx(500, rel=0.03)
    assert own["lungs", "end-expiratory volume"] == pytest.approx(1500, rel=0.01)
    assert (own["lungs", "frame of end-expiration"], own["lungs", "frame of end-inspiration"]) == (0, 5)
    assert own["lungs", "duration of expiration"] == own["lungs", "duration of inspiration"] == pytest.approx(2.0)
    assert own["lungs", "ventilation"] == pytest.approx(0.5 * 15, rel=0.03)
    assert own["lungs", "peak inspiratory rate"] == pytest.approx(np.pi * 500 / 4.0, rel=0.1)


def test_a_stretch_that_is_no_cycle_has_no_phases_and_the_slopes_of_a_spline(heart):
    _, own = measured(heart.labels, segments="cavity", cycle=False)
    assert ("cavity", "phase of end-systole") not in own and ("cavity", "rate") not in own
    stroke, systole = heart.cavity_ml.max() * DESIGN.ejection_fraction, DESIGN.systole * DESIGN.period
    assert own["cavity", "peak emptying rate"] == pytest.approx(np.pi / 2 * stroke / systole, rel=0.05)


def test_smooth_curves_are_exact_for_what_they_can_be():
    times = np.array([0.0, 0.11, 0.2, 0.37, 0.45, 0.6, 0.71, 0.9])
    values = 5 + 2 * np.cos(2 * np.pi * times) - np.sin(4 * np.pi * times)
    found = cycle_curve(times, values, 1.0, 2)
    assert found.values == pytest.approx(5 + 2 * np.cos(2 * np.pi * found.times) - np.sin(4 * np.pi * found.times))
    slopes = -4 * np.pi * np.sin(2 * np.pi * found.times) - 4 * np.pi * np.cos(4 * np.pi * found.times)
    assert found.slopes == pytest.approx(slopes, abs=1e-9)
    assert open_curve(times, times**3).slopes == pytest.approx(3 * open_curve(times, times).times ** 2, abs=1e-9)
    assert open_curve([0.0, 2.0], [1.0, 5.0]).steepest_rise[0] == pytest.approx(2.0)


def test_few_frames_have_volumes_and_no_rates(heart):
    few = replace(heart.labels, values=heart.labels.values[:4], times=heart.labels.times[:4])
    _, own = measured(few, segments="cavity", cycle=False)
    assert np.isnan(own["cavity", "peak filling rate"]) and own["cavity", "stroke volume"] > 0


def test_what_cannot_be_measured_is_refused_in_words(heart):
    gone = heart.labels.values.copy()
    gone[3][gone[3] == 1] = 0
    with pytest.raises(st.InputError, match="cavity is drawn in 19 of 20 frames, not in frame 3"):
        measured(replace(heart.labels, values=gone), segments="cavity")
    with pytest.raises(st.InputError, match="there are cavity, wall"):
        measured(heart.labels, segments="atrium")
    with pytest.raises(st.InputError, match="longer than the cycle"):
        measured(heart.labels, period=0.5)
    with pytest.raises(st.InputError, match="no voxel set"):
        measured(replace(heart.labels, values=np.zeros_like(gone)))
    low = st.Geometry((16, 48, 48), heart.labels.geometry.affine)
    result, _ = measured(replace(heart.labels, values=heart.labels.values[:, 8:], geometry=low), segments="cavity")
    assert any("first or last slice" in str(finding) for finding in result.findings)


def test_a_name_of_two_segments_chooses_neither(heart):
    twice = replace(heart.labels, labels={1: st.Label("cavity"), 2: st.Label("Cavity")})
    with pytest.raises(st.InputError, match="2 segments are called 'cavity'"):
        measured(twice, segments="cavity")
