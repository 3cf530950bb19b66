"""How well maps of one half of a run are found again in the other, and how well they tell its frames apart."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import special

# Of the largest, below which a singular value is rounding.
RANK_TOLERANCE = 1e-6


class SplitHalf(NamedTuple):
    """What two halves say of one another.

    reproducibility : correlation R of their maps. prediction : mean posterior probability P of the true label. map :
    (V,) normal deviates of what both maps share.
    """

    reproducibility: float
    prediction: float
    map: np.ndarray

    @property
    def distance(self) -> float:
        """From R = P = 1."""
        return float(np.hypot(1 - self.prediction, 1 - self.reproducibility))


def split_half(halves, labels, components) -> dict[int, SplitHalf]:
    """Reproducibility and prediction by how many principal components are used.

    Parameters
    ----------
    halves : two (n, V) matrices of frames, each voxel with mean 0
    labels : two (n,) arrays of 0 and 1
    components : numbers of principal components; those that a half does not have are left out

    Notes
    -----
    Linear discriminant analysis on principal components, of each half (NPAIRS;
    Strother et al., NeuroImage 15:747, 2002). Posteriors are those of two normal
    densities of equal covariance and equal prior probability, thresholded
    nowhere.
    """
    products = {(a, b): halves[a].astype(np.float64) @ halves[b].astype(np.float64).T for a in (0, 1) for b in (0, 1)}
    fitted = [_Half.of(products[n, n]) for n in (0, 1)]
    most = min(half.rank for half in fitted)
    found = {}
    for count in components:
        if count > most:
            continue
        maps, posteriors = [], []
        for own, other in ((0, 1), (1, 0)):
            weights, offset = fitted[own].discriminant(labels[own], count)
            maps.append(halves[own].T @ weights)
            scores = products[other, own] @ weights - offset
            posteriors.append(special.expit(np.where(labels[other] == 1, scores, -scores)))
        found[count] = SplitHalf(_correlation(*maps), float(np.mean(np.concatenate(posteriors))), reproducible(*maps))
    return found


def reproducible(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(V,) normal deviates of what two maps share: their scaled sum over the spread of their scaled difference."""
    a, b = (m / (m.std() or 1.0) for m in (first, second))
    noise = float(((a - b) / np.sqrt(2.0)).std()) or 1.0
    return (a + b) / np.sqrt(2.0) / noise


def global_signal_to_noise(reproducibility: float) -> float:
    """gSNR = sqrt(2 R / (1 - R)); 0 where maps do not agree."""
    return float(np.sqrt(2 * max(reproducibility, 0.0) / max(1 - reproducibility, 1e-12)))


class _Half(NamedTuple):
    """Principal components of a half: vectors (n, r) and singular values (r,) of its frames."""

    vectors: np.ndarray
    sizes: np.ndarray

    @classmethod
    def of(cls, product: np.ndarray) -> _Half:
        values, vectors = np.linalg.eigh(product)
        order = np.argsort(values)[::-1]
        sizes = np.sqrt(np.maximum(values[order], 0.0))
        kept = sizes > RANK_TOLERANCE * sizes[0]
        return cls(vectors[:, order][:, kept], sizes[kept])

    @property
    def rank(self) -> int:
        return len(self.sizes)

    def discriminant(self, labels: np.ndarray, count: int) -> tuple[np.ndarray, float]:
        """(n,) weights of the frames whose sum is the map, and the score in the middle between the classes."""
        vectors, sizes = self.vectors[:, :count], self.sizes[:count]
        scores = vectors * sizes
        means = [scores[labels == n].mean(axis=0) for n in (0, 1)]
        within = sum((scores[labels == n] - means[n]).T @ (scores[labels == n] - means[n]) for n in (0, 1))
        within /= max(len(labels) - 2, 1)
        within += 1e-9 * np.trace(within) / count * np.eye(count)
        direction = np.linalg.solve(within, means[1] - means[0])
        return vectors @ (direction / sizes), float(direction @ (means[0] + means[1]) / 2)


def _correlation(first: np.ndarray, second: np.ndarray) -> float:
    if first.std() == 0 or second.std() == 0:
        return 0.0
    return float(np.corrcoef(first, second)[0, 1])
