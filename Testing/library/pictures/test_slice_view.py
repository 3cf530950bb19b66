"""Slices lie on the page as radiologists look at them, however they are stored."""

import itertools

import numpy as np
import pytest

from SpatioTemporalLib.data.geometry import Geometry
from SpatioTemporalLib.pictures.slice_view import slice_view


def stored(permutation, signs) -> Geometry:
    """A grid of 5 x 6 x 7 voxels of 1, 2 and 3 mm whose axes I, J, K run along these axes of RAS."""
    affine = np.eye(4)
    affine[:3, :3] = 0
    for axis, (world, sign, spacing) in enumerate(zip(permutation, signs, (1.0, 2.0, 3.0))):
        affine[world, axis] = sign * spacing
    return Geometry((7, 6, 5), affine)


ORIENTATIONS = list(itertools.product(itertools.permutations(range(3)), itertools.product((1, -1), repeat=3)))


@pytest.mark.parametrize("permutation, signs", ORIENTATIONS)
def test_right_or_front_is_on_the_left_and_front_or_head_on_top(permutation, signs):
    geometry = stored(permutation, signs)
    view = slice_view(geometry)
    columns, rows = np.meshgrid(np.arange(5), np.arange(6))
    places = geometry.ijk_to_ras(np.stack([columns, rows, np.full_like(rows, 3)], axis=-1))
    right, front, up = (view.of(places[..., world]) for world in range(3))
    across, height = {0: (front, up), 1: (right, up), 2: (right, front)}[permutation[2]]
    # To the right of the page lie the patient's left or back: R or A falls there, and A or S falls downwards.
    assert (np.diff(across, axis=1) < 0).all() and np.ptp(across, axis=0).max() == 0
    assert (np.diff(height, axis=0) < 0).all() and np.ptp(height, axis=1).max() == 0
    assert view.aspect == pytest.approx(abs(np.diff(height, axis=0)).mean() / abs(np.diff(across, axis=1)).mean())
    assert view.left == ("A" if permutation[2] == 0 else "R")


def test_an_oblique_slice_is_shown_as_what_it_is_nearest_to():
    turn = np.radians(30)
    affine = np.eye(4)
    affine[:3, :3] = [[-np.cos(turn), 0, np.sin(turn)], [0, -1, 0], [np.sin(turn), 0, np.cos(turn)]]
    view = slice_view(Geometry((3, 4, 5), affine))
    # As DICOM stores transverse slices: nothing is turned.
    assert not view.transposed and view.flipped == () and view.left == "R"
