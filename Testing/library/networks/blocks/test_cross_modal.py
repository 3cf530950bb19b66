"""Image and clinical tokens meet inside a patient, and both matter."""

from __future__ import annotations

import pytest
import torch
from library.networks.checks import without_gradient

from SpatioTemporalLib.networks.blocks.cross_modal import (
    BidirectionalCrossAttention,
    ConcatMLP,
    LateFusion,
    MutualCoAttention,
    position_tokens,
)

FUSIONS = [BidirectionalCrossAttention, MutualCoAttention, ConcatMLP]


@pytest.fixture(params=FUSIONS)
def case(request):
    torch.manual_seed(0)
    return request.param(6, 5, 8).eval(), torch.randn(3, 7, 6), torch.randn(3, 4, 5)


def test_gives_one_vector_a_patient(case):
    fuse, image, clinical = case
    assert fuse(image, clinical).shape == (3, fuse.out_width)


def test_patients_do_not_mix(case):
    fuse, image, clinical = case
    together = fuse(image, clinical)
    others = fuse(torch.cat([image[:1], 9 * image[1:]]), torch.cat([clinical[:1], 9 * clinical[1:]]))
    assert torch.equal(others[0], together[0])
    assert torch.allclose(fuse(image[:1], clinical[:1]), together[:1], atol=1e-6)


def test_both_modalities_matter_for_a_single_patient(case):
    fuse, image, clinical = case
    image, clinical = image[:1].requires_grad_(), clinical[:1].requires_grad_()
    fuse(image, clinical).square().sum().backward()
    assert bool(image.grad.abs().sum() > 1e-3) and bool(clinical.grad.abs().sum() > 1e-3)


@pytest.mark.parametrize("fusion", [BidirectionalCrossAttention, MutualCoAttention])
def test_attention_makes_modalities_interact_for_a_single_patient(fusion):
    torch.manual_seed(0)
    fuse = fusion(6, 5, 8).eval()
    # Large tokens: the random attention of small ones is nearly flat.
    images, clinicals = 5 * torch.randn(2, 1, 7, 6), 5 * torch.randn(2, 1, 4, 5)
    values = [[fuse(i, c) for c in clinicals] for i in images]
    # Zero for any sum of a function of the image and one of the clinical data.
    interaction = values[0][0] - values[0][1] - values[1][0] + values[1][1]
    assert interaction.abs().max() > 1e-3


def test_order_of_tokens_plays_no_part(case):
    fuse, image, clinical = case
    assert torch.allclose(fuse(image.flip(1), clinical.flip(1)), fuse(image, clinical), atol=1e-6)


def test_gradients_reach_every_parameter(case):
    fuse, image, clinical = case
    assert not without_gradient(fuse.train(), fuse(image, clinical))


def test_late_fusion_is_the_weighted_mean_of_probabilities():
    fuse = LateFusion()
    torch.nn.init.constant_(fuse.weight, 1.0)
    image, clinical = torch.randn(4, 3), torch.randn(4, 3)
    share = torch.sigmoid(torch.tensor(1.0))
    expected = share * image.softmax(1) + (1 - share) * clinical.softmax(1)
    assert torch.allclose(fuse(image, clinical).softmax(1), expected, atol=1e-6)
    assert not without_gradient(fuse, fuse(image, clinical))


def test_tokens_are_the_positions_of_a_map():
    features = torch.randn(2, 3, 2, 4, 5)
    tokens = position_tokens(features)
    assert tokens.shape == (2, 40, 3)
    assert torch.equal(tokens[1, 1 * 20 + 2 * 5 + 3], features[1, :, 1, 2, 3])
