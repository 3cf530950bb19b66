"""Pooling of the members of a set by learned weights."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class GatedAttentionPooling(nn.Module):
    """Weighted mean of the members of a set, by weights that each member's own features give.

    Parameters
    ----------
    channels : int
    hidden : int

    Notes
    -----
    Ilse et al., ICML 2018, eq. 9: the weight of a member h is proportional to
    exp(w (tanh(V h) * sigmoid(U h))).
    """

    def __init__(self, channels: int, hidden: int):
        super().__init__()
        self.content = nn.Linear(channels, hidden)
        self.gate = nn.Linear(channels, hidden)
        # No bias: the softmax would take it out again.
        self.score = nn.Linear(hidden, 1, bias=False)

    def weights(self, members: Tensor) -> Tensor:
        """(B, S, channels) to (B, S), which sum to one over the set."""
        return self.score(self.content(members).tanh() * self.gate(members).sigmoid())[..., 0].softmax(dim=1)

    def forward(self, members: Tensor) -> Tensor:
        """(B, S, channels) to (B, channels)."""
        return torch.einsum("bs,bsd->bd", self.weights(members), members)
