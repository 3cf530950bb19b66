"""A segmentation, and how far it differs: between networks, between later phases, or by chance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from ...context import Context
from ...errors import counted
from ..bundle.facts import BundleFacts
from ..cases.phases import shown_at_once
from ..explanation.uncertainty import drops
from ..voxelwise.mamba import PhaseMamba, TriScanMamba, scan_masking
from .segmentation import logit_map

# Part of the places of a scan that a pass leaves out.
LEFT_OUT = 0.1
SCANS, DROPOUT = "scans with a tenth of their places left out", "dropout"


@dataclass(frozen=True)
class Shown:
    """What networks are shown: phases (T, K, J, I) scaled, their seconds (T,), and the device."""

    phases: np.ndarray
    seconds: np.ndarray
    device: str

    def some(self, rows: Sequence[int]) -> Shown:
        return Shown(self.phases[list(rows)], self.seconds[list(rows)], self.device)


@dataclass(frozen=True, eq=False)
class Segmented:
    """logits : (K, J, I) mean over networks and later phases. deviation : (K, J, I) standard deviation of the
    probability, None where nothing differs. voxels : (S,) found by each sample. spread_of : what the samples are.
    """

    logits: np.ndarray
    deviation: np.ndarray | None
    voxels: np.ndarray
    spread_of: str


def segmented(
    networks: Sequence[nn.Module], facts: BundleFacts, shown: Shown, threshold: float, passes: int, context: Context
) -> Segmented:
    """What networks find, with the best spread that they allow: of random passes, networks, or later phases.

    Parameters
    ----------
    threshold : probability from which a voxel is part of the structure
    passes : random ones, of networks with scans or dropout; 0 for none

    Notes
    -----
    Random passes: Gal and Ghahramani, ICML 2016, for dropout; Huang et al., MambaMIR, arXiv 2402.18451 (2024), for
    scans. Networks trained alike: Lakshminarayanan et al., NeurIPS 2017.
    """
    chance = what_is_left_to_chance(networks) if passes else ""
    spread = _Spread(facts, threshold)
    if not chance:
        parts, words = _parts(networks, shown, facts.shown.together)
        for n, (some_networks, some) in enumerate(parts):
            spread.add(_logits(some_networks, facts, some, context.part(n / len(parts), (n + 1) / len(parts))))
        return Segmented(spread.mean_logits, spread.deviation, np.array(spread.voxels), words)
    share = 1 / (1 + passes)
    logits = _logits(networks, facts, shown, context.part(0.0, share))
    with left_to_chance(networks, context.seed):
        for n in range(1, passes + 1):
            spread.add(_logits(networks, facts, shown, context.part(n * share, (n + 1) * share)))
    return Segmented(logits, spread.deviation, np.array(spread.voxels), f"{passes} passes of {chance}")


def what_is_left_to_chance(networks: Sequence[nn.Module]) -> str:
    """What random passes would differ by, in words; empty where they would be the same."""
    modules = [module for network in networks for module in network.modules()]
    if any(isinstance(module, (PhaseMamba, TriScanMamba)) for module in modules):
        return SCANS
    return DROPOUT if any(drops(module) for module in modules) else ""


@contextmanager
def left_to_chance(networks: Sequence[nn.Module], seed: int) -> Iterator[None]:
    """Let scans and dropout of networks leave out what chance has it; all is as before afterwards."""
    before = [(module, module.training) for network in networks for module in network.modules()]
    skipped = [(module, module.skipped) for module, _ in before if isinstance(module, (PhaseMamba, TriScanMamba))]
    # Whoever puts a network into evaluation leaves these as they are in training. A transformer's layer would otherwise
    # take a short cut past its dropout.
    random = [m for m, _ in before if drops(m) or isinstance(m, nn.TransformerEncoderLayer)]
    hooks = [module.register_forward_pre_hook(_in_training) for module in random]
    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        torch.manual_seed(seed)
        try:
            for network in networks:
                scan_masking(network, LEFT_OUT)
            yield
        finally:
            for hook in hooks:
                hook.remove()
            for module, value in skipped:
                module.skipped = value
            for module, training in before:
                module.training = training


class _Spread:
    """Mean of logits, and mean and deviation of their probabilities, one sample after the other."""

    def __init__(self, facts: BundleFacts, threshold: float):
        self.facts, self.threshold = facts, threshold
        self.voxels: list[int] = []
        self.mean_logits = self.mean = self.squares = 0.0

    def add(self, logits: np.ndarray) -> None:
        probability = self.facts.calibration.probability(logits)
        self.voxels.append(int(np.count_nonzero(probability >= self.threshold)))
        count = len(self.voxels)
        self.mean_logits = self.mean_logits + (logits - self.mean_logits) / count
        # Welford, Technometrics 4:419 (1962).
        shift = probability - self.mean
        self.mean = self.mean + shift / count
        self.squares = self.squares + shift * (probability - self.mean)

    @property
    def deviation(self) -> np.ndarray | None:
        count = len(self.voxels)
        return np.sqrt(self.squares / (count - 1)).astype(np.float32) if count > 1 else None


def _in_training(module: nn.Module, given) -> None:
    module.training = True


def _parts(networks: Sequence[nn.Module], shown: Shown, together: bool) -> tuple[list[tuple], str]:
    """Networks and what they are shown, whose mean is the answer; and what differs between them."""
    if len(networks) > 1:
        return [((network,), shown) for network in networks], f"{len(networks)} networks trained alike"
    rows = shown_at_once(len(shown.phases), together)
    words = counted(len(rows), "later phase") if len(rows) > 1 else ""
    return [(networks, shown.some(some)) for some in rows], words


def _logits(networks: Sequence[nn.Module], facts: BundleFacts, shown: Shown, context: Context) -> np.ndarray:
    size, together = facts.shown.shape, facts.shown.together
    return logit_map(networks, shown.phases, shown.seconds, size, shown.device, context, together=together)
