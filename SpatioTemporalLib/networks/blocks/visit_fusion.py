"""Temporal fusion without recurrence: the features of a patient's visits become one."""

from __future__ import annotations

from typing import Literal

import torch
from monai.networks.blocks import Convolution
from torch import Tensor, nn

from .normalisation import norm_layer
from .visits import chronological, first_and_last, last, require_visits

ResidualForm = Literal["difference", "published"]


class LastVisit(nn.Module):
    """The latest observed visit alone: what a network of one time point sees."""

    def __init__(self, channels: int):
        super().__init__()
        self.out_channels = channels

    def forward(self, features: Tensor, times: Tensor, mask: Tensor) -> Tensor:
        """(B, T, D, ...) to (B, D, ...)."""
        return last(features, times, mask)


class MaskedMean(nn.Module):
    """Mean of the observed visits; their order and their times play no part."""

    def __init__(self, channels: int):
        super().__init__()
        self.out_channels = channels

    def forward(self, features: Tensor, times: Tensor, mask: Tensor) -> Tensor:
        """(B, T, D, ...) to (B, D, ...)."""
        require_visits(mask, 1)
        ordered, _, mask = chronological(features, times, mask)
        counts = mask.sum(dim=1).reshape(-1, *[1] * (features.ndim - 2))
        return ordered.sum(dim=1) / counts


class ConcatTwo(nn.Module):
    """The earliest and the latest observed visit, one's channels after the other's."""

    def __init__(self, channels: int):
        super().__init__()
        self.out_channels = 2 * channels

    def forward(self, features: Tensor, times: Tensor, mask: Tensor) -> Tensor:
        """(B, T, D, ...) to (B, 2 D, ...)."""
        return torch.cat(first_and_last(features, times, mask), dim=1)


class Difference(nn.Module):
    """Change from the earliest to the latest observed visit, with its sign and without."""

    def __init__(self, channels: int):
        super().__init__()
        self.out_channels = 2 * channels

    def forward(self, features: Tensor, times: Tensor, mask: Tensor) -> Tensor:
        """(B, T, D, ...) to (B, 2 D, ...)."""
        first, latest = first_and_last(features, times, mask)
        return torch.cat([latest - first, (latest - first).abs()], dim=1)


class TemporalResidualFusion(nn.Module):
    """The latest visit and what a convolution makes of both, weighted by learned gates.

    Parameters
    ----------
    channels : int
    form : str
        "difference" convolves first, last and last - first at their own size,
        by 1x1x1 to half the channels, normalised in groups so that a small change
        is not lost beside the latest visit, and then 3x3x3. "published" magnifies both
        twice, averages back to their own size and convolves 3x3x3, which blurs
        small maps strongly.

    Notes
    -----
    CSF-Net, eq. 1-2: sigmoid(g0) F(first, last) + sigmoid(g1) last, where g
    starts at 0.3 and 0.7.
    """

    def __init__(self, channels: int, form: ResidualForm = "difference"):
        super().__init__()
        self.out_channels = channels
        self.form = form
        self.gates = nn.Parameter(torch.tensor([0.3, 0.7]))
        if form == "published":
            self.both = nn.Conv3d(2 * channels, channels, 3, padding=1)
        else:
            half = max(channels // 2, 1)
            norm = norm_layer("group", half)
            self.both = nn.Sequential(
                Convolution(3, 3 * channels, half, kernel_size=1, act="relu", norm=norm, bias=False),
                nn.Conv3d(half, channels, 3, padding=1),
            )

    def forward(self, features: Tensor, times: Tensor, mask: Tensor) -> Tensor:
        """(B, T, D, K, J, I) to (B, D, K, J, I)."""
        first, latest = first_and_last(features, times, mask)
        to_both, to_latest = self.gates.sigmoid()
        return to_both * self._both(first, latest) + to_latest * latest

    def _both(self, first: Tensor, latest: Tensor) -> Tensor:
        if self.form == "difference":
            return self.both(torch.cat([first, latest, latest - first], dim=1))
        stacked = torch.cat([first, latest], dim=1)
        large = nn.functional.interpolate(stacked, scale_factor=2, mode="trilinear", align_corners=False)
        return self.both(nn.functional.adaptive_avg_pool3d(large, stacked.shape[2:]))
