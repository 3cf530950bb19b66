"""Reproducibility and prediction of halves that hold a pattern, or none."""

from __future__ import annotations

import numpy as np
import pytest

from SpatioTemporalLib.numerics.bold.preprocessing.split_half import (
    global_signal_to_noise,
    reproducible,
    split_half,
)


def halves(strength, seed=0, frames=40, voxels=300):
    rng = np.random.default_rng(seed)
    pattern = np.where(np.arange(voxels) < 30, 1.0, 0.0)
    labels = [rng.permutation(np.arange(frames) % 2) for _ in range(2)]
    made = [rng.normal(size=(frames, voxels)) + strength * (own[:, None] - 0.5) * pattern for own in labels]
    return [m - m.mean(axis=0) for m in made], labels, pattern


def test_a_strong_pattern_comes_again_and_predicts():
    data, labels, pattern = halves(4.0)
    found = split_half(data, labels, (1, 2, 4))
    best = min(found.values(), key=lambda each: each.distance)
    assert best.prediction > 0.95 and best.reproducibility > 0.6
    # In the second condition the pattern is brighter: the map is positive there, whatever the signs of components.
    assert best.map[pattern > 0].mean() > 5 * np.abs(best.map[pattern == 0].mean())


def test_noise_neither_comes_again_nor_predicts():
    data, labels, _ = halves(0.0)
    for found in split_half(data, labels, (2, 8)).values():
        assert abs(found.reproducibility) < 0.2 and 0.3 < found.prediction < 0.7


def test_discriminant_on_all_components_is_that_of_the_voxels_themselves():
    rng = np.random.default_rng(1)
    labels = [np.arange(30) % 2, np.arange(30) % 2]
    data = [rng.normal(size=(30, 3)) + 2 * (own[:, None] - 0.5) for own in labels]
    data = [d - d.mean(axis=0) for d in data]
    found = split_half(data, labels, (3,))[3]
    weights = []
    for own, label in zip(data, labels):
        means = [own[label == n].mean(axis=0) for n in (0, 1)]
        within = sum((own[label == n] - means[n]).T @ (own[label == n] - means[n]) for n in (0, 1)) / 28
        weights.append(np.linalg.solve(within, means[1] - means[0]))
    posterior = []
    for own, other in ((0, 1), (1, 0)):
        means = [data[own][labels[own] == n].mean(axis=0) for n in (0, 1)]
        score = (data[other] - (means[0] + means[1]) / 2) @ weights[own]
        right = np.where(labels[other] == 1, score, -score)
        posterior.append(1 / (1 + np.exp(-right)))
    assert found.prediction == pytest.approx(np.mean(posterior), abs=1e-6)
    assert found.reproducibility == pytest.approx(np.corrcoef(*weights)[0, 1], abs=1e-6)


def test_numbers_of_components_that_a_half_does_not_have_are_left_out():
    data, labels, _ = halves(1.0, frames=12)
    assert set(split_half(data, labels, (2, 11, 12, 40))) == {2, 11}


def test_what_maps_share_is_in_units_of_what_they_do_not():
    rng = np.random.default_rng(2)
    shared = rng.normal(size=20000)
    noisy = [shared + 0.5 * rng.normal(size=20000) for _ in range(2)]
    correlation = np.corrcoef(*noisy)[0, 1]
    assert reproducible(*noisy).std() == pytest.approx(np.sqrt((1 + correlation) / (1 - correlation)), rel=0.02)
    assert global_signal_to_noise(0.5) == pytest.approx(np.sqrt(2)) and global_signal_to_noise(-0.3) == 0.0
