"""Visits of a batch: which were observed, in what order, and one encoder for all of them."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ...errors import InputError


class EachVisit(nn.Module):
    """One encoder with the same weights for every visit.

    Only observed visits are encoded, so that an unobserved one influences
    neither the batch statistics of a normalisation nor, if it holds NaN, a
    gradient.

    Parameters
    ----------
    encoder : module, (N, C, K, J, I) to (N, D, ...)
    """

    def __init__(self, encoder: nn.Module):
        super().__init__()
        self.encoder = encoder

    def forward(self, images: Tensor, mask: Tensor) -> Tensor:
        """Features (B, T, D, ...) of images (B, T, C, K, J, I); zero where mask (B, T) is False."""
        require_visits(mask, 1)
        encoded = self.encoder(images[mask])
        features = encoded.new_zeros(*mask.shape, *encoded.shape[1:])
        features[mask] = encoded
        return features


def require_visits(mask: Tensor, count: int) -> None:
    """Refuse a batch in which a patient has fewer observed visits than a method needs.

    Raises
    ------
    InputError
        ``E-VISITS``.
    """
    observed = mask.sum(dim=1)
    if bool((observed < count).any()):
        patient = int((observed < count).nonzero()[0])
        raise InputError(
            "E-VISITS",
            f"patient {patient} of the batch has {int(observed[patient])} observed visits, {count} are needed",
            fix="Leave the patient out, or choose a temporal fusion that needs fewer visits.",
        )


def chronological(features: Tensor, times: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Observed visits first, by time; features and times of the others are zero.

    Parameters
    ----------
    features : (B, T, ...)
    times : (B, T), days
    mask : (B, T), bool

    Returns
    -------
    features (B, T, ...), times (B, T), mask (B, T)
    """
    order = times.masked_fill(~mask, torch.inf).argsort(dim=1, stable=True)
    mask = mask.gather(1, order)
    times = times.gather(1, order).masked_fill(~mask, 0.0)
    rows = torch.arange(len(order), device=order.device)[:, None]
    # Filled, not multiplied by zero: an unobserved visit may hold NaN.
    return features[rows, order].masked_fill(~_like(mask, features), 0.0), times, mask


def first_and_last(features: Tensor, times: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Features (B, ...) of the earliest and of the latest observed visit; each patient needs two."""
    require_visits(mask, 2)
    ordered, _, mask = chronological(features, times, mask)
    return ordered[:, 0], _latest(ordered, mask)


def last(features: Tensor, times: Tensor, mask: Tensor) -> Tensor:
    """Features (B, ...) of the latest observed visit."""
    require_visits(mask, 1)
    ordered, _, mask = chronological(features, times, mask)
    return _latest(ordered, mask)


def interval(times: Tensor, mask: Tensor) -> Tensor:
    """Days (B,) from the earliest to the latest observed visit."""
    earliest = times.masked_fill(~mask, torch.inf).amin(dim=1)
    return times.masked_fill(~mask, -torch.inf).amax(dim=1) - earliest


def only_earliest(times: Tensor, mask: Tensor) -> Tensor:
    """A mask (B, T) of the earliest observed visit alone."""
    require_visits(mask, 1)
    chosen = times.masked_fill(~mask, torch.inf).argmin(dim=1, keepdim=True)
    return torch.zeros_like(mask).scatter(1, chosen, True)


def only_latest(times: Tensor, mask: Tensor) -> Tensor:
    """A mask (B, T) of the latest observed visit alone."""
    require_visits(mask, 1)
    chosen = times.masked_fill(~mask, -torch.inf).argmax(dim=1, keepdim=True)
    return torch.zeros_like(mask).scatter(1, chosen, True)


def _latest(ordered: Tensor, mask: Tensor) -> Tensor:
    return ordered[torch.arange(len(mask), device=mask.device), mask.sum(dim=1) - 1]


def _like(mask: Tensor, features: Tensor) -> Tensor:
    return mask.reshape(*mask.shape, *[1] * (features.ndim - 2))
