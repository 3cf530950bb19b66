"""Every voxel is computed once, however the blocks fall."""

import numpy as np
import pytest

import SpatioTemporalLib as st
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
