"""Mamba blocks over the phases of a voxel, and over a volume in three orders."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from .selective_scan import SelectiveScan

# Voxels whose phases are scanned together: their states take some dozens of MB.
VOXELS_AT_ONCE = 2**15
SECONDS_PER_MINUTE = 60.0
LONGEST_INTERVAL = 10.0
# Phases are few: steps that are as short as those of long sequences would say nothing.
LONGEST_PHASE_STEP = 1.0


class PhaseMamba(nn.Module):
    """Features of phases, each voxel's scanned along time in both directions; added to what they were.

    Parameters
    ----------
    channels, state : int
    timed : bool
        Whether real intervals drive the scan, or all are alike.
    skipped : float, 0..1
        Part of the phases that a pass leaves out at random, at least one stays; see `scan_masking`.

    Notes
    -----
    The step of the scan is multiplied by the interval in minutes, ten at most. A
    phase that is not there leaves the state as it is, and neither its values nor
    its place matter.
    """

    def __init__(self, channels: int, state: int = 8, *, timed: bool = True, skipped: float = 0.0):
        super().__init__()
        self.timed, self.skipped = timed, skipped
        self.norm = nn.LayerNorm(channels)
        self.enter = nn.Linear(channels, 2 * channels, bias=False)
        self.scans = nn.ModuleList(SelectiveScan(channels, state, LONGEST_PHASE_STEP) for _ in range(2))
        self.leave = nn.Linear(channels, channels, bias=False)

    def forward(self, features: Tensor, times: Tensor, mask: Tensor) -> Tensor:
        """(B, T, C, K, J, I) of the same, at times (B, T) in seconds where mask (B, T) is True."""
        count, phases, channels = features.shape[:3]
        tokens = features.flatten(3).permute(0, 3, 1, 2)
        kept = kept_places(mask, self.skipped)
        both = intervals(times, kept) if self.timed else [torch.ones_like(times)] * 2
        parts = []
        for n in range(count):
            for some in tokens[n].split(VOXELS_AT_ONCE):
                facts = [part[n].expand(len(some), -1) for part in (*both, kept)]
                parts.append(self._scanned(some, *facts))
        changed = torch.cat(parts).reshape(count, -1, phases, channels).permute(0, 2, 3, 1)
        return features + changed.reshape(features.shape)

    def _scanned(self, tokens: Tensor, since: Tensor, until: Tensor, kept: Tensor) -> Tensor:
        values, gate = self.enter(self.norm(tokens)).chunk(2, dim=-1)
        values = functional.silu(values)
        forward = self.scans[0](values, since, kept)
        backward = self.scans[1](values.flip(1), until.flip(1), kept.flip(1)).flip(1)
        return self.leave((forward + backward) * functional.silu(gate))


class TriScanMamba(nn.Module):
    """Features of a volume scanned voxel by voxel forwards, backwards and across slices; added to what they were.

    Parameters
    ----------
    channels, state : int
    kernel : int
        Voxels of the convolution before each scan.
    skipped : float, 0..1
        Part of the voxels that a pass leaves out at random; see `kept_places`.

    Notes
    -----
    Xing et al., SegMamba, MICCAI 2024: the three orders are summed.
    """

    def __init__(self, channels: int, state: int = 8, kernel: int = 4, *, skipped: float = 0.0):
        super().__init__()
        self.skipped = skipped
        self.norm = nn.LayerNorm(channels)
        self.enter = nn.Linear(channels, 2 * channels, bias=False)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(channels, channels, kernel, padding=kernel - 1, groups=channels) for _ in range(3)
        )
        self.scans = nn.ModuleList(SelectiveScan(channels, state) for _ in range(3))
        self.leave = nn.Linear(channels, channels, bias=False)

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, K, J, I) of the same."""
        size = features.shape[2:]
        tokens = features.flatten(2).transpose(1, 2)
        values, gate = self.enter(self.norm(tokens)).chunk(2, dim=-1)
        total = torch.zeros_like(values)
        for number in range(3):
            order = _order(size, number).to(values.device)
            scanned = self._scanned(number, values[:, order])
            total = total + scanned[:, order.argsort()]
        changed = self.leave(total * functional.silu(gate)).transpose(1, 2)
        return features + changed.reshape(features.shape)

    def _scanned(self, number: int, values: Tensor) -> Tensor:
        length = values.shape[1]
        smooth = self.convolutions[number](values.transpose(1, 2))[..., :length].transpose(1, 2)
        everything = torch.ones(values.shape[:2], dtype=torch.bool, device=values.device)
        kept = kept_places(everything, self.skipped) if self.skipped else None
        return self.scans[number](functional.silu(smooth), kept=kept)


def scan_masking(network: nn.Module, part: float) -> None:
    """Let all scans of a network leave out a part of their places at random, also after training; 0 for none.

    Several passes then differ, and their spread says how sure the network is:
    the arbitrary-mask Mamba of Huang et al., MambaMIR, arXiv 2402.18451 (2024).
    """
    for module in network.modules():
        if isinstance(module, (PhaseMamba, TriScanMamba)):
            module.skipped = part


def kept_places(mask: Tensor, skipped: float) -> Tensor:
    """(B, L) bool: places of a mask less a random part of them; the likeliest stays where none would."""
    if not skipped:
        return mask
    chance = torch.where(mask, torch.rand(mask.shape, device=mask.device), torch.full_like(mask, -1, dtype=torch.float))
    best = chance == chance.max(dim=1, keepdim=True).values
    return mask & ((chance >= skipped) | best)


def intervals(times: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """(B, T) minutes since the phase before, and until the next, of those that are there; 1 where there is none."""
    nothing = torch.full_like(times, -torch.inf)
    since = _since(torch.where(mask, times, nothing))
    until = _since(torch.where(mask, -times, nothing).flip(1)).flip(1)
    return since, until


def _since(times: Tensor) -> Tensor:
    """Minutes since the latest of the places before; times rise, what is not there is -inf."""
    before = torch.cat([torch.full_like(times[:, :1], -torch.inf), times[:, :-1]], dim=1).cummax(dim=1).values
    minutes = (times - before) / SECONDS_PER_MINUTE
    return torch.where(minutes.isfinite(), minutes, torch.ones_like(minutes)).clamp(0.0, LONGEST_INTERVAL)


def _order(size: tuple[int, ...], number: int) -> Tensor:
    """Voxels of a volume in the order of a scan: along I, backwards, or along K first."""
    places = torch.arange(size[0] * size[1] * size[2]).reshape(size)
    return (places.flatten(), places.flatten().flip(0), places.permute(1, 2, 0).flatten())[number]
