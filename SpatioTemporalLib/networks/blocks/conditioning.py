"""Conditioning of image features on times and other known facts."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


class TimeFeatures(nn.Module):
    """Sines and cosines of a time at periods from short to long.

    Parameters
    ----------
    count : int
        Even; half of them are sines.
    shortest, longest : float, days
        Periods, in geometric steps. The longest must exceed the times, or two
        of them look the same.

    Notes
    -----
    Vaswani et al., NeurIPS 2017, section 3.5, with real times for positions.
    """

    def __init__(self, count: int, shortest: float = 30.0, longest: float = 10000.0):
        super().__init__()
        steps = torch.linspace(0.0, 1.0, count // 2)
        periods = shortest * (longest / shortest) ** steps
        self.register_buffer("frequencies", 2 * math.pi / periods, persistent=False)

    def forward(self, times: Tensor) -> Tensor:
        """(...,) days to (..., count)."""
        angles = times[..., None] * self.frequencies
        return torch.cat([angles.sin(), angles.cos()], dim=-1)


class TimeMLP(nn.Module):
    """A learned vector (..., width) of times (...,) in days."""

    def __init__(self, width: int, count: int = 16):
        super().__init__()
        self.layers = nn.Sequential(
            TimeFeatures(count), nn.Linear(count, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU()
        )

    def forward(self, times: Tensor) -> Tensor:
        """(...,) days to (..., width)."""
        return self.layers(times)


class FiLM(nn.Module):
    """Channels scaled by 1 + gamma and shifted by beta, both linear in a condition; the identity at the start.

    Place it after a normalisation and before the activation: an instance or
    group normalisation that follows would take the scale and the shift out again.

    Notes
    -----
    Perez et al., AAAI 2018, eq. 1-2. The linear map starts at zero, so that a
    network with it starts as the same network without it.
    """

    def __init__(self, condition_width: int, channels: int):
        super().__init__()
        self.gamma_beta = nn.Linear(condition_width, 2 * channels)
        nn.init.zeros_(self.gamma_beta.weight)
        nn.init.zeros_(self.gamma_beta.bias)

    def forward(self, features: Tensor, condition: Tensor) -> Tensor:
        """Features (B, C, ...) under a condition (B, condition_width)."""
        gamma, beta = self.gamma_beta(condition).chunk(2, dim=1)
        shape = (*gamma.shape, *[1] * (features.ndim - 2))
        return (1 + gamma.reshape(shape)) * features + beta.reshape(shape)
