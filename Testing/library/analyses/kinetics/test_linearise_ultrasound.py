import numpy as np
import pytest

import SpatioTemporalLib as st


def linearised(grey, dtype=np.uint8, **parameters):
    series = st.Series.from_curves(np.arange(len(grey), dtype=float), np.asarray(grey, dtype=dtype), name="cine")
    return st.run("kinetics.linearise_ultrasound", series=series, **parameters)


def test_intensity_is_ten_to_the_decibels_over_ten():
    grey = np.array([0, 51, 102, 204])
    result = linearised(grey, dynamic_range=50)
    # A fifth of the grey scale is 10 dB: ten times the power.
    np.testing.assert_allclose(result.intensity.values.ravel(), [1, 10, 100, 10000], rtol=1e-6)
    assert result.intensity.unit == "a.u."
    assert result.findings == ()


def test_intensity_is_proportional_to_what_was_compressed():
    power = np.linspace(1, 900, 50)
    grey = 10 * np.log10(power) * 255 / 40
    result = linearised(grey, dtype=float, dynamic_range=40, largest_grey=255)
    np.testing.assert_allclose(result.intensity.values.ravel(), power, rtol=1e-6)


def test_voxels_at_the_end_of_the_grey_scale_are_flagged():
    grey = np.array([[0, 10], [255, 254], [80, 60]])
    result = linearised(grey)
    assert result.saturated.values.ravel().tolist() == [1, 0]
    assert "50 % of the voxels" in str(result.findings[0])


def test_values_that_are_no_grey_levels_are_refused():
    with pytest.raises(st.InputError, match="within 0 and 255, found -3 to 200") as caught:
        linearised([-3.0, 200.0], dtype=float, largest_grey=255)
    assert caught.value.code == "E-GREY"
