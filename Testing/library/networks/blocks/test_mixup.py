"""Mixing of patients: shares and partners belong together, and the generator decides all of it."""

from __future__ import annotations

import torch
from torch.nn.functional import cross_entropy

from SpatioTemporalLib.networks.blocks.mixup import mixed


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_each_row_is_its_own_share_and_the_rest_of_its_partner():
    features = torch.randn(6, 3, 2, generator=generator())
    drawn = mixed(features, 1.0, generator(1))
    for row in range(6):
        share = drawn.share[row]
        assert 0 <= share <= 1
        expected = share * features[row] + (1 - share) * features[drawn.partner[row]]
        assert torch.allclose(drawn.features[row], expected)


def test_loss_of_a_linear_head_counts_both_labels_by_their_shares():
    features, labels = torch.randn(5, 2, generator=generator()), torch.tensor([0, 1, 0, 1, 1])
    drawn = mixed(features, 0.5, generator(1))
    logits = 2 * drawn.features
    expected = torch.stack(
        [
            drawn.share[n] * cross_entropy(logits[n], labels[n])
            + (1 - drawn.share[n]) * cross_entropy(logits[n], labels[drawn.partner[n]])
            for n in range(5)
        ]
    ).mean()
    assert torch.allclose(drawn.cross_entropy(logits, labels), expected)


def test_no_concentration_mixes_nothing():
    features, labels = torch.randn(4, 2, generator=generator()), torch.tensor([0, 1, 0, 1])
    drawn = mixed(features, 0.0, generator())
    assert torch.equal(drawn.features, features)
    assert torch.allclose(drawn.cross_entropy(features, labels), cross_entropy(features, labels))


def test_same_generator_same_mixture():
    features = torch.randn(4, 2, generator=generator())
    first, second, other = (mixed(features, 0.2, generator(seed)).features for seed in (7, 7, 8))
    assert torch.equal(first, second) and not torch.equal(first, other)
