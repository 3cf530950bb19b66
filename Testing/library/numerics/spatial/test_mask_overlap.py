"""Overlap of masks, by voxels and by structures, against counts by hand."""

import numpy as np
import pytest

from SpatioTemporalLib.numerics.spatial.mask_overlap import dice, structures_found


def line(*places):
    mask = np.zeros((1, 1, 12), dtype=bool)
    mask[0, 0, list(places)] = True
    return mask


def test_dice_is_twice_the_common_over_both():
    assert dice(line(1, 2, 3), line(2, 3, 4, 5)) == pytest.approx(2 * 2 / 7)
    assert dice(line(1), line(2)) == 0 and dice(line(1), line(1)) == 1


def test_two_empty_masks_agree():
    assert dice(line(), line()) == 1 and dice(line(1), line()) == 0


def test_a_structure_is_found_when_half_of_it_is():
    structures = line(0, 1, 4, 5, 8, 9, 10)
    assert structures_found(line(0, 8, 9), structures) == (3, 2)
    assert structures_found(line(0, 8), structures) == (3, 1)
    assert structures_found(line(0), line()) == (0, 0)
