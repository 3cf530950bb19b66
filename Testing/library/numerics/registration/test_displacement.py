"""Fields of displacement against closed forms on an oblique grid."""

import numpy as np
import pytest
from library.numerics.spatial.test_region_of_interest import positions
from library.numerics.statistics.test_growth import turned
from scipy.ndimage import gaussian_filter

import SpatioTemporalLib as st
from SpatioTemporalLib import Geometry
from SpatioTemporalLib.numerics.registration import image_registration
from SpatioTemporalLib.numerics.registration.displacement import (
    inverse_error,
    landmark_distances,
    moved_points,
    volume_change,
)
from SpatioTemporalLib.numerics.registration.image_registration import (
    displacement_of,
    extent_of_motion,
    shown_through,
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


def test_motion_measured_by_slabs_is_that_of_the_whole_field(monkeypatch):
    sitk = pytest.importorskip("SimpleITK")
    geometry = st.Geometry.from_spacing((11, 12, 13), (1.0, 1.5, 2.0), (4.0, -3.0, 7.0))
    rng = np.random.default_rng(0)
    bent = sitk.GetImageFromArray(gaussian_filter(rng.normal(0, 30, (11, 12, 13, 3)), (2, 2, 2, 0)), isVector=True)
    bent.SetSpacing(geometry.spacing)
    bent.SetOrigin((-4.0, 3.0, 7.0))
    bent.SetDirection((-1, 0, 0, 0, -1, 0, 0, 0, 1))
    moves = sitk.DisplacementFieldTransform(bent)
    monkeypatch.setattr(image_registration, "SLAB_VOXELS", 3 * 12 * 13)
    mean, largest, smallest = extent_of_motion(moves, geometry, False)
    field = displacement_of(moves, geometry)
    length = np.linalg.norm(field, axis=-1)
    assert largest > 2 and mean == pytest.approx(length.mean(), rel=1e-12)
    assert largest == length.max() and smallest == pytest.approx(volume_change(field, geometry).min(), rel=1e-9)
    rotation = sitk.Euler3DTransform((0.0, 0.0, 0.0), 0.0, 0.0, 0.2, (3.0, 4.0, 0.0))
    *_, of_rigid = extent_of_motion(rotation, geometry, True)
    assert of_rigid == 1.0
    assert volume_change(displacement_of(rotation, geometry), geometry) == pytest.approx(1.0, abs=1e-9)


def test_what_is_shown_is_what_lies_within_the_other_grid():
    sitk = pytest.importorskip("SimpleITK")
    fixed = st.Geometry.from_spacing((6, 7, 8), (1.0, 1.0, 1.0))
    moving = st.Geometry.from_spacing((6, 7, 8), (1.0, 1.0, 1.0), (3.0, 0.0, 0.0))
    shown = shown_through(moving, fixed, sitk.Euler3DTransform())
    # Voxels reach half their width beyond their centres.
    assert shown.all(axis=(0, 1)).tolist() == [False] * 3 + [True] * 5
    assert shown.sum() == 5 * 6 * 7
