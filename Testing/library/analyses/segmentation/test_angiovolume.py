import numpy as np
import pytest

import SpatioTemporalLib as st

TIMES = np.arange(0, 600, 10.0)


def signal(late, peak=250.0):
    """Baseline 100, arrival at 60 s, peak at 120 s, then a straight line to the end."""
    return np.interp(TIMES, [0, 60, 120, 590], [100, 100, peak, late])


def lesion(curves, **more):
    values = np.stack(curves, axis=1).reshape(len(TIMES), 1, 1, -1)
    geometry = st.Geometry.from_spacing(values.shape[1:], (1.0, 1.0, 10.0))
    series = st.Series(values, TIMES, geometry, name="lesion")
    result = st.run("segmentation.angiovolume", series=series, arrival=60.0, baseline_frames=6, **more)
    return result, {name: column[0] for name, column in result.lesions.columns.items()}


def test_volume_peak_and_shares_are_those_put_in():
    curves = [signal(320)] * 5 + [signal(250)] * 3 + [signal(180)] * 2 + [signal(140, peak=130.0)] * 6
    result, row = lesion(curves)
    assert row["voxels"] == 10
    assert row["angiovolume"] == pytest.approx(0.1)
    assert (row["persistent"], row["plateau"], row["wash-out"]) == (50, 30, 20)
    assert result.curve_type.labels[3].name == "wash-out"
    # The early point is at 180 s, an eighth of the way from the peak to the end.
    assert row["peak enhancement"] == pytest.approx(150 + 70 * 60 / 470, rel=1e-4)


def test_worst_curve_needs_connected_voxels():
    scattered = [signal(180), signal(320), signal(180), signal(320), signal(180), signal(320), signal(320)]
    assert lesion(scattered)[1]["worst curve"] == "none"
    assert lesion(scattered, worst_curve_voxels=1)[1]["worst curve"] == "wash-out"
    together = [signal(180)] * 3 + [signal(320)] * 4
    assert lesion(together)[1]["worst curve"] == "wash-out"


def test_change_of_enhancement_finds_more_wash_out_than_change_of_signal():
    # From 250 to 228: 9 % of the signal, 15 % of the enhancement.
    falling = [signal(228)] * 4
    assert lesion(falling)[1]["worst curve"] == "plateau"
    assert lesion(falling, curve_type_of="change of enhancement")[1]["worst curve"] == "wash-out"


def test_lesion_without_enhancement_has_no_worst_curve():
    result, row = lesion([signal(120, peak=120.0)] * 3 + [signal(110, peak=115.0)])
    assert (row["voxels"], row["worst curve"]) == (0, "none")
    assert np.isnan(row["peak enhancement"])
    assert not result.curve_type.foreground.any()
