"""Masks and maps that share the voxels of a series, however they are stored."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

import SpatioTemporalLib as st
from SpatioTemporalLib.data.grids.lattice import on_lattice

SHAPE = (4, 5, 6)


def tilted():
    a, b = 0.35, 0.17
    about_x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    about_z = np.array([[np.cos(b), -np.sin(b), 0], [np.sin(b), np.cos(b), 0], [0, 0, 1]])
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = about_x @ about_z @ np.diag([1.5, 2.0, 3.0]), (-10, 5, 7)
    return st.Geometry(SHAPE, affine)


GRID = tilted()
VALUES = np.random.default_rng(0).integers(0, 3, SHAPE).astype(np.uint8)


def stored(order=(0, 1, 2), flipped=(), box=((0, 4), (0, 5), (0, 6)), values=VALUES):
    """Voxels of a box of the grid, stored along other axes; axes are those of arrays."""
    part = values[tuple(slice(*ends) for ends in box)]
    corner = np.array([ends[0] for ends in box], float)
    steps = np.eye(3)
    for axis in flipped:
        part = np.flip(part, axis)
        corner[axis] = box[axis][1] - 1
        steps[axis] *= -1
    part, steps = part.transpose(order), steps[list(order)]
    to_grid = np.eye(4)
    # Affines take columns, rows, slices.
    to_grid[:3, :3], to_grid[:3, 3] = steps[::-1, ::-1].T, corner[::-1]
    return part, st.Geometry(part.shape, GRID.affine @ to_grid)


EVERY_WAY = [
    (order, flipped)
    for order in itertools.permutations(range(3))
    for flipped in [(), (0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2)]
]


@pytest.mark.parametrize(("order", "flipped"), EVERY_WAY)
def test_labels_stored_in_any_way_come_back_to_their_voxels(order, flipped):
    values, geometry = stored(order, flipped)
    placed = on_lattice(st.LabelMap(values, geometry), GRID, "series")
    np.testing.assert_array_equal(placed.values, VALUES)
    assert placed.geometry == GRID


@pytest.mark.parametrize(("order", "flipped"), [((0, 1, 2), ()), ((2, 0, 1), (1,)), ((1, 2, 0), (0, 2))])
def test_labels_that_were_cropped_are_put_back(order, flipped):
    box = ((1, 3), (0, 4), (2, 6))
    values, geometry = stored(order, flipped, box)
    placed = on_lattice(st.LabelMap(values, geometry), GRID, "series")
    expected = np.zeros_like(VALUES)
    expected[1:3, 0:4, 2:6] = VALUES[1:3, 0:4, 2:6]
    np.testing.assert_array_equal(placed.values, expected)
    assert [finding.code for finding in placed.findings] == ["R-MASK-GRID"]


def test_labels_that_reach_beyond_the_grid_are_left_to_be_refused():
    wide = np.zeros((6, 9, 8), np.uint8)
    wide[1:5, 2:7, 1:7] = VALUES
    to_wide = np.eye(4)
    to_wide[:3, 3] = (-1, -2, -1)
    mask = st.LabelMap(wide, st.Geometry(wide.shape, GRID.affine @ to_wide))
    assert on_lattice(mask, GRID, "series") is mask


def test_a_map_that_covers_the_grid_is_turned_and_one_that_does_not_is_left():
    whole = VALUES.astype(np.float32)
    placed = on_lattice(st.Map(*stored((2, 1, 0), (0,), values=whole), "s"), GRID, "series")
    np.testing.assert_array_equal(placed.values, whole)
    part = st.Map(*stored(box=((1, 3), (0, 4), (2, 6)), values=whole), "s")
    assert on_lattice(part, GRID, "series") is part


def moved(geometry, offset):
    affine = geometry.affine.copy()
    affine[:3, 3] += affine[:3, :3] @ offset
    return replace(geometry, affine=affine)


@pytest.mark.parametrize("offset", [(0.5, 0, 0), (0, 0.1, 0), (1, 0, 0), (0, 0, -1)])
def test_labels_between_the_voxels_or_beyond_the_grid_are_left(offset):
    values, geometry = stored(flipped=(1,))
    labels = st.LabelMap(values, moved(geometry, offset))
    assert on_lattice(labels, GRID, "series") is labels


def test_an_analysis_takes_a_cropped_mask_and_a_flipped_map_and_refuses_a_larger_mask():
    rise = np.linspace(1.0, 2.0, 8)[:, None, None, None] * np.ones(SHAPE)
    series = st.Series(100 * rise, np.arange(8) * 5.0, GRID, name="dce")
    mask = np.zeros(SHAPE, np.uint8)
    mask[1:3, 1:4, 2:5] = 1
    whole = st.run("kinetics.enhancement", series=series, mask=st.LabelMap(mask, GRID))
    cropped = st.LabelMap(*stored(box=((1, 3), (1, 4), (2, 5)), values=mask))
    result = st.run("kinetics.enhancement", series=series, mask=cropped)
    assert result.statistics.columns["voxels"] == whole.statistics.columns["voxels"]
    assert "R-MASK-GRID" in {finding.code for finding in result.findings}
    larger = st.LabelMap(np.pad(mask, 1), moved(replace(GRID, shape=(6, 7, 8)), (-1, -1, -1)))
    with pytest.raises(st.GeometryError, match="Resample mask"):
        st.run("kinetics.enhancement", series=series, mask=larger)
