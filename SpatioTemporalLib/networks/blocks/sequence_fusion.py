"""Temporal fusion over any number of visits at their real times."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor, nn

from .conditioning import TimeFeatures
from .visits import chronological, require_visits

Decay = Literal["logarithmic", "inverse"]

DAYS_PER_MONTH = 365.25 / 12


def memory_left(intervals: Tensor, decay: Decay) -> Tensor:
    """Share (...,) of short-term memory left after intervals (...,), 1 at none, falling.

    The logarithmic decay suits long gaps, the inverse one short gaps; the
    inverse is held at 1 below one unit, where 1 / interval would amplify.
    """
    if decay == "inverse":
        return 1 / intervals.clamp(min=1.0)
    return 1 / (math.e + intervals).log()


class TimeAwareLSTM(nn.Module):
    """The last state of an LSTM whose short-term memory fades with the days between visits.

    Parameters
    ----------
    channels : int
    hidden : int
    decay : str
        See `memory_left`.
    unit_days : float
        Length of the unit in which the decay counts intervals.

    Notes
    -----
    Baytas et al., KDD 2017, section 3.2: the cell state is C - S + S g(interval)
    with S = tanh(W C + b), then an ordinary LSTM step. An interval of zero
    leaves an ordinary LSTM.
    """

    def __init__(self, channels: int, hidden: int, decay: Decay = "logarithmic", unit_days: float = DAYS_PER_MONTH):
        super().__init__()
        self.out_channels = hidden
        self.decay = decay
        self.unit_days = unit_days
        self.cell = nn.LSTMCell(channels, hidden)
        self.short_term = nn.Linear(hidden, hidden)

    def forward(self, features: Tensor, times: Tensor, mask: Tensor) -> Tensor:
        """(B, T, D) to (B, hidden)."""
        require_visits(mask, 1)
        features, times, mask = chronological(features, times, mask)
        state = memory = features.new_zeros(len(features), self.out_channels)
        since = times[:, :1]
        intervals = torch.diff(times, dim=1, prepend=since).masked_fill(~mask, 0.0) / self.unit_days
        for visit in range(features.shape[1]):
            short = self.short_term(memory).tanh()
            left = memory_left(intervals[:, visit, None], self.decay)
            new_state, memory = self.cell(features[:, visit], (state, memory - short + short * left))
            # Unobserved visits come last: nothing is read from the memory once one was met.
            state = torch.where(mask[:, visit, None], new_state, state)
        return state


class GRUOverTime(nn.Module):
    """The last state of a gated recurrent unit over the observed visits; their order counts, their days do not."""

    def __init__(self, channels: int, hidden: int):
        super().__init__()
        self.out_channels = hidden
        # A cell, not PyTorch's whole GRU: on a GPU that one gives no gradients outside training.
        self.cell = nn.GRUCell(channels, hidden)

    def forward(self, features: Tensor, times: Tensor, mask: Tensor) -> Tensor:
        """(B, T, D) to (B, hidden)."""
        require_visits(mask, 1)
        features, _, mask = chronological(features, times, mask)
        state = features.new_zeros(len(features), self.out_channels)
        for visit in range(features.shape[1]):
            state = torch.where(mask[:, visit, None], self.cell(features[:, visit], state), state)
        return state


class TransformerOverTime(nn.Module):
    """What a learned query gathers from the visits, each placed at its real time.

    Times count from each patient's latest visit, so that the day which is
    called zero plays no part. Unobserved visits are left out of the attention.

    Notes
    -----
    Vaswani et al., NeurIPS 2017, as encoder with a class token (Devlin et al.,
    NAACL 2019), normalised before each sublayer.
    """

    def __init__(self, channels: int, *, heads: int = 4, layers: int = 2, dropout: float = 0.0):
        super().__init__()
        self.out_channels = channels
        self.time_features = TimeFeatures(2 * (channels // 2))
        self.place = nn.Linear(2 * (channels // 2), channels)
        self.query = nn.Parameter(torch.randn(channels) / channels**0.5)
        layer = nn.TransformerEncoderLayer(channels, heads, 4 * channels, dropout, batch_first=True, norm_first=True)
        # The nested form is not made for layers that are normalised first.
        self.encoder = nn.TransformerEncoder(layer, layers, nn.LayerNorm(channels), enable_nested_tensor=False)

    def forward(self, features: Tensor, times: Tensor, mask: Tensor) -> Tensor:
        """(B, T, D) to (B, D)."""
        require_visits(mask, 1)
        features, times, mask = chronological(features, times, mask)
        latest = times.masked_fill(~mask, -torch.inf).amax(dim=1, keepdim=True)
        visits = features + self.place(self.time_features(times - latest))
        query = self.query.expand(len(features), 1, -1)
        absent = torch.cat([torch.zeros_like(mask[:, :1]), ~mask], dim=1)
        return self.encoder(torch.cat([query, visits], dim=1), src_key_padding_mask=absent)[:, 0]
