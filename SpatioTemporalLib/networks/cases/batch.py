"""What a network is given: the visits and covariates of some patients."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn


@dataclass(frozen=True, eq=False)
class Batch:
    """Images, times and covariates of B patients at T visits.

    images : (B, T, C, K, J, I) float. times : (B, T) days. mask : (B, T) bool,
    whether the visit took place. covariates : (B, F) float, numbers
    standardised, categories as codes. covariate_mask : (B, F) bool, whether known.
    Both None for a network that looks at neither.
    """

    images: Tensor
    times: Tensor
    mask: Tensor
    covariates: Tensor | None
    covariate_mask: Tensor | None

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, patients) -> Batch:
        """The batch of some of the patients; a slice, a list of numbers or a mask."""
        return Batch(*(part[patients] for part in self.parts))

    def to(self, device) -> Batch:
        return Batch(*(part.to(device, non_blocking=True) for part in self.parts))

    @property
    def parts(self) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        return self.images, self.times, self.mask, self.covariates, self.covariate_mask

    def scores(self, network: nn.Module) -> Tensor:
        """Logits (B, classes)."""
        return network(*self.parts)


def joined(batches: list[Batch]) -> Batch:
    """All patients of several batches in one."""
    return Batch(*(torch.cat(parts) for parts in zip(*(batch.parts for batch in batches))))


def random_batch(facts, seed: int, patients: int = 2) -> Batch:
    """Inputs of the shapes that the facts of a bundle say, with values from a seed, the same on every machine."""
    rng = np.random.default_rng(seed)
    visits, shape = facts.visits[1], facts.shown.shape
    images = rng.random((patients, visits, len(facts.shown.spacings), *shape)).astype(np.float32)
    levels = [len(c.levels) for c in facts.covariates]
    covariates = np.array([[rng.integers(n) if n else rng.random() for n in levels] for _ in range(patients)])
    times = np.arange(visits) * 180.0 + np.zeros((patients, 1))
    return Batch(
        torch.from_numpy(images),
        torch.from_numpy(times).float(),
        torch.ones(patients, visits, dtype=torch.bool),
        torch.from_numpy(covariates.reshape(patients, len(levels))).float(),
        torch.ones(patients, len(levels), dtype=torch.bool),
    )
