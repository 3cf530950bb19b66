import numpy as np
import pytest

import SpatioTemporalLib as st
from SpatioTemporalLib.sample_data import sample_file

TIMES = np.arange(0.0, 640.0, 30.0)
EARLY, LATE = 60 + 150.0, 60 + 450.0
RATIOS = (0.5, 0.95, 1.1, 1.5, 2.0)


def curve(early, ratio):
    """Baseline 100 until 60 s, then straight lines through the early and the late enhancement."""
    return 100 * (1 + np.interp(TIMES, [0, 60, EARLY, LATE], [0, 0, early, early / ratio]) / 100)


def lesion_series(early=120.0, unit="a.u."):
    """Five slabs of 4 x 4 x 4 voxels, one for each class, in tissue that enhances little; voxels of 8 mm³."""
    values = np.empty((len(TIMES), 6, 8, 24))
    values[:] = curve(20.0, 1.0)[:, None, None, None]
    for n, ratio in enumerate(RATIOS):
        values[:, 1:5, 2:6, 1 + 4 * n : 5 + 4 * n] = curve(early, ratio)[:, None, None, None]
    geometry = st.Geometry.from_spacing(values.shape[1:], (2.0, 2.0, 2.0))
    return st.Series(values, TIMES, geometry, unit=unit, name="breast")


def measured(series, **more):
    parameters = {"arrival": 60.0, "baseline_frames": 2, "late_time": 450.0, **more}
    return st.run("segmentation.functional_tumour_volume", series=series, **parameters)


def volumes(result):
    return dict(zip(result.volumes.columns["class"], result.volumes.columns["volume"]))


def test_each_class_has_the_volume_that_was_put_in():
    found = volumes(measured(lesion_series()))
    assert found.pop("functional tumour volume") == pytest.approx(5 * 64 * 0.008)
    assert list(found.values()) == pytest.approx([64 * 0.008] * 5)


def test_classes_are_named_and_lie_where_they_were_put():
    result = measured(lesion_series())
    assert [int(result.tumour.values[3, 4, 3 + 4 * n]) for n in range(5)] == [1, 2, 3, 4, 5]
    assert result.tumour.labels[5].name.startswith("SER 1.75 or more")
    np.testing.assert_allclose(result.signal_enhancement_ratio.values[3, 4, 3::4][:5], RATIOS, rtol=1e-5)


def test_enhancement_below_the_threshold_does_not_count():
    assert volumes(measured(lesion_series(early=69.0)))["functional tumour volume"] == 0
    assert volumes(measured(lesion_series(early=71.0)))["functional tumour volume"] > 0


def test_smallest_ratio_leaves_the_persistent_class_out():
    found = volumes(measured(lesion_series(), ratio_minimum=0.9))
    assert found["SER below 0.9, persistent"] == 0
    assert found["functional tumour volume"] == pytest.approx(4 * 64 * 0.008)


def test_dark_voxels_are_background():
    series = lesion_series()
    values = series.values.copy()
    values[:, 1:5, 2:6, 1:5] *= 0.5
    dark = st.Series(values, TIMES, series.geometry, name="breast")
    assert volumes(measured(dark))["functional tumour volume"] == pytest.approx(4 * 64 * 0.008)
    assert volumes(measured(dark, background=40))["functional tumour volume"] == pytest.approx(5 * 64 * 0.008)


def test_voxel_without_neighbours_does_not_count():
    series = lesion_series(early=20.0)
    values = series.values.copy()
    values[:, 3, 4, 10] = curve(200.0, 1.1)
    lone = st.Series(values, TIMES, series.geometry, name="breast")
    assert volumes(measured(lone))["functional tumour volume"] == 0
    assert volumes(measured(lone, neighbours=0))["functional tumour volume"] == pytest.approx(0.008)


def test_voxels_back_at_baseline_are_told_and_not_counted():
    series = lesion_series()
    values = series.values.copy()
    values[:, 1:5, 2:6, 1:5] = (100 + np.interp(TIMES, [0, 60, EARLY, LATE], [0, 0, 120, -5]))[:, None, None, None]
    result = measured(st.Series(values, TIMES, series.geometry, name="breast"))
    assert volumes(result)["functional tumour volume"] == pytest.approx(4 * 64 * 0.008)
    assert "64 enhancing voxels are back at their baseline" in str(result.findings[0])


def test_each_region_has_its_own_rows():
    series = lesion_series()
    regions = np.ones(series.geometry.shape, np.uint8)
    regions[:, :, 12:] = 2
    mask = st.LabelMap(regions, series.geometry, {1: st.Label("left"), 2: st.Label("right")})
    table = measured(series, mask=mask).volumes.columns
    assert table["region"] == ["left"] * 6 + ["right"] * 6
    totals = [v for v, name in zip(table["volume"], table["class"]) if name == "functional tumour volume"]
    assert sum(totals) == pytest.approx(5 * 64 * 0.008)


def test_series_that_ends_before_the_late_point_is_refused():
    with pytest.raises(st.InputError, match="late_time is at 760 s, and the series ends at 630 s") as caught:
        measured(lesion_series(), late_time=700)
    assert caught.value.code == "E-SHORT"


def test_late_point_far_from_the_usual_one_is_told():
    assert measured(lesion_series()).findings == ()
    assert "late point is 570 s after arrival" in str(measured(lesion_series(), late_time=None).findings[0])


def test_early_point_after_the_late_one_is_refused():
    with pytest.raises(st.InputError, match="early point at 560 s is not before the late point at 510 s"):
        measured(lesion_series(), early_time=500)


def test_measured_breast_has_the_volume_of_a_count_by_hand():
    """The sample series, with every rule written out once more on whole arrays."""
    series = st.read_series(sample_file("breast_dce.seq.nrrd"))
    result = measured(series, baseline_frames=3, arrival=50.0, early_time=120, late_time=300)
    signal = np.asarray(series.values, float)
    before = signal[:3].mean(axis=0)

    def enhancement_at(time):
        frame = np.searchsorted(series.times, time) - 1
        part = (time - series.times[frame]) / (series.times[frame + 1] - series.times[frame])
        return (1 - part) * signal[frame] + part * signal[frame + 1] - before

    early, late = enhancement_at(170.0), enhancement_at(350.0)
    # Some voxels of this series hold no number in some frame.
    known = np.isfinite(signal).all(axis=0)
    bright = before > 0.6 * np.percentile(before[known], 95)
    enough = known & bright & (early >= 0.7 * before)
    around = sum(
        np.roll(np.roll(np.pad(enough, 1).astype(int), dj, axis=1), di, axis=2)[1:-1, 1:-1, 1:-1]
        for dj in (-1, 0, 1)
        for di in (-1, 0, 1)
        if (dj, di) != (0, 0)
    )
    counted = enough & (around >= 4) & (late > 0)
    volume = counted.sum() * series.geometry.voxel_volume_ml
    assert volume > 0.3
    assert volumes(result)["functional tumour volume"] == pytest.approx(volume)


def test_concentrations_are_refused():
    with pytest.raises(st.InputError, match="relative enhancement needs the signal"):
        measured(lesion_series(unit="mmol/L"))
