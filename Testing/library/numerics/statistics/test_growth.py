"""Size and growth of lesions against closed forms."""

import numpy as np
import pytest

from SpatioTemporalLib import Geometry, InputError
from SpatioTemporalLib.numerics.statistics.growth import (
    doubling_time,
    equivalent_diameter,
    exponential_growth,
    growth_percent,
    lesion_volume,
    longest_axis,
)

SPACING = (0.7, 0.8, 2.5)


def turned(shape, spacing=SPACING):
    """An oblique, anisotropic grid."""
    a, b = 0.4, 0.3
    about_s = np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])
    about_r = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    affine = np.eye(4)
    affine[:3, :3] = about_s @ about_r * np.array(spacing)
    affine[:3, 3] = (12.0, -40.0, 7.0)
    return Geometry(shape, affine)


def ellipsoid(geometry, half_axes):
    """Voxels inside an ellipsoid along the grid's axes I, J, K, half axes in mm, around its middle."""
    k, j, i = np.indices(geometry.shape)
    away = [(index - (n - 1) / 2) * s for index, n, s in zip((i, j, k), geometry.shape[::-1], geometry.spacing)]
    return sum((x / half) ** 2 for x, half in zip(away, half_axes)) <= 1


def test_ellipsoid_on_an_oblique_anisotropic_grid_has_its_volume_and_longest_axis():
    geometry = turned((25, 81, 101))
    mask = ellipsoid(geometry, (18.0, 11.0, 25.0))
    exact = 4 / 3 * np.pi * 18 * 11 * 25 / 1000
    # Voxels cut by the surface count wholly or not; over 3,000 of them the error averages out.
    assert lesion_volume(mask, geometry) == pytest.approx(exact, rel=0.005)
    axis = longest_axis(mask, geometry)
    # In the plane only: the longer axis across the slices does not count.
    assert axis.length == pytest.approx(36.0, abs=0.7)
    assert axis.slice == 12
    assert np.linalg.norm(axis.ends[1] - axis.ends[0]) == pytest.approx(axis.length)
    along = np.abs((axis.ends[1] - axis.ends[0]) / axis.length @ geometry.directions)
    assert along[0] > 0.99


def test_sphere_has_its_own_equivalent_diameter():
    geometry = Geometry.from_spacing((61, 61, 61), (0.5, 0.5, 0.5))
    volume = lesion_volume(ellipsoid(geometry, (10.0, 10.0, 10.0)), geometry)
    assert equivalent_diameter(volume) == pytest.approx(20.0, rel=0.002)
    assert equivalent_diameter(np.pi / 6) == pytest.approx(10.0)


def test_longest_axis_reaches_from_edge_to_edge():
    mask = np.zeros((3, 9, 9), dtype=bool)
    mask[1, 4, 2:7] = True
    geometry = Geometry.from_spacing(mask.shape, SPACING)
    assert longest_axis(mask, geometry).length == pytest.approx(5 * 0.7)
    mask[1, 4, 3:7] = False
    assert longest_axis(mask, geometry).length == pytest.approx(0.8), "one pixel is as long as its longer side"


def test_empty_lesion_is_refused():
    with pytest.raises(InputError) as caught:
        longest_axis(np.zeros((2, 3, 4)), turned((2, 3, 4)))
    assert caught.value.code == "E-MASK-EMPTY"


def test_growth_in_percent():
    np.testing.assert_allclose(growth_percent([2.0, 0.0, 4.0], [3.0, 1.0, 1.0]), [50.0, np.nan, -75.0])


@pytest.mark.parametrize("days", [100.0, 40.0, -250.0])
def test_doubling_time_of_exact_exponential_growth(days):
    at = np.array([0.0, 90.0, 181.0, 400.0])
    growth = exponential_growth(at, 0.3 * 2.0 ** (at / days), 0.0)
    assert doubling_time(growth) == pytest.approx((days, days, days), rel=1e-9)
    np.testing.assert_allclose(growth.residuals, 0.0, atol=1e-12)


def test_volume_that_doubles_between_two_visits():
    growth = exponential_growth([0.0, 80.0], [1.5, 3.0], 0.1)
    assert doubling_time(growth).days == pytest.approx(80.0)
    assert growth.standard_error == pytest.approx(0.1 * np.sqrt(2) / 80.0)


def test_interval_holds_the_true_doubling_time_as_often_as_it_says():
    rng = np.random.default_rng(1)
    at, truth = np.array([0.0, 90.0, 200.0]), 120.0
    volumes = 2.0 ** (at / truth) * np.exp(rng.normal(0, 0.1, (2000, 3)))
    times = [doubling_time(exponential_growth(at, v, 0.1), confidence=0.9) for v in volumes]
    held = np.mean([t.low <= truth <= t.high for t in times])
    # Two standard errors of a share of 0.9 in 2000 draws are 0.013.
    assert held == pytest.approx(0.9, abs=0.014)


def test_growth_that_is_not_certain_has_no_upper_limit():
    grown = doubling_time(exponential_growth([0.0, 100.0], [1.0, 1.05], 0.1))
    assert grown.days > grown.low > 0 and grown.high == np.inf
    shrunk = doubling_time(exponential_growth([0.0, 100.0], [1.0, 0.95], 0.1))
    assert shrunk.days < 0 < shrunk.low and shrunk.high == np.inf
    certain = doubling_time(exponential_growth([0.0, 100.0], [1.0, 0.4], 0.1))
    assert certain.low < certain.days < certain.high < 0
    assert doubling_time(exponential_growth([0.0, 100.0], [1.0, 1.0], 0.1)).days == np.inf


@pytest.mark.parametrize("days, volumes", [([0.0], [1.0]), ([5.0, 5.0], [1.0, 2.0]), ([0.0, 9.0], [0.0, 2.0])])
def test_growth_that_cannot_be_measured_is_refused(days, volumes):
    with pytest.raises(InputError) as caught:
        exponential_growth(days, volumes, 0.1)
    assert caught.value.code == "E-GROWTH"
