"""Regions cut through the affine against functions of position."""

import numpy as np
import pytest
from library.numerics.statistics.test_growth import turned

from SpatioTemporalLib import Geometry, GeometryError
from SpatioTemporalLib.numerics.registration.intensity_window import LUNG, windowed
from SpatioTemporalLib.numerics.spatial.region_of_interest import crop, region_around, resampled, resampled_labels


def positions(geometry):
    k, j, i = np.indices(geometry.shape)
    return geometry.ijk_to_ras(np.stack([i, j, k], axis=-1))


def plane(ras):
    return 3.0 + ras @ np.array([0.5, -1.25, 2.0])


def test_linear_function_is_exact_on_an_oblique_anisotropic_grid():
    source = turned((40, 120, 130))
    centre = positions(source)[20, 60, 65]
    values, target = crop(plane(positions(source)), source, centre, fill=-1024.0)
    assert values.shape == (16, 64, 64) and values.dtype == np.float32
    np.testing.assert_allclose(target.ijk_to_ras([31.5, 31.5, 7.5]), centre)
    # Float32 holds values near 300 to 2e-5.
    np.testing.assert_allclose(values, plane(positions(target)), atol=1e-3)


def test_left_handed_and_sheared_grids_are_followed():
    affine = turned((20, 50, 60)).affine.copy()
    affine[:3, 0] *= -1
    affine[:3, 2] += 0.2 * affine[:3, 1]
    source = Geometry((20, 50, 60), affine)
    centre = positions(source)[10, 25, 30]
    values, target = crop(plane(positions(source)), source, centre, shape=(6, 10, 12), spacing=(0.9, 1.1, 2.0), fill=0)
    assert target.spacing == pytest.approx((0.9, 1.1, 2.0))
    np.testing.assert_allclose(values, plane(positions(target)), atol=1e-3)


def test_same_grid_gives_the_same_values_to_the_last_voxel():
    source = turned((4, 5, 6))
    values = np.random.default_rng(0).normal(size=source.shape).astype(np.float32)
    np.testing.assert_allclose(resampled(values, source, source, fill=99.0), values, atol=1e-5)


def test_outside_the_image_is_filled():
    source = Geometry.from_spacing((8, 8, 8), (1.0, 1.0, 1.0))
    values, target = crop(np.ones(source.shape), source, (0.0, 4.0, 4.0), shape=(4, 4, 8), fill=-1024.0)
    inside = target.ijk_to_ras(np.stack([np.arange(8), np.zeros(8), np.zeros(8)], -1))[:, 0] >= -0.5
    np.testing.assert_array_equal(values[0, 0], np.where(inside, 1.0, -1024.0))
    assert inside.sum() == 5


def test_labels_keep_their_values():
    source = turned((12, 40, 40))
    labels = np.where(plane(positions(source)) > plane(positions(source)).mean(), 7, 3).astype(np.uint8)
    target = region_around(positions(source)[6, 20, 20], (6, 12, 12), (0.5, 0.5, 0.5))
    placed = resampled_labels(labels, source, target)
    assert placed.dtype == np.uint8 and set(np.unique(placed)) == {3, 7}
    nearest = np.rint(source.ras_to_ijk(positions(target))).astype(int)
    np.testing.assert_array_equal(placed, labels[nearest[..., 2], nearest[..., 1], nearest[..., 0]])


def test_point_outside_the_image_is_refused():
    source = turned((12, 40, 40))
    with pytest.raises(GeometryError) as caught:
        crop(np.zeros(source.shape), source, (500.0, 0.0, 0.0), fill=0.0)
    assert caught.value.code == "E-CROP-OUTSIDE"


def test_window_runs_from_zero_to_one():
    np.testing.assert_allclose(windowed([-3000, -1200, -300, 600, 9000, np.nan], *LUNG), [0, 0, 0.5, 1, 1, np.nan])
    with pytest.raises(ValueError, match="highest"):
        windowed([0.0], 5.0, 5.0)
