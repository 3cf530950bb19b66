"""PET whose frames have gaps, unequal or unknown durations, lie late, or disagree with the blood."""

from dataclasses import replace

import numpy as np
import pytest
from library.analyses.kinetics.tracer_tissue import EDGES, GRID, INPUT, LENGTHS, PLASMA, STEP, TIMES, tissue

import SpatioTemporalLib as st
from SpatioTemporalLib.errors import InputError

K1, K2, VB = 0.3, 0.2, 0.05
LATE = TIMES >= 2400


def curve_on(grid_curve, starts, durations):
    integral = np.concatenate([[0.0], np.cumsum((grid_curve[1:] + grid_curve[:-1]) / 2 * STEP)])
    upto = np.interp([starts, np.add(starts, durations)], GRID, integral)
    return (upto[1] - upto[0]) / durations


def whole_curve(k1, k2, k3=0.0):
    """(N,) activity on the fine grid, by steps of the differential equation."""
    held, trapped = np.zeros(len(GRID)), np.zeros(len(GRID))
    for n in range(1, len(GRID)):
        mean = (PLASMA[n] + PLASMA[n - 1]) / 2
        left = np.exp(-(k2 + k3) / 60 * STEP)
        held[n] = held[n - 1] * left + k1 / (k2 + k3) * mean * (1 - left)
        trapped[n] = trapped[n - 1] + k3 / 60 * STEP * (held[n] + held[n - 1]) / 2
    return held + trapped


ONE = (1 - VB) * whole_curve(K1, K2) + VB * PLASMA
TRAPPED = whole_curve(0.1, 0.2, 0.05)


def series(curve, starts, durations=None, **facts):
    return st.Series.from_curves(starts, curve, unit="kBq/mL", name="pet", durations=durations, **facts)


def run(analysis, given, plasma=INPUT, **parameters):
    return st.run(f"kinetics.{analysis}", series=given, plasma=plasma, **parameters)


def codes(result):
    return {finding.code for finding in result.findings}


def one_voxel(result, name):
    return float(result[name].values.reshape(-1)[0])


def test_each_frame_counts_for_its_own_duration_where_there_are_gaps():
    durations = LENGTHS[:-4] / 2
    curve = curve_on(ONE, TIMES[:-4], durations)
    result = run("one_tissue", series(curve, TIMES[:-4], durations))
    assert one_voxel(result, "k1") == pytest.approx(K1, rel=2e-3)
    assert "W-TIME-GAP" in codes(result)


def test_a_last_frame_that_is_longer_is_not_taken_for_as_long_as_the_one_before():
    starts, durations = TIMES[:25], np.append(LENGTHS[:24], 1200.0)
    result = run("one_tissue", series(curve_on(ONE, starts, durations), starts, durations))
    assert one_voxel(result, "vt") == pytest.approx(K1 / K2, rel=2e-3)
    assert not {"W-TIME-GAP", "W-TIME-DURATION"} & codes(result)


def test_durations_that_are_not_known_are_told():
    result = run("one_tissue", series(curve_on(ONE, TIMES, LENGTHS), TIMES))
    assert one_voxel(result, "k1") == pytest.approx(K1, rel=2e-3)
    assert "W-TIME-DURATION" in codes(result)


@pytest.mark.parametrize(("factor", "words"), [(1.5, "the next begins 10 s"), (1000.0, "milliseconds")])
def test_overlapping_frames_are_refused(factor, words):
    with pytest.raises(InputError, match=words) as caught:
        run("one_tissue", series(curve_on(ONE, TIMES, LENGTHS), TIMES, factor * LENGTHS))
    assert caught.value.code == "E-TIME-OVERLAP"


def test_starts_rounded_to_whole_seconds_are_no_overlap():
    durations = LENGTHS + 0.6
    starts = np.round(np.concatenate([[0.0], np.cumsum(durations)[:-1]]))
    result = run("one_tissue", series(curve_on(ONE, starts, durations), starts, durations), INPUT)
    assert one_voxel(result, "k1") == pytest.approx(K1, rel=0.02)
    assert "R-TIME-OVERLAP" in codes(result)


def test_frames_before_the_injection_are_fitted_too():
    starts, durations = np.append(-60.0, TIMES), np.append(60.0, LENGTHS)
    result = run("one_tissue", series(np.append(0.0, curve_on(ONE, TIMES, LENGTHS)), starts, durations))
    assert one_voxel(result, "k1") == pytest.approx(K1, rel=2e-3)


def test_late_frames_use_plasma_from_the_injection_on():
    curve = curve_on(TRAPPED, TIMES, LENGTHS)[LATE]
    late = series(curve, TIMES[LATE], LENGTHS[LATE])
    result = run("patlak_plot", late, linear_from=40)
    assert one_voxel(result, "ki") == pytest.approx(0.1 * 0.05 / 0.25, rel=0.01)
    assert result.curves[0].times[0] == TIMES[LATE][0] + LENGTHS[LATE][0] / 2


@pytest.mark.parametrize("analysis", ["logan_plot", "logan_reference_plot", "simplified_reference_tissue"])
def test_late_frames_are_refused_where_activity_since_injection_is_needed(analysis):
    late = series(curve_on(ONE, TIMES, LENGTHS)[LATE], TIMES[LATE], LENGTHS[LATE])
    more = (
        {"plasma": INPUT}
        if analysis == "logan_plot"
        else {"reference_mask": st.LabelMap(np.ones((1, 1, 1), int), late.geometry)}
    )
    with pytest.raises(InputError, match="from injection on") as caught:
        st.run(f"kinetics.{analysis}", series=late, **more)
    assert caught.value.code == "E-TIME-LATE"


def test_a_first_frame_soon_after_the_injection_is_told():
    keep = TIMES >= 180
    early = series(curve_on(whole_curve(K1, K2), TIMES, LENGTHS)[keep], TIMES[keep], LENGTHS[keep])
    result = run("logan_plot", early, linear_from=30)
    assert "W-TIME-LATE" in codes(result)
    assert one_voxel(result, "vt") == pytest.approx(K1 / K2, rel=0.05)


def test_logan_fills_gaps_between_frames():
    durations = LENGTHS / 2
    tissue_curve = whole_curve(K1, K2)
    result = run("logan_plot", series(curve_on(tissue_curve, TIMES, durations), TIMES, durations), linear_from=30)
    assert one_voxel(result, "vt") == pytest.approx(K1 / K2, rel=0.01)


def part(keep):
    return replace(INPUT, times=GRID[keep], values=PLASMA[keep])


@pytest.mark.parametrize(
    ("plasma", "code"),
    [
        (part(GRID < 1800), "E-AIF-SHORT"),
        (part(GRID < EDGES[-1] - 200), "E-AIF-SHORT"),
        (part(GRID > 600), "E-AIF-LATE"),
        (replace(INPUT, times=INPUT.times + 36000), "E-AIF-CLOCK"),
        (replace(INPUT, times=INPUT.times + 300), "E-AIF-CLOCK"),
        (replace(INPUT, times=INPUT.times / 60), "E-AIF-SHORT"),
    ],
    ids=["ends early", "ends before the last frame", "begins late", "clock of the day", "five minutes late", "minutes"],
)
def test_plasma_that_does_not_cover_the_series_is_refused(plasma, code):
    given = series(curve_on(ONE, TIMES, LENGTHS), TIMES, LENGTHS)
    with pytest.raises(InputError) as caught:
        run("one_tissue", given, plasma)
    assert caught.value.code == code


def test_a_series_whose_clock_began_long_before_the_injection_is_refused():
    given = series(curve_on(ONE, TIMES, LENGTHS), TIMES + 900, LENGTHS)
    longer = replace(INPUT, times=np.append(INPUT.times, 1e5), values=np.append(INPUT.values, INPUT.values[-1]))
    with pytest.raises(InputError, match="hardly anything") as caught:
        run("one_tissue", given, longer)
    assert caught.value.code == "E-AIF-CLOCK"


def test_plasma_that_ends_within_the_last_frame_is_told():
    given = series(curve_on(ONE, TIMES, LENGTHS), TIMES, LENGTHS)
    result = run("one_tissue", given, part(GRID < EDGES[-1] - 100))
    assert "W-AIF-SHORT" in codes(result)
    assert one_voxel(result, "k1") == pytest.approx(K1, rel=5e-3)


def delayed_input(delay):
    """Plasma sampled so many seconds before tissue is reached, as sparsely as blood is."""
    few = np.concatenate([np.arange(0, 180, 1.0), np.arange(180, EDGES[-1] + 61, 20.0)])
    return st.Curve(few - delay, np.interp(few, GRID, PLASMA), "kBq/mL", "plasma")


@pytest.mark.parametrize(("analysis", "delay"), [("one_tissue", -7.0), ("one_tissue", 4.0), ("two_tissue", 4.0)])
def test_delay_between_plasma_and_tissue_is_found(analysis, delay):
    given = series(curve_on(ONE, TIMES, LENGTHS), TIMES, LENGTHS)
    result = run(analysis, given, delayed_input(delay), delay="fit")
    assert one_voxel(result, "delay") == pytest.approx(delay, abs=0.4)
    assert one_voxel(result, "k1") == pytest.approx(K1, rel=0.02)


@pytest.mark.parametrize("delay", ["fit", "shared"])
def test_a_delay_at_the_edge_of_the_search_is_told(delay):
    given = series(curve_on(ONE, TIMES, LENGTHS), TIMES, LENGTHS)
    result = run("one_tissue", given, delayed_input(20.0), delay=delay)
    assert "W-DELAY-EDGE" in codes(result)
    assert "W-DELAY-EDGE" not in codes(run("one_tissue", given, delayed_input(20.0), delay=delay, largest_delay=30.0))


def test_voxels_without_uptake_are_not_among_those_with_a_delay_at_the_edge():
    curve = curve_on(ONE, TIMES, LENGTHS)
    both = series(np.stack([curve, np.zeros_like(curve), np.zeros_like(curve)], axis=1), TIMES, LENGTHS)
    result = run("one_tissue", both, delayed_input(20.0), delay="fit")
    told = next(finding.message for finding in result.findings if finding.code == "W-DELAY-EDGE")
    assert "the delay of 1 voxel" in told


def test_times_in_minutes_are_suspected_where_a_whole_scan_would_last_a_minute():
    given = series(curve_on(ONE, TIMES, LENGTHS), TIMES / 60, LENGTHS / 60)
    assert "W-TIME-SHORT" in codes(run("one_tissue", given, INPUT))


def test_one_delay_for_all_voxels_is_told():
    given = series(curve_on(ONE, TIMES, LENGTHS), TIMES, LENGTHS)
    result = run("one_tissue", given, delayed_input(4.0), delay="shared")
    told = next(f for f in result.findings if f.code == "I-DELAY")
    assert "one delay for all voxels: 4" in told.message or "one delay for all voxels: 3.9" in told.message
    assert one_voxel(result, "k1") == pytest.approx(K1, rel=0.02)


@pytest.mark.parametrize(
    ("analysis", "parameters", "frames"),
    [
        ("two_tissue", {}, 5),
        ("two_tissue", {"delay": "fit"}, 6),
        ("two_tissue", {"reversible": False, "delay": "fit"}, 5),
    ],
)
def test_as_many_frames_as_unknowns_are_refused(analysis, parameters, frames):
    keep = slice(5, 5 + frames)
    given = series(tissue(K1, K2)[keep], TIMES[keep], LENGTHS[keep])
    with pytest.raises(InputError, match=f"{frames} frames for {frames} unknowns"):
        run(analysis, given, **parameters)
