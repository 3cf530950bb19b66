import numpy as np
import pytest

import SpatioTemporalLib as st

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
    parameters = {"arrival": 60.0, "baseline_frames": 2, **more}
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


def test_concentrations_are_refused():
    with pytest.raises(st.InputError, match="relative enhancement needs the signal"):
        measured(lesion_series(unit="mmol/L"))
