"""Mixing of the features of patients while training."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn


@dataclass(frozen=True, eq=False)
class Mixed:
    """Features (B, ...), each mixed with those of a partner.

    share : (B,), 0..1, what is left of a patient's own. partner : (B,), rows of the batch.
    """

    features: Tensor
    share: Tensor
    partner: Tensor

    def cross_entropy(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Loss of logits (B, classes) of the mixed features against both labels (B,), by their shares."""
        own, others = (nn.functional.cross_entropy(logits, y, reduction="none") for y in (labels, labels[self.partner]))
        return (self.share * own + (1 - self.share) * others).mean()


def mixed(features: Tensor, concentration: float, generator: torch.Generator) -> Mixed:
    """Features (B, ...) of each patient mixed with those of another, drawn at random.

    Parameters
    ----------
    features : (B, ...)
    concentration : float
        Of the Beta distribution of the shares; below 1 most are near 0 or 1, and 0 mixes nothing.
    generator : torch.Generator, on the CPU

    Notes
    -----
    Zhang et al., mixup, ICLR 2018, between layers as in manifold mixup (Verma
    et al., ICML 2019), with a share of its own for each patient.
    """
    count = len(features)
    partner = torch.randperm(count, generator=generator)
    # PyTorch's Beta distribution takes no generator.
    seed = int(torch.randint(2**62, (), generator=generator))
    drawn = np.random.default_rng(seed).beta(concentration, concentration, count) if concentration else np.ones(count)
    share = torch.as_tensor(drawn).to(features)
    column = share.reshape(-1, *[1] * (features.ndim - 1))
    partner = partner.to(features.device)
    return Mixed(column * features + (1 - column) * features[partner], share, partner)
