"""Fields of displacement against closed forms on an oblique grid."""

import numpy as np
import pytest
from library.numerics.spatial.test_region_of_interest import positions
from library.numerics.statistics.test_growth import turned

from SpatioTemporalLib import Geometry
from SpatioTemporalLib.numerics.registration.displacement import (
    inverse_error,
    landmark_distances,
    moved_points,
    volume_change,
)

GRID = turned((12, 30, 32))
MATRIX = np.array([[0.05, 0.1, 0.0], [-0.02, 0.1, 0.03], [0.0, 0.04, -0.08]])


def linear(geometry):
    return positions(geometry) @ MATRIX.T + np.array([1.0, -2.0, 0.5])


def test_linear_field_is_interpolated_and_measured_exactly():
    points = GRID.ijk_to_ras(np.random.default_rng(0).uniform(1, 10, (20, 3)))
    exact = points + points @ MATRIX.T + np.array([1.0, -2.0, 0.5])
    np.testing.assert_allclose(moved_points(points, linear(GRID), GRID), exact, atol=1e-9)
    away = landmark_distances(points, exact + np.array([0.0, 3.0, 4.0]), linear(GRID), GRID)
    np.testing.assert_allclose(away, 5.0)


def test_volume_change_of_a_linear_field_is_its_determinant():
    np.testing.assert_allclose(volume_change(linear(GRID), GRID), np.linalg.det(np.eye(3) + MATRIX))
    np.testing.assert_allclose(volume_change(-2.0 * positions(GRID), GRID), -1.0, atol=1e-9)


def test_single_slice_has_no_change_across_it():
    flat = Geometry((1, 30, 32), GRID.affine)
    field = positions(flat)[..., :1] * np.array([0.0, 0.0, 0.0]) + 3.0
    np.testing.assert_allclose(volume_change(field, flat), 1.0)


def test_there_and_back_is_zero_for_an_inverse_and_the_error_otherwise():
    shift = np.array([1.0, 2.0, 2.0])
    forward, backward = np.broadcast_to(shift, (*GRID.shape, 3)), np.broadcast_to(-shift, (*GRID.shape, 3))
    missed = inverse_error(forward, GRID, backward, GRID)
    assert np.isnan(missed).any(), "some points leave the image"
    np.testing.assert_allclose(missed[np.isfinite(missed)], 0.0, atol=1e-9)
    missed = inverse_error(forward, GRID, 0 * backward, GRID)
    assert np.nanmax(missed) == pytest.approx(3.0)
