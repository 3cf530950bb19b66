"""All nuisance taken out at once, by one projection."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg

# Of the largest, below which a column follows from others.
DEPENDENT = 1e-8
VOXELS_AT_A_TIME = 8192


@dataclass(frozen=True, eq=False)
class Projection:
    """What is taken out, and what is left.

    taken : (T, rank) and left : (T, T - rank), orthonormal and orthogonal to one another; a constant is always taken.
    """

    taken: np.ndarray
    left: np.ndarray

    @property
    def rank(self) -> int:
        return self.taken.shape[1]

    @property
    def degrees(self) -> int:
        """Degrees of freedom that are left."""
        return self.left.shape[1]


def projection_of(columns: np.ndarray) -> Projection:
    """The projection that takes out columns (T, P) and a constant; columns that follow from others count once.

    QR decomposition with columns exchanged (Businger and Golub, Numer Math 7:269, 1965).
    """
    frames = len(columns)
    whole = np.concatenate([np.ones((frames, 1)), columns], axis=1)
    centred = whole.copy()
    centred[:, 1:] -= centred[:, 1:].mean(axis=0)
    norms = np.linalg.norm(centred, axis=0)
    scale = np.linalg.norm(whole, axis=0)
    # What is left of a constant column is rounding.
    kept = norms > DEPENDENT * np.where(scale > 0, scale, 1.0)
    basis, triangle, _ = linalg.qr(centred[:, kept] / norms[kept], pivoting=True)
    sizes = np.abs(np.diag(triangle))
    rank = int((sizes > DEPENDENT * sizes[0]).sum())
    return Projection(basis[:, :rank], basis[:, rank:])


def projected(series: np.ndarray, projection: Projection, keep_mean: bool = False) -> np.ndarray:
    """(T, V) float32 of series (T, V) without what is taken out.

    Of taken and left the smaller is multiplied with. `keep_mean` adds each
    voxel's mean again, the same in all frames.
    """
    few = projection.rank <= projection.degrees
    basis = np.ascontiguousarray(projection.taken if few else projection.left, dtype=np.float32)
    found = np.empty(series.shape, dtype=np.float32)
    for start in range(0, series.shape[1], VOXELS_AT_A_TIME):
        part = slice(start, start + VOXELS_AT_A_TIME)
        own = np.asarray(series[:, part], dtype=np.float32)
        # A mean of 10,000 would leave a signal of 100 few digits.
        mean = own.mean(axis=0, dtype=np.float64).astype(np.float32)
        own = own - mean
        explained = basis @ (basis.T @ own)
        result = own - explained if few else explained
        found[:, part] = result + mean if keep_mean else result
    return found


def variance_removed(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """(V,) % of the variance over time of series (T, V) that is gone afterwards; 0 where there was none."""
    found = np.zeros(before.shape[1])
    for start in range(0, before.shape[1], VOXELS_AT_A_TIME):
        part = slice(start, start + VOXELS_AT_A_TIME)
        own, left = (matrix[:, part].var(axis=0, dtype=np.float64) for matrix in (before, after))
        found[part] = 100.0 * (1.0 - np.divide(left, own, out=np.ones_like(own), where=own > 0))
    return found
