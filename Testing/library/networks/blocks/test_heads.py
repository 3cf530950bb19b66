"""Heads; the angular margin is really there."""

from __future__ import annotations

import math

import pytest
import torch
from library.networks.checks import without_gradient

from SpatioTemporalLib.networks.blocks.heads import (
    AngularHead,
    ClassificationHead,
    margin_cosine,
    margin_relaxation,
)


def test_gradients_reach_every_parameter_of_the_classification_head():
    torch.manual_seed(0)
    head = ClassificationHead(4, 8, classes=3)
    logits = head(torch.randn(5, 4))
    assert logits.shape == (5, 3)
    assert not without_gradient(head, logits)


@pytest.mark.parametrize("margin", [1, 2, 3, 4])
def test_margin_is_that_of_the_multiple_angle_and_falls_all_the_way(margin):
    angle = torch.linspace(0, math.pi, 1001, dtype=torch.float64)
    value = margin_cosine(angle.cos(), margin)
    part = torch.floor(angle * margin / math.pi).clamp(max=margin - 1)
    assert torch.allclose(value, (-1) ** part * (margin * angle).cos() - 2 * part, atol=1e-9)
    assert bool((value.diff() < 1e-9).all())
    assert bool((value <= angle.cos() + 1e-9).all())


def test_margin_lowers_the_true_class_alone():
    torch.manual_seed(0)
    head, features, labels = AngularHead(4, 3), torch.randn(6, 4), torch.tensor([0, 1, 2, 0, 1, 2])
    plain, hard = head(features), head.with_margin(features, labels, relaxation=0.0)
    true = torch.nn.functional.one_hot(labels, 3).bool()
    assert torch.equal(plain[~true], hard[~true])
    assert bool((hard[true] < plain[true] - 1e-3).all())
    assert torch.allclose(head.with_margin(features, labels, relaxation=1e9), plain, atol=1e-5)


def test_scores_are_length_times_cosine_whatever_the_length_of_the_directions():
    torch.manual_seed(0)
    head, features = AngularHead(4), torch.randn(6, 4)
    cosine = torch.nn.functional.cosine_similarity(features[:, None], head.directions[None], dim=2)
    assert torch.allclose(head(features), features.norm(dim=1, keepdim=True) * cosine, atol=1e-5)


def test_gradients_of_the_margin_are_finite_along_a_direction_and_reach_it():
    head = AngularHead(3)
    features = torch.stack([2 * head.directions.detach()[0], torch.zeros(3), torch.ones(3)]).requires_grad_()
    out = head.with_margin(features, torch.tensor([0, 1, 1]), relaxation=5.0)
    assert not without_gradient(head, out)
    assert head.directions.grad.isfinite().all() and features.grad.isfinite().all()


def test_relaxation_falls_from_1500_to_5():
    assert margin_relaxation(0) == 1500
    assert margin_relaxation(10) == 750
    assert margin_relaxation(10**5) == 5
