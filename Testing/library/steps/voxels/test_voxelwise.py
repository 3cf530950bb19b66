"""Every voxel is computed once, however the blocks fall."""

import numpy as np
import pytest

import SpatioTemporalLib as st
from SpatioTemporalLib.errors import Cancelled
from SpatioTemporalLib.steps.voxels.voxelwise import map_voxels


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("voxels", [1, 64, 129, 64 * 4, 64 * 4 + 1, 64 * 23 + 7])
@pytest.mark.parametrize("masked", [False, True])
def test_every_voxel_is_computed(threads, voxels, masked):
    values = np.arange(2.0 * voxels).reshape(2, 1, 1, voxels)
    mask = None
    if masked:
        inside = np.ones((1, 1, voxels), np.uint8)
        inside[..., 1::3] = 0
        mask = st.LabelMap(inside, st.Geometry.from_spacing((1, 1, voxels)))
    # The smallest budget makes blocks of 64 voxels.
    context = st.Context(threads=threads, memory_budget=1)
    maps, nonfinite = map_voxels(
        lambda curves, index: {"sum": curves.sum(axis=0), "count": np.ones(len(index))},
        values,
        mask=mask,
        context=context,
        message="adding",
    )
    chosen = np.ones((1, 1, voxels), bool) if mask is None else mask.foreground
    np.testing.assert_array_equal(maps["sum"][chosen], values.sum(axis=0)[chosen])
    assert np.isnan(maps["sum"][~chosen]).all()
    assert np.nansum(maps["count"]) == chosen.sum()
    assert not nonfinite.any()


def sizes_of_blocks(voxels, *, threads, cost):
    values, sizes = np.zeros((2, 1, 1, voxels)), []

    def seen(curves, index):
        sizes.append(len(index))
        return {"count": np.ones(len(index))}

    map_voxels(seen, values, mask=None, context=st.Context(threads=threads), message="counting", cost=cost)
    assert sum(sizes) == voxels
    return sizes


def test_a_lesion_is_divided_among_the_threads():
    assert sorted(sizes_of_blocks(3000, threads=2, cost=10)) == [1500, 1500]
    assert len(sizes_of_blocks(3000, threads=4, cost=10)) == 4
    # Where there is little to do for each, fewer share it; a slow method gains from all of them.
    assert len(sizes_of_blocks(600, threads=8, cost=10)) == 2
    assert len(sizes_of_blocks(600, threads=4, cost=1e4)) >= 4


def test_a_quick_method_has_large_blocks_and_a_slow_one_small_ones():
    assert set(sizes_of_blocks(8192 * 4, threads=2, cost=10)) == {8192}
    assert max(sizes_of_blocks(8192 * 4, threads=2, cost=1000)) == 3000


def test_of_a_slow_method_the_first_report_comes_soon():
    """So that the time left is known before a whole block of the usual size is done."""
    fractions = []
    context = st.Context(threads=1, report=lambda fraction, message: fractions.append(fraction))
    values = np.zeros((2, 1, 1, 9000))
    map_voxels(
        lambda curves, index: {"one": np.ones(len(index))},
        values,
        mask=None,
        context=context,
        message="",
        cost=1000,
    )
    assert fractions[0] == pytest.approx(300 / 9000) and fractions[-1] == 1.0
    assert np.all(np.diff(fractions) > 0)


def test_after_cancelling_no_further_block_is_begun():
    begun = []
    context = st.Context(threads=1, report=lambda fraction, message: context.cancel())

    def slow(curves, index):
        begun.append(len(index))
        return {"one": np.ones(len(index))}

    with pytest.raises(Cancelled):
        map_voxels(slow, np.zeros((2, 1, 1, 20000)), mask=None, context=context, message="", cost=1000)
    # The report that asks to stop is the first; a block may be on its way then, and one more when it is heard.
    assert len(begun) <= 4 < 1 + 20000 // 3000
