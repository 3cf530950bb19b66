"""Gated attention weighs the members of a set by themselves, whatever their order."""

from __future__ import annotations

import torch
from library.networks.checks import without_gradient

from SpatioTemporalLib.networks.blocks.attention_pooling import GatedAttentionPooling


def test_follows_its_equation():
    torch.manual_seed(0)
    pool, members = GatedAttentionPooling(3, 4), torch.randn(1, 2, 3)
    gated = torch.tanh(pool.content(members[0])) * torch.sigmoid(pool.gate(members[0]))
    scores = gated @ pool.score.weight[0]
    share = scores.exp() / scores.exp().sum()
    assert torch.allclose(pool.weights(members)[0], share)
    assert torch.allclose(pool(members)[0], share @ members[0])


def test_order_of_the_members_plays_no_part():
    torch.manual_seed(0)
    pool, members = GatedAttentionPooling(3, 4), torch.randn(2, 5, 3)
    assert torch.allclose(pool(members[:, [4, 2, 0, 1, 3]]), pool(members), atol=1e-6)


def test_gradients_reach_every_parameter():
    torch.manual_seed(0)
    pool = GatedAttentionPooling(3, 4)
    assert not without_gradient(pool, pool(torch.randn(2, 5, 3)))
