"""When the phases of a dynamic series were acquired, as networks are told it."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..blocks.conditioning import TimeFeatures

SECONDS_PER_MINUTE = 60.0
FREQUENCIES = 8
# Periods, minutes: shorter ones than the curves change in would let each patient be known by its times.
SHORTEST, LONGEST = 4.0, 64.0


def time_generator(phases: int, hidden: int) -> nn.Sequential:
    """From (B, T) minutes to a condition (B, hidden)."""
    return nn.Sequential(
        TimeFeatures(2 * FREQUENCIES, SHORTEST, LONGEST),
        nn.Flatten(),
        nn.Linear(2 * FREQUENCIES * phases, hidden),
        nn.SiLU(),
        nn.Linear(hidden, hidden),
        nn.SiLU(),
    )


def condition_of(generator: nn.Module | None, times: Tensor, mask: Tensor) -> Tensor | None:
    """(B, hidden) of times (B, T) in seconds where mask (B, T) is True; None without a generator."""
    if generator is None:
        return None
    return generator(torch.where(mask, times, torch.zeros_like(times)) / SECONDS_PER_MINUTE)


def phases_as_channels(images: Tensor, mask: Tensor, phases: int) -> Tensor:
    """(B, T C, K, J, I) of images (B, T, C, K, J, I); zero where there is none. So many phases are expected."""
    if images.shape[1] != phases:
        raise ValueError(f"{images.shape[1]} phases were given, {phases} expected")
    present = mask[:, :, None, None, None, None]
    return torch.where(present, images, torch.zeros_like(images)).flatten(1, 2)
