"""Connected voxels above a threshold, and how large such clusters are by chance."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy import linalg, ndimage

from .linear_model import LinearFit

# Voxels that touch by a face or an edge belong together.
FACES_AND_EDGES = ndimage.generate_binary_structure(3, 2)


class Cluster(NamedTuple):
    """label : in the map of clusters. voxels : how many. peak : (k, j, i). statistic, z : at the peak, signed."""

    label: int
    voxels: int
    peak: tuple[int, int, int]
    z: float


def clusters_above(z: np.ndarray, threshold: float, fewest: int = 1, two_sided: bool = True):
    """Labels (K, J, I) of clusters, the largest first, and the clusters; below zero apart from those above.

    Parameters
    ----------
    z : (K, J, I), NaN where nothing is known
    fewest : voxels that a cluster has at least
    """
    found = []
    known = np.nan_to_num(z)
    for sign in (1, -1) if two_sided else (1,):
        numbered, count = ndimage.label(sign * known > threshold, FACES_AND_EDGES)
        sizes = np.bincount(numbered.ravel(), minlength=count + 1)
        for n in np.flatnonzero(sizes[1:] >= fewest) + 1:
            found.append((int(sizes[n]), sign, numbered, int(n)))
    # Equal sizes in the order they lie in: nothing may hang on how labels were counted.
    found.sort(key=lambda own: -own[0])
    labels, clusters = np.zeros(z.shape, dtype=np.int32), []
    for label, (size, sign, numbered, n) in enumerate(found, start=1):
        inside = numbered == n
        labels[inside] = label
        place = np.argmax(np.where(inside, sign * known, -np.inf))
        peak = tuple(int(x) for x in np.unravel_index(place, z.shape))
        clusters.append(Cluster(label, size, peak, float(known[peak])))
    return labels, tuple(clusters)


def largest_by_chance(
    series: np.ndarray,
    design: np.ndarray,
    contrast: np.ndarray,
    fit: LinearFit,
    largest: Callable[[np.ndarray], int],
    *,
    count: int,
    rng: np.random.Generator,
    report: Callable[[float], None],
) -> np.ndarray:
    """(count,) size of the largest cluster when the order in time means nothing.

    Parameters
    ----------
    series : (T, V). design : (T, P). contrast : (P,)
    largest : size of the largest cluster of t (V,)

    Notes
    -----
    Each voxel is whitened with its own autocorrelation, so that frames can be
    exchanged; what the other columns explain is taken out, the rest is put into
    another order, the same for all voxels, and the contrast is fitted anew
    (Freedman and Lane, J Bus Econ Stat 1:292, 1983).
    """
    whitened = np.array(series, dtype=np.float32)
    whitened -= whitened.mean(axis=0)
    whitened[1:] -= fit.autocorrelation.astype(np.float32) * whitened[:-1].copy()
    order = np.argsort(fit.group, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(fit.group[order])) + 1)
    weights = []
    for own in groups:
        x = design.copy()
        x[1:] -= fit.autocorrelation[own[0]] * design[:-1]
        direction, others = _apart(x, contrast)
        basis = linalg.orth(others)
        whitened[:, own] -= (basis @ (basis.T @ whitened[:, own])).astype(np.float32)
        direction = direction - basis @ (basis.T @ direction)
        weights.append(direction / np.linalg.norm(direction))
    power = (whitened**2).sum(axis=0, dtype=np.float64)
    found = np.empty(count, dtype=int)
    t = np.empty(series.shape[1])
    for n in range(count):
        report(n / count)
        places = rng.permutation(len(series))
        for own, weight in zip(groups, weights):
            shuffled = np.empty_like(weight)
            shuffled[places] = weight
            size = shuffled.astype(np.float32) @ whitened[:, own]
            left = np.maximum(power[own] - size.astype(float) ** 2, 1e-30)
            t[own] = size / np.sqrt(left / fit.degrees)
        found[n] = largest(t)
    return found


def _apart(x: np.ndarray, contrast: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The one column that the contrast is about, and the columns of all else, of the same span."""
    others = linalg.null_space(contrast[None])
    return x @ (contrast / (contrast @ contrast)), x @ others
