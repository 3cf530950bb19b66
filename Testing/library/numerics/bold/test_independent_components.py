"""Independent courses are found again, whatever they were mixed with."""

from __future__ import annotations

import numpy as np
import pytest

from SpatioTemporalLib.numerics.bold.preprocessing.independent_components import temporal_components


def mixed(frames=3000, voxels=40, seed=0):
    rng = np.random.default_rng(seed)
    points = np.arange(frames)
    waves = [np.sign(np.sin(points / 37.0)), np.sin(points / 11.0)]
    courses = np.stack([*waves, rng.laplace(size=frames), rng.uniform(-1, 1, frames) ** 3], axis=1)
    courses = (courses - courses.mean(axis=0)) / courses.std(axis=0)
    maps = rng.normal(size=(4, voxels))
    data = courses @ maps + 0.01 * rng.normal(size=(frames, voxels))
    return data - data.mean(axis=0), courses


def test_courses_are_found_again_but_for_order_and_sign():
    data, courses = mixed()
    found = temporal_components(data, 4, np.random.default_rng(1))
    likeness = np.abs(courses.T @ found.courses) / len(courses)
    assert found.rested and likeness.max(axis=1).min() > 0.97
    assert sorted(likeness.argmax(axis=1)) == [0, 1, 2, 3]


@pytest.mark.parametrize("shape", [(3000, 10), (300, 400)])
def test_they_are_uncorrelated_and_explain_what_principal_courses_do(shape):
    data, _ = mixed(*shape)
    found = temporal_components(data, 6, np.random.default_rng(1))
    square = found.courses.T @ found.courses / len(data)
    np.testing.assert_allclose(square, np.eye(6), atol=1e-6)
    _, singular, _ = np.linalg.svd(data, full_matrices=False)
    explained = ((found.courses @ found.maps) ** 2).sum()
    np.testing.assert_allclose(explained, (singular[:6] ** 2).sum(), rtol=1e-5)


def test_no_more_components_than_the_series_have_dimensions():
    data, _ = mixed(frames=500, voxels=3)
    assert temporal_components(data, 10, np.random.default_rng(0)).courses.shape[1] == 3


def test_where_the_search_begins_does_not_change_what_it_finds():
    data, _ = mixed()
    first, second = (temporal_components(data, 4, np.random.default_rng(seed)) for seed in (0, 5))
    likeness = np.abs(first.courses.T @ second.courses) / len(data)
    assert np.diag(likeness).min() > 0.999
