"""Representations of patients that are alike where their outcomes are, and apart where they are not."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, normalize

TEMPERATURE = 0.2
CLEARLY_LATER_MONTHS = 24.0


def cross_modal_contrast(first: Tensor, second: Tensor, temperature: float = TEMPERATURE) -> Tensor:
    """Loss of two views (B, W) of the same patients: each is to know its own among all others.

    Radford et al., ICML 2021 (symmetric InfoNCE).
    """
    likeness = normalize(first, dim=1) @ normalize(second, dim=1).T / temperature
    own = torch.arange(len(first), device=first.device)
    return (cross_entropy(likeness, own) + cross_entropy(likeness.T, own)) / 2


def ordinal_contrast(
    views: Tensor, times: Tensor, events: Tensor, step_months: float, temperature: float = TEMPERATURE
) -> Tensor:
    """Loss of two views (2, B, W): patients with events in the same or the next step are alike.

    Parameters
    ----------
    times, events : (B,) months

    Notes
    -----
    Supervised contrast (Khosla et al., NeurIPS 2020) with steps for classes.
    Whether a censored patient is like another is known only where it was seen
    without the event for two years longer: then they differ. Other such pairs
    are left out.
    """
    flat = normalize(torch.cat([views[0], views[1]]), dim=1)
    times, events = times.repeat(2), events.bool().repeat(2)
    steps = torch.div(times, step_months, rounding_mode="floor")
    both = events[:, None] & events[None, :]
    alike = both & ((steps[:, None] - steps[None, :]).abs() <= 1)
    later = events[:, None] & ~events[None, :] & (times[None, :] > times[:, None] + CLEARLY_LATER_MONTHS)
    apart = (both & ~alike) | later | later.T
    self_pair = torch.eye(len(flat), dtype=torch.bool, device=flat.device)
    alike = alike & ~self_pair
    likeness = flat @ flat.T / temperature
    shown = (alike | apart) & ~self_pair
    total = torch.logsumexp(likeness.masked_fill(~shown, -1e4), dim=1)
    count = alike.sum(dim=1)
    usable = (count > 0) & (shown.sum(dim=1) > count)
    if not bool(usable.any()):
        return flat.sum() * 0.0
    mean = (likeness * alike).sum(dim=1) / count.clamp(min=1)
    return (total - mean)[usable].mean()


def cross_correlation(first: Tensor, second: Tensor) -> Tensor:
    """Mean square of the correlations, over the batch, of two representations (B, W)."""
    parts = []
    for values in (first, second):
        centred = values - values.mean(dim=0)
        parts.append(centred / (centred.square().mean(dim=0) + 1e-4).sqrt())
    return (parts[0].T @ parts[1] / len(first)).square().mean()
