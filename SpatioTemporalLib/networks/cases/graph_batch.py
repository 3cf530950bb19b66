"""What a network on graphs is given: lesions, organs, scans and clinical facts of some patients."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import torch
from torch import Tensor, nn

from ...steps.structures.graph_arrays import LESION_FEATURES, ORGAN_FEATURES, SCAN_FEATURES
from ...steps.structures.roles import ORGANS


@dataclass(frozen=True, eq=False)
class GraphBatch:
    """B patients of at most T visits, L lesions and O organs. NaN where a value is not known.

    lesions : (B, T, L, F). seen : (B, T, L) bool. organs : (B, T, O, G). drawn : (B, T, O) bool. scans : (B, T, S).
    mask : (B, T) bool, whether the visit took place; the last that did is the one of predicting. near : (B, T, L, L).
    at : (B, T, L, O, 2). covariates : (B, C) codes. covariate_mask : (B, C) bool.
    """

    lesions: Tensor
    seen: Tensor
    organs: Tensor
    drawn: Tensor
    scans: Tensor
    mask: Tensor
    near: Tensor
    at: Tensor
    covariates: Tensor
    covariate_mask: Tensor

    def __len__(self) -> int:
        return len(self.lesions)

    def __getitem__(self, patients) -> GraphBatch:
        return GraphBatch(*(part[patients] for part in self.parts))

    def to(self, device) -> GraphBatch:
        return GraphBatch(*(part.to(device, non_blocking=True) for part in self.parts))

    @property
    def parts(self) -> tuple[Tensor, ...]:
        return tuple(getattr(self, field.name) for field in fields(self))

    def scores(self, network: nn.Module) -> Tensor:
        """(B, E, 2 + K): log-risk, logits of K hazards, and years until the event, of E endpoints."""
        return network(self)

    def without_edges(self, share: float, generator: torch.Generator) -> GraphBatch:
        """The same with a random share of the relations between lesions, and to organs, gone."""
        kept = torch.rand(self.near.shape, generator=generator) >= share
        there = torch.rand(self.at.shape[:-1], generator=generator) >= share
        near = self.near * kept.to(self.near)
        at = torch.where(there.to(self.at.device)[..., None], self.at, torch.full_like(self.at, float("nan")))
        return GraphBatch(*(near if p is self.near else at if p is self.at else p for p in self.parts))


def random_graphs(facts, seed: int, patients: int) -> GraphBatch:
    """Graphs of the shapes that the facts of a bundle say, with values from a seed, the same on every machine."""
    rng = np.random.default_rng(seed)
    visits, lesions, organs = facts.visits[1], 3, len(ORGANS)

    def drawn(*shape: int) -> Tensor:
        return torch.from_numpy(rng.normal(0, 1, (patients, visits, *shape)).astype(np.float32))

    def there(*shape: int) -> Tensor:
        return torch.ones((patients, visits, *shape), dtype=torch.bool)

    levels = [len(c.levels) for c in facts.covariates]
    codes = np.array([[rng.integers(n) if n else rng.random() for n in levels] for _ in range(patients)])
    return GraphBatch(
        lesions=drawn(lesions, len(LESION_FEATURES)),
        seen=there(lesions),
        organs=drawn(organs, len(ORGAN_FEATURES)),
        drawn=there(organs),
        scans=drawn(len(SCAN_FEATURES)),
        mask=there(),
        near=drawn(lesions, lesions).abs(),
        at=drawn(lesions, organs, 2),
        covariates=torch.from_numpy(codes.reshape(patients, len(levels))).float(),
        covariate_mask=torch.ones((patients, len(levels)), dtype=torch.bool),
    )
