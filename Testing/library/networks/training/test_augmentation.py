"""The same motion for all visits, right in mm."""

from dataclasses import replace

import pytest
import torch

from SpatioTemporalLib.networks.training.augmentation import Motion, draw_motion, moved
from SpatioTemporalLib.networks.training.settings import TrainingSettings

SPACING = ((2.0, 1.0, 3.0),)


def motion(angle=0.0, mirror=(1.0, 1.0, 1.0), shift=(0.0, 0.0, 0.0)) -> Motion:
    return Motion(torch.tensor([angle]), torch.tensor([mirror]), torch.tensor([shift]), torch.ones(1, 2))


def images() -> torch.Tensor:
    torch.manual_seed(0)
    return torch.rand(1, 2, 1, 6, 8, 10)


def test_no_motion_changes_nothing():
    given = images()
    assert torch.allclose(moved(given, motion(), SPACING), given, atol=1e-5)


def test_mirrors_are_those_of_the_axes():
    given = images()
    for axis, dimension in ((0, 5), (1, 4), (2, 3)):
        mirror = [1.0, 1.0, 1.0]
        mirror[axis] = -1.0
        assert torch.allclose(moved(given, motion(mirror=mirror), SPACING), given.flip(dimension), atol=1e-5)


def test_a_shift_in_mm_is_one_in_voxels_by_the_spacing():
    given = images()
    shifted = moved(given, motion(shift=(4.0, 1.0, 3.0)), SPACING)
    # 4, 1 and 3 mm are 2, 1 and 1 voxels along I, J and K.
    assert torch.allclose(shifted[..., :-1, :-1, :-2], given[..., 1:, 1:, 2:], atol=1e-5)


def test_a_quarter_turn_of_square_voxels_is_exact():
    given = torch.rand(1, 2, 1, 4, 8, 8)
    turned = moved(given, motion(angle=torch.pi / 2), ((1.0, 1.0, 2.0),))
    candidates = [torch.rot90(given, turns, (4, 5)) for turns in (1, 3)]
    assert min(float((turned - c).abs().max()) for c in candidates) < 1e-4


def test_a_quarter_turn_keeps_lengths_where_voxels_are_oblong():
    given = torch.zeros(1, 1, 1, 3, 9, 9)
    # A rod of 8 mm along I, whose voxels are 2 mm; turned it lies along J, whose voxels are 1 mm.
    given[..., 4, 2:7] = 1.0
    turned = moved(
        given, Motion(torch.tensor([torch.pi / 2]), torch.ones(1, 3), torch.zeros(1, 3), torch.ones(1, 1)), SPACING
    )
    rows = (turned[0, 0, 0, 1].amax(dim=1) > 0.4).sum()
    assert int(rows) >= 8


def test_all_visits_of_a_patient_move_alike_and_patients_do_not():
    generator = torch.Generator().manual_seed(3)
    settings = replace(TrainingSettings(), gain=0.0)
    one = torch.rand(1, 1, 1, 4, 8, 8).expand(2, 3, 1, 4, 8, 8)
    result = moved(one, draw_motion(2, 3, settings, generator), ((1.0, 1.0, 1.0),))
    assert torch.equal(result[0, 0], result[0, 1]) and torch.equal(result[0, 0], result[0, 2])
    assert not torch.allclose(result[0, 0], result[1, 0])


@pytest.mark.parametrize("field", ["rotation", "shift", "gain"])
def test_motion_stays_within_its_settings(field):
    settings = TrainingSettings()
    drawn = draw_motion(500, 2, settings, torch.Generator().manual_seed(0))
    largest = {
        "rotation": torch.rad2deg(drawn.angle).abs().max(),
        "shift": drawn.shift.abs().max(),
        "gain": (drawn.gain - 1).abs().max(),
    }[field]
    assert 0.9 * getattr(settings, field) < float(largest) <= getattr(settings, field) * 1.0001
