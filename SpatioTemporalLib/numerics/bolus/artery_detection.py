"""Which curves are those of an artery, from their shape alone."""

from __future__ import annotations

import numpy as np

LARGEST_AREA_PART = 0.1
ROUGHEST_PART = 0.25  # of those are left out
CLUSTERS, ROUNDS, ITERATIONS = 5, 2, 50
FEWEST = 3  # curves that make a mean; a smaller cluster is taken for noise
SEED = 0


def arterial_curves(times, curves, *, part: float = LARGEST_AREA_PART, most: int = 50) -> np.ndarray:
    """Which of many curves look like those of an artery.

    Parameters
    ----------
    times : (T,) array, s
    curves : (T, n) array
        Concentration, or anything that rises with it, zero before arrival; finite.
    part : float, 0..1
        Of the curves, those with the largest area, that are looked at.
    most : int
        If more curves than this are found, those with the highest score are kept.

    Returns
    -------
    (n,) bool array
        Nothing is chosen where fewer than three curves rise at all.

    Notes
    -----
    Mouridsen et al., Magn Reson Med 55:524 (2006): curves of small area and
    rough ones are left out, the others are divided into five clusters by
    k-means, and those of one cluster once more. That article takes the cluster
    with the smallest first moment; here it is the one with the highest
    `arterial_score`, which is not misled by the slow decay after the first pass
    that long series with a permeable tissue show.
    """
    times, curves = np.asarray(times, float), _without_last_digits(np.asarray(curves, float))
    chosen = _smooth_and_large(times, curves, part)
    for _ in range(ROUNDS):
        # Curves that are all alike, as in a phantom without noise, have no clusters.
        if chosen.size <= 2 * CLUSTERS or np.unique(curves[:, chosen], axis=1).shape[1] <= CLUSTERS:
            break
        chosen = _best_cluster(times, curves, chosen)
    if chosen.size > most:
        chosen = chosen[np.argsort(arterial_score(times, curves[:, chosen]), kind="stable")[-most:]]
    found = np.zeros(curves.shape[1], dtype=bool)
    found[chosen if chosen.size >= FEWEST else []] = True
    return found


def _without_last_digits(curves: np.ndarray) -> np.ndarray:
    """Curves rounded to a millionth of the highest: which of two like ones is chosen must not hang on less."""
    unit = 1e-6 * np.abs(curves).max(initial=0.0)
    return np.round(curves / unit) * unit if unit > 0 else curves


def arterial_score(times, curves) -> np.ndarray:
    """(n,) height over time to peak and width of (T, n) curves: high, early and narrow ones score high.

    The width is that at half of the height around the peak, the time to peak
    counts from the first frame; both are at least one frame.
    """
    curves = np.asarray(curves, float)
    peak, height = curves.argmax(axis=0), curves.max(axis=0)
    shortest = float(np.diff(times).min())
    return height / (np.maximum(times[peak] - times[0], shortest) * full_width(times, curves))


def full_width(times, curves) -> np.ndarray:
    """(n,) time in s for which (T, n) curves stay above half of their height around the peak, at least one frame."""
    above = curves >= curves.max(axis=0) / 2
    width = np.empty(curves.shape[1])
    for n, top in enumerate(curves.argmax(axis=0)):
        below = np.flatnonzero(~above[:, n])
        first = below[below < top].max(initial=-1) + 1
        last = below[below > top].min(initial=len(times)) - 1
        width[n] = times[last] - times[first]
    return np.maximum(width, float(np.diff(times).min()))


def _smooth_and_large(times: np.ndarray, curves: np.ndarray, part: float) -> np.ndarray:
    """Indices of the curves with a large area that are not rough."""
    area = np.trapezoid(curves, times, axis=0)
    rising = np.flatnonzero((area > 0) & (curves.argmax(axis=0) > 0))
    if rising.size < FEWEST:
        return rising
    count = max(FEWEST, int(np.ceil(part * curves.shape[1])))
    large = rising[np.argsort(area[rising], kind="stable")[-count:]]
    # By the curve of unit area, so that high curves are not taken for rough ones.
    slope = np.diff(curves[:, large] / area[large], axis=0) / np.diff(times)[:, None]
    bend = np.diff(slope, axis=0) / (times[2:] - times[:-2])[:, None] * 2
    roughness = (bend**2).sum(axis=0)
    kept = max(FEWEST, int(np.floor((1 - ROUGHEST_PART) * large.size)))
    return large[np.argsort(roughness, kind="stable")[:kept]]


def _best_cluster(times: np.ndarray, curves: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    # Here, because it takes long to import.
    from scipy.cluster.vq import kmeans2

    # By size, not by place: where the clusters begin depends on the order.
    chosen = chosen[np.lexsort((curves[:, chosen].max(axis=0), curves[:, chosen].sum(axis=0)))]
    _, label = kmeans2(curves[:, chosen].T, CLUSTERS, iter=ITERATIONS, minit="++", seed=SEED)
    clusters = [chosen[label == n] for n in range(CLUSTERS)]
    clusters = [cluster for cluster in clusters if cluster.size >= FEWEST] or [chosen]
    means = np.stack([curves[:, cluster].mean(axis=1) for cluster in clusters], axis=1)
    return clusters[int(arterial_score(times, means).argmax())]
