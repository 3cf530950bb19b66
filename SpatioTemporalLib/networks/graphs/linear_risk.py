"""What a line in a patient's own numbers tells of the risk, found by Cox's model and held while the rest learns."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from ...numerics.survival.cox import fit_cox
from ...numerics.survival.outcomes import Outcomes
from ...steps.structures.graph_arrays import LESION_FEATURES, SCAN_FEATURES
from ...steps.structures.roles import ORGANS
from ..cases.graph_batch import GraphBatch

LASSO, SHARE = 0.9, 0.3
"""Share of the lasso, and of the penalty at which it keeps nothing of pure noise, sqrt(2 ln P / N)."""


class LinearRisk(nn.Module):
    """(B, E) log-risk, a sum over numbers of the last visit; nothing of it is learned by gradients.

    The numbers are those a table could hold (the scan, the mean and the largest lesion, clinical facts) and what one
    step on the graph tells each structure of its lesions: sums of their features, and of what of these is above the
    average, weighted by how close each lesion is to the structure.
    """

    def __init__(self, clinical: int, endpoints: int):
        super().__init__()
        self.register_buffer("weight", torch.zeros(endpoints, linear_size(clinical)))

    def fit(self, rows: Tensor, outcomes: np.ndarray) -> None:
        """Coefficients of Cox's model with an elastic net of (B, P) numbers for outcomes (B, E, 2)."""
        values = rows.double().numpy()
        for endpoint in range(len(self.weight)):
            self.weight[endpoint] = torch.from_numpy(_coefficients(values, outcomes[:, endpoint]))

    def forward(self, rows: Tensor) -> Tensor:
        return rows @ self.weight.T


def linear_size(clinical: int) -> int:
    """How many numbers `linear_rows` makes with so many of clinical facts."""
    lesion, told = len(LESION_FEATURES), len(ORGANS) + 1
    return 2 * len(SCAN_FEATURES) + 4 * lesion + clinical + told * (2 * lesion + 1)


def linear_rows(batch: GraphBatch, lesions: Tensor, scans: Tensor, clinical: Tensor) -> Tensor:
    """(B, P) numbers of the last visit; see `LinearRisk`.

    Parameters
    ----------
    lesions : (B, L, 2 F), scans : (B, 2 S)
        Standardised features of the last visit, and whether each is known.
    clinical : (B, C)
    """
    seen = batch.seen[:, -1, :, None]
    there = seen.to(lesions)
    count = there.sum(dim=1)
    mean = (there * lesions).sum(dim=1) / count.clamp(min=1.0)
    largest = lesions.masked_fill(~seen, -1e4).amax(dim=1)
    largest = torch.where(seen.any(dim=1), largest, torch.zeros_like(largest))
    features = there * lesions[..., : len(LESION_FEATURES)]
    # Beside the structures stands the patient, to whom every lesion is equally close.
    close = torch.cat([batch.at[:, -1, ..., 0].nan_to_num() * there, there], dim=-1)
    sums = torch.cat([features, features.clamp(min=0.0)], dim=-1)
    told = torch.einsum("blo,blf->bof", close, sums).flatten(1)
    return torch.cat([scans, mean, largest, clinical, told, close.sum(dim=1)], dim=1)


def _coefficients(rows: np.ndarray, outcomes: np.ndarray) -> np.ndarray:
    """(P,) coefficients of Cox's model with an elastic net; zero for what does not vary."""
    weights = np.zeros(rows.shape[1], dtype=np.float32)
    known = np.isfinite(outcomes).all(axis=1)
    varies = np.ptp(rows[known], axis=0) > 1e-6 if known.any() else np.zeros(rows.shape[1], bool)
    if varies.any() and outcomes[known, 1].sum() > 0:
        penalty = SHARE * np.sqrt(2 * np.log(max(int(varies.sum()), 2)) / known.sum())
        own = Outcomes(outcomes[known, 0], outcomes[known, 1])
        weights[varies] = fit_cox(own, rows[known][:, varies], penalty=penalty, lasso=LASSO).coefficients
    return weights
