"""Noise that all voxels share is taken out of a long run, what else they share is not; short runs are refused."""

from __future__ import annotations

import numpy as np
import pytest

import SpatioTemporalLib as st
from SpatioTemporalLib.simulation.bold.courses import breathing, fluctuation

FRAMES, INTERVAL, SHAPE = 1500, 1.0, (2, 8, 8)


def long_run():
    """Voxels that share breathing and a slow course, both of one sign, beside courses of their own halves."""
    rng = np.random.default_rng(0)
    fine = np.arange(0, FRAMES * INTERVAL, 0.1)
    slow = [fluctuation(fine, rng)[::10] for _ in range(3)]
    breath, shared, (left, right) = breathing(fine, rng)[::10], np.abs(slow[0]), slow[1:]
    side = np.where(np.arange(SHAPE[2]) < 4, 1.0, 0.0)
    # Both are in all voxels, of one sign, in some more than in others.
    more, other = (rng.uniform(0.5, 1.5, SHAPE) for _ in range(2))
    values = 1000 + 12 * breath[:, None, None, None] * more + 12 * shared[:, None, None, None] * other
    values = values + 6 * left[:, None, None, None] * side + 6 * right[:, None, None, None] * (1 - side)
    values = values + rng.normal(0, 1, (FRAMES, *SHAPE))
    series = st.Series(values.astype(np.float32), np.arange(FRAMES) * INTERVAL, st.Geometry.from_spacing(SHAPE))
    return series, breath, shared


def test_breathing_goes_and_what_all_voxels_share_beside_it_stays():
    series, breath, shared = long_run()
    table = st.Table({"breathing": (breath + 0.3 * np.random.default_rng(1).normal(size=FRAMES)).tolist()})
    result = st.run("preprocessing.temporal_ica", series=series, confounds=table, components=6)
    mean = result.cleaned.values.reshape(FRAMES, -1).mean(axis=1, dtype=float)
    assert abs(np.corrcoef(mean, breath)[0, 1]) < 0.2
    assert np.corrcoef(mean, shared)[0, 1] > 0.6
    columns = result.components.columns
    assert sum(columns["noise"]) == 1 and columns["most like"][columns["noise"].index(1)] == "breathing"
    assert np.nanmedian(result.removed.values) > 20


def test_short_runs_and_many_components_are_refused():
    series, breath, _ = long_run()
    table = st.Table({"breathing": breath.tolist()})
    with pytest.raises(st.InputError, match="1500 frames do not tell 80 independent courses"):
        st.run("preprocessing.temporal_ica", series=series, confounds=table, components=80)
    with pytest.raises(st.InputError, match="900 frames do not tell 30"):
        st.run("preprocessing.temporal_ica", series=series.frames(np.arange(FRAMES) < 900), confounds=table)
