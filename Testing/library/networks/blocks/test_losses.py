"""The losses agree where they must."""

from __future__ import annotations

import pytest
import torch

from SpatioTemporalLib.networks.blocks.losses import ClassificationLoss

LOGITS = torch.tensor([[1.0, -0.5, 0.2], [0.1, 2.0, -1.0], [3.0, 0.0, 0.5]])
LABELS = torch.tensor([0, 2, 1])


def test_focal_without_focus_is_cross_entropy():
    focal, plain = ClassificationLoss("focal", focus=0.0), ClassificationLoss()
    assert focal(LOGITS, LABELS) == pytest.approx(plain(LOGITS, LABELS).item(), rel=1e-5)


def test_focal_follows_its_equation():
    probability = LOGITS.softmax(1)[range(3), LABELS]
    expected = (-((1 - probability) ** 2) * probability.log()).mean()
    assert ClassificationLoss("focal")(LOGITS, LABELS) == pytest.approx(expected.item(), rel=1e-5)


def test_binary_is_cross_entropy_of_a_logit_against_zero():
    logit, labels = torch.tensor([[0.7], [-1.2], [0.1]]), torch.tensor([1, 0, 0])
    two = torch.cat([torch.zeros_like(logit), logit], dim=1)
    expected = ClassificationLoss()(two, labels).item()
    assert ClassificationLoss("binary")(logit, labels) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("kind", ["cross_entropy", "focal"])
def test_class_weights_move_the_loss_to_a_class(kind):
    weights = torch.tensor([1.0, 1.0, 8.0])
    logits = LOGITS.clone().requires_grad_()
    ClassificationLoss(kind, weights)(logits, LABELS).backward()
    plain = LOGITS.clone().requires_grad_()
    ClassificationLoss(kind)(plain, LABELS).backward()

    def share(gradient):
        return gradient[1].abs().sum() / gradient.abs().sum()

    assert share(logits.grad) > share(plain.grad)
