"""The selective state space of Mamba as a chunked scan in plain torch: no compiled extension, bounded memory."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

CHUNK = 64
# Places that are gone through one by one: for few of them it takes a third of the memory of all prefixes at once.
FEW = 8
# Of the steps at the start; Gu and Dao take them from 0.001 to 0.1, for sequences of thousands.
SHORTEST_STEP, LONGEST_STEP = 1e-3, 1e-1


class SelectiveScan(nn.Module):
    """What a state that is driven and forgotten by its inputs says at each place of a sequence.

    .. math:: h_k = e^{\\Delta_k A} h_{k-1} + \\Delta_k B_k u_k, \\quad y_k = \\langle C_k, h_k \\rangle + D u_k

    with A < 0 for each channel and state, and Delta, B and C linear in u; Delta is
    made positive by a softplus and multiplied by the real interval where one is given.

    Parameters
    ----------
    channels : int
    state : int
        Numbers that the state keeps of each channel.
    longest_step : float
        Of Delta at the start.

    Notes
    -----
    Gu and Dao, Mamba, arXiv 2312.00752 (2023), algorithm 2. Within a chunk all
    prefixes are made by doubling (Hillis and Steele, Commun ACM 29:1170, 1986);
    from chunk to chunk the state is carried on. Dividing by a cumulated product,
    which is quicker, overflows float32 after some dozens of steps.
    """

    def __init__(self, channels: int, state: int = 8, longest_step: float = LONGEST_STEP):
        super().__init__()
        self.rank, self.state = max(channels // 16, 1), state
        self.project = nn.Linear(channels, self.rank + 2 * state, bias=False)
        self.step = nn.Linear(self.rank, channels)
        self.log_decay = nn.Parameter(torch.arange(1.0, state + 1).log().repeat(channels, 1))
        self.direct = nn.Parameter(torch.ones(channels))
        low, high = math.log(SHORTEST_STEP), math.log(longest_step)
        steps = (low + (high - low) * torch.rand(channels)).exp()
        with torch.no_grad():
            # The inverse of the softplus.
            self.step.bias.copy_(steps + (-(-steps).expm1()).log())

    def forward(self, inputs: Tensor, intervals: Tensor | None = None, kept: Tensor | None = None) -> Tensor:
        """Outputs (B, L, D) of inputs (B, L, D).

        Parameters
        ----------
        intervals : (B, L), optional
            Since the place before, about 1 on average.
        kept : (B, L) bool, optional
            What is False is passed over: the state stays as it is.
        """
        # Products of many factors near one lose what half precision has.
        with torch.autocast(inputs.device.type, enabled=False):
            inputs = inputs if inputs.dtype == torch.float64 else inputs.float()
            low, drive, read = self.project(inputs).split([self.rank, self.state, self.state], dim=-1)
            steps = functional.softplus(self.step(low))
            if intervals is not None:
                steps = steps * intervals[..., None].to(steps)
            if kept is not None:
                steps = torch.where(kept[..., None], steps, torch.zeros_like(steps))
            return self._scanned(inputs, steps, drive, read) + self.direct * inputs

    def _scanned(self, inputs: Tensor, steps: Tensor, drive: Tensor, read: Tensor) -> Tensor:
        rate = -self.log_decay.exp()
        state = inputs.new_zeros(len(inputs), inputs.shape[2], self.state)
        if inputs.shape[1] <= FEW:
            return _one_by_one(state, rate, inputs, steps, drive, read)
        outputs = []
        for begin in range(0, inputs.shape[1], CHUNK):
            parts = [part[:, begin : begin + CHUNK] for part in (inputs, steps, drive, read)]
            # A chunk's states are made again for the gradient: kept, they are `state` times the input.
            if torch.is_grad_enabled() and inputs.shape[1] > CHUNK:
                given, state = checkpoint(_chunk, state, rate, *parts, use_reentrant=False)
            else:
                given, state = _chunk(state, rate, *parts)
            outputs.append(given)
        return torch.cat(outputs, dim=1)


def _one_by_one(state: Tensor, rate: Tensor, inputs: Tensor, steps: Tensor, drive: Tensor, read: Tensor) -> Tensor:
    """Outputs (B, L, D)."""
    outputs = []
    for n in range(inputs.shape[1]):
        decay = (steps[:, n, :, None] * rate).exp()
        state = torch.addcmul((steps[:, n] * inputs[:, n])[..., None] * drive[:, n, None, :], decay, state)
        outputs.append(torch.einsum("bdn,bn->bd", state, read[:, n]))
    return torch.stack(outputs, dim=1)


def _chunk(state: Tensor, rate: Tensor, inputs: Tensor, steps: Tensor, drive: Tensor, read: Tensor):
    """Outputs (B, c, D) of a chunk, and the state (B, D, N) after it."""
    decay = (steps[..., None] * rate).exp()
    added = (steps * inputs)[..., None] * drive[:, :, None, :]
    reach = 1
    while reach < inputs.shape[1]:
        # Each place takes in what the one `reach` before it has gathered.
        earlier, before = decay[:, :-reach], added[:, :-reach]
        added = torch.cat([added[:, :reach], added[:, reach:] + decay[:, reach:] * before], dim=1)
        decay = torch.cat([decay[:, :reach], decay[:, reach:] * earlier], dim=1)
        reach *= 2
    states = added + decay * state[:, None]
    return (states * read[:, :, None, :]).sum(dim=-1), states[:, -1]
