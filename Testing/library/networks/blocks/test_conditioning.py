"""FiLM starts as the identity; what follows it must not take it out again."""

from __future__ import annotations

import pytest
import torch
from library.networks.checks import perturbed, without_gradient
from torch import nn

from SpatioTemporalLib.networks.blocks.conditioning import FiLM, TimeFeatures, TimeMLP


@pytest.mark.parametrize("shape", [(2, 4), (2, 4, 3, 3, 3)])
def test_film_is_the_identity_at_the_start(shape):
    features = torch.randn(shape)
    assert torch.equal(FiLM(5, 4)(features, torch.randn(2, 5)), features)


def test_film_scales_and_shifts_each_channel():
    film = FiLM(1, 2)
    with torch.no_grad():
        film.gamma_beta.weight.copy_(torch.tensor([[1.0], [0.0], [0.0], [3.0]]))
    out = film(torch.ones(1, 2, 1, 1, 1), torch.tensor([[2.0]]))
    assert out.flatten().tolist() == [3.0, 7.0]


def test_instance_normalisation_after_film_cancels_it():
    torch.manual_seed(0)
    film, features = perturbed(FiLM(3, 4)), torch.randn(2, 4, 3, 3, 3)
    early, late = film(features, torch.zeros(2, 3)), film(features, torch.ones(2, 3))
    assert (early - late).abs().max() > 0.01
    normalise = nn.InstanceNorm3d(4)
    assert torch.allclose(normalise(early), normalise(late), atol=1e-4)


def test_gradients_reach_time_and_film_once_film_has_left_zero():
    parts = perturbed(nn.ModuleList([TimeMLP(6), FiLM(6, 4)]))
    out = parts[1](torch.randn(3, 4, 2, 2, 2), parts[0](torch.tensor([10.0, 200.0, 900.0])))
    assert not without_gradient(parts, out)


def test_time_features_are_bounded_and_tell_follow_up_intervals_apart():
    days = torch.tensor([0.0, 30.0, 90.0, 180.0, 365.0, 730.0, 1825.0, 3650.0])
    features = TimeFeatures(16)(days)
    assert features.shape == (8, 16) and features.abs().max() <= 1
    distance = torch.cdist(features, features) + 10 * torch.eye(8)
    assert distance.min() > 0.1
    assert torch.equal(features[0], torch.cat([torch.zeros(8), torch.ones(8)]))
