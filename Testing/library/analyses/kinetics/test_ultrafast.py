import numpy as np
import pytest

import SpatioTemporalLib as st

TIMES = np.arange(0, 160, 2.0)


def signal(onset, slope, peak):
    """Baseline 200, then a straight rise in % of it each second from the onset to a peak in %."""
    return 200 * (1 + np.clip(slope * (TIMES - onset), 0, peak) / 100)


CURVES = {"aorta": signal(20, 40, 400), "fast": signal(26, 8, 160), "slow": signal(36, 2, 100)}


@pytest.fixture(scope="module")
def result():
    series = st.Series.from_curves(TIMES, np.stack(list(CURVES.values()), axis=1), name="breast")
    labels = {1: st.Label("fast lesion"), 2: st.Label("slow lesion")}
    mask = st.LabelMap(np.array([[[0, 1, 2]]]), series.geometry, labels)
    aorta = st.LabelMap(np.array([[[1, 0, 0]]]), series.geometry, name="aorta")
    return st.run(
        "kinetics.ultrafast", series=series, mask=mask, aif_mask=aorta, baseline_frames=8, durations="10,20,60"
    )


def of(result, region, quantity):
    columns = result.durations.columns
    rows = zip(columns["region"], columns["quantity"], columns["median"])
    return [value for r, q, value in rows if (r, q) == (region, quantity)]


def test_slopes_are_those_drawn(result):
    np.testing.assert_allclose(result.maximum_slope.values.ravel()[1:], [8, 2], rtol=1e-5)
    assert result.maximum_slope.unit == "%/s"


def test_time_to_enhancement_counts_from_the_aorta(result):
    # Bends are found to a quarter of a frame, here half a second, in the lesion and in the aorta.
    np.testing.assert_allclose(result.time_to_enhancement.values.ravel()[1:], [6, 16], atol=1.0)


def test_short_scans_miss_what_comes_later(result):
    assert of(result, "slow lesion", "maximum_slope")[0] == pytest.approx(0, abs=1e-6)
    np.testing.assert_allclose(of(result, "slow lesion", "maximum_slope")[2], 2, rtol=1e-5)
    np.testing.assert_allclose(of(result, "fast lesion", "maximum_slope")[1:], 8, rtol=1e-5)
    assert np.isnan(of(result, "slow lesion", "time_to_enhancement")[0])


def test_initial_area_is_that_under_the_drawn_curve(result):
    # From the aorta's arrival at 20 s: rise of 8 %/s from 26 s to 46 s, then 160 % until 80 s.
    assert of(result, "fast lesion", "initial_area")[2] == pytest.approx(160 * 10 + 160 * 34, rel=0.02)


def test_table_has_one_row_for_each_region_measure_and_duration(result):
    columns = result.durations.columns
    assert len(columns["region"]) == 2 * 3 * 3
    assert columns["duration"][:3] == [10, 20, 60]
    assert result.durations.units["duration"] == "s"


def test_duration_beyond_the_series_is_refused():
    series = st.Series.from_curves(TIMES, CURVES["fast"], name="breast")
    with pytest.raises(st.InputError, match="durations = 30, 500 s, and the series goes on for 1") as caught:
        st.run("kinetics.ultrafast", series=series, durations=(30, 500), baseline_frames=8)
    assert caught.value.code == "E-SHORT"
