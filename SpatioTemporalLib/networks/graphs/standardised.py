"""Features with gaps, standardised as they were in the training patients."""

from __future__ import annotations

import torch
from torch import Tensor, nn

SMALLEST = 1e-6
# Standard deviations; what lies farther off was never learned from.
FARTHEST = 6.0


class Standardised(nn.Module):
    """Features (..., F) with NaN where not known to (..., 2 F): standardised, 0 for gaps, and 1 where known.

    hidden : numbers of features that are never shown; what no training patient had joins them, since the layers that
    follow never learned what it means.
    """

    def __init__(self, count: int, hidden: tuple[int, ...] = ()):
        super().__init__()
        self.register_buffer("mean", torch.zeros(count))
        self.register_buffer("scale", torch.ones(count))
        shown = torch.ones(count)
        shown[list(hidden)] = 0.0
        self.register_buffer("shown", shown)

    def learn(self, values: Tensor) -> None:
        """Take mean and standard deviation of (N, F) values; features that never vary among them are hidden."""
        known = torch.isfinite(values)
        count = known.sum(dim=0)
        clean = torch.where(known, values, torch.zeros_like(values)).double()
        mean = clean.sum(dim=0) / count.clamp(min=1)
        spread = torch.where(known, (clean - mean) ** 2, torch.zeros_like(clean)).sum(dim=0) / count.clamp(min=1)
        scale = spread.sqrt()
        usable = (count > 1) & (scale > SMALLEST)
        self.mean.copy_(mean.float())
        self.scale.copy_(torch.where(usable, scale, torch.ones_like(scale)).float())
        self.shown.mul_(usable)

    def forward(self, values: Tensor) -> Tensor:
        known = torch.isfinite(values)
        plain = torch.where(known, (values - self.mean) / self.scale, torch.zeros_like(values)).clamp(
            -FARTHEST, FARTHEST
        )
        return torch.cat([plain * self.shown, known.to(values) * self.shown], dim=-1)
