"""Motion of a head that is known, told from its images; volumes brought back to where it was."""

from __future__ import annotations

import numpy as np
import pytest

from SpatioTemporalLib.numerics.bold.preprocessing.motion_fit import levels_of, motion_of
from SpatioTemporalLib.numerics.bold.preprocessing.motion_series import (
    dvars,
    expanded,
    framewise_displacement,
    series_motion,
)
from SpatioTemporalLib.numerics.bold.preprocessing.resampling import brought_back
from SpatioTemporalLib.numerics.bold.preprocessing.rigid_motion import Rigid, axes_of
from SpatioTemporalLib.simulation.bold.head import tissues_at

SHAPE, SPACING = (30, 48, 46), np.array([4.0, 4.0, 4.2])


def head(parameters, shape=SHAPE, noise=0.0, seed=0):
    """A head that has moved, looked at where it is: nothing is interpolated."""
    motion = Rigid.of(parameters)
    places = np.stack(np.indices(shape)[::-1]) - ((np.array(shape[::-1]) - 1) / 2)[:, None, None, None]
    points = places * SPACING[:, None, None, None] - motion.translation[:, None, None, None]
    signal = tissues_at(np.tensordot(motion.rotation.T, points, 1)).signal
    return (signal + np.random.default_rng(seed).normal(0, noise, shape)).astype(np.float32)


@pytest.mark.parametrize(
    "truth",
    [
        (0.3, -0.2, 0.5, 0.004, -0.006, 0.003),
        (-1.4, 1.1, 0.8, 0.02, 0.015, -0.018),
        (5.0, -4.0, 3.0, 0.06, -0.05, 0.08),
    ],
)
def test_known_motion_is_found_to_a_hundredth_of_a_millimetre(truth):
    found, rested = motion_of(head(truth), levels_of(head(np.zeros(6)), SPACING), Rigid.none())
    error = found.parameters - truth
    # Measured: 0.005 mm and 0.012 mm on a sphere of 50 mm; voxels are 4 mm.
    assert rested and np.abs(error[:3]).max() < 0.02 and 50 * np.abs(error[3:]).max() < 0.03


def test_noise_of_one_percent_costs_little():
    truth = np.array([0.6, -0.4, 0.2, 0.01, -0.012, 0.006])
    found, _ = motion_of(head(truth, noise=10.0, seed=1), levels_of(head(np.zeros(6)), SPACING), Rigid.none())
    assert np.abs(found.parameters - truth)[:3].max() < 0.02


def test_a_brighter_volume_has_not_moved():
    volume = head(np.zeros(6))
    found, _ = motion_of(1.2 * volume, levels_of(volume, SPACING), Rigid.none())
    assert np.abs(found.parameters).max() < 1e-3


def test_one_slice_moves_within_itself_only():
    flat = (1, *SHAPE[1:])
    truth = np.array([0.8, -0.5, 0.0, 0.0, 0.0, 0.02])
    found, _ = motion_of(head(truth, flat), levels_of(head(np.zeros(6), flat), SPACING), Rigid.none())
    assert not found.parameters[2:5].any()
    assert np.abs(found.parameters - truth)[[0, 1]].max() < 0.02 and abs(found.parameters[5] - 0.02) < 5e-4


@pytest.mark.parametrize("reference", ["mean", "middle"])
def test_a_series_is_brought_to_one_place(reference):
    rng = np.random.default_rng(0)
    truth = np.cumsum(rng.normal(0, [0.15] * 3 + [0.002] * 3, (7, 6)), axis=0)
    volumes = np.stack([head(p) for p in truth])
    found = series_motion(volumes, SPACING, reference)
    difference = found.parameters - truth
    # Of two references motion differs by a constant, to first order in small rotations.
    difference -= difference.mean(axis=0)
    assert found.rested.all() and np.abs(difference[:, :3]).max() < 0.02
    back = np.stack([brought_back(v, m, SPACING) for v, m in zip(volumes, found.frames)])
    inner = (slice(None), slice(4, -4), slice(6, -6), slice(6, -6))
    assert back[inner].std(axis=0).mean() < 0.5 * volumes[inner].std(axis=0).mean()


def test_nothing_is_darker_or_brighter_than_the_volume_was():
    volume = np.zeros((9, 12, 12), np.float32)
    volume[3:6, 4:8, 4:8] = 100.0
    moved = brought_back(volume, Rigid.of([0.5, 0.4, 0.3, 0.1, 0, 0]), (1.0, 1.0, 1.0))
    assert moved.min() >= 0.0 and moved.max() <= 100.0


def test_a_volume_is_brought_back_by_whole_voxels_exactly():
    volume = np.random.default_rng(0).normal(size=(8, 9, 10)).astype(np.float32)
    moved = brought_back(volume, Rigid.of([2.0, 0, 0, 0, 0, 0]), (2.0, 2.0, 2.0))
    np.testing.assert_allclose(moved[:, :, 2:-3], volume[:, :, 3:-2], atol=1e-4)


def test_motion_in_other_axes_moves_points_alike():
    affine = np.diag([-3.0, 4.0, 5.0, 1.0])
    axes = axes_of(affine)
    motion = Rigid.of([1.0, 2.0, 3.0, 0.1, -0.2, 0.05])
    seen = motion.seen_along(axes)
    point = np.array([10.0, -4.0, 7.0])
    moved = axes @ (motion.rotation @ point + motion.translation)
    np.testing.assert_allclose(seen.rotation @ (axes @ point) + seen.translation, moved, atol=1e-12)
    assert np.linalg.det(seen.rotation) == pytest.approx(1.0)


def test_displacement_and_expansions_are_those_of_their_definition():
    parameters = np.zeros((3, 6))
    parameters[1] = [0.1, -0.2, 0.0, 0.01, 0.0, 0.0]
    assert framewise_displacement(parameters) == pytest.approx([0.0, 0.8, 0.8])
    assert [len(expanded(parameters, name)) for name in ("none", "6", "12", "24")] == [0, 6, 12, 24]
    columns = expanded(parameters, "24")
    assert columns["trans_x_derivative1"].tolist() == pytest.approx([0.0, 0.1, -0.1])
    assert columns["rot_x_derivative1_power2"].tolist() == pytest.approx([0.0, 1e-4, 1e-4])


def test_dvars_is_the_root_mean_square_change_in_percent():
    assert dvars(np.array([[100.0, 100.0], [103.0, 96.0], [101.0, 100.0]])) == pytest.approx(
        [0.0, np.sqrt(12.5), np.sqrt(10.0)], rel=1e-9
    )
