"""Networks whose explanation is known in closed form, and a batch for them."""

from __future__ import annotations

import torch
from library.networks.checks import visits
from torch import nn

from SpatioTemporalLib.networks.cases.batch import Batch


class Weighted(nn.Module):
    """Log-odds of class 1 are the sum of weight x value^power over the observed visits."""

    def __init__(self, shape, power: int = 1):
        super().__init__()
        self.weights = nn.Parameter(torch.randn(shape, generator=torch.Generator().manual_seed(5)))
        self.power = power

    def forward(self, images, times, mask, covariates, covariate_mask):
        seen = images.masked_fill(~mask[:, :, None, None, None, None], 0.0)
        score = (self.weights * seen**self.power).flatten(1).sum(dim=1)
        return torch.stack([torch.zeros_like(score), score], dim=1)


def plain_batch(channels: int = 2, size: int = 4) -> Batch:
    """Three patients with two to four visits of a cube, no covariate known; unobserved visits hold NaN."""
    images, times, mask = visits(channels, size, size, size)
    images[~mask] = torch.nan
    return Batch(images, times, mask, torch.zeros(3, 1), torch.zeros(3, 1, dtype=torch.bool))
