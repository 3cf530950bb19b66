"""In what order patients are seen: drawn from the seed and the epoch alone, so that it can be drawn again."""

from __future__ import annotations

import numpy as np


def epoch_batches(labels: np.ndarray, size: int, *, seed: int, epoch: int, balance: bool) -> list[np.ndarray]:
    """Row numbers of each batch of an epoch, all of one size; a rest that fills no batch waits for the next epoch.

    Parameters
    ----------
    labels : (N,) 0 or 1
        All alike where there is nothing to balance.
    balance : bool
        Draw as many of either class, the rarer ones repeatedly; each of the
        commoner ones comes at most once.
    """
    rng = np.random.default_rng([seed, epoch])
    if balance:
        classes = [rng.permutation(np.flatnonzero(labels == value)) for value in np.unique(labels)]
        most = max(map(len, classes))
        # Whole rounds of the rarer class and part of one: no patient comes much more often than another.
        drawn = [np.concatenate([rng.permutation(c) for _ in range(-(-most // len(c)))])[:most] for c in classes]
        order = rng.permutation(np.concatenate(drawn))
    else:
        order = rng.permutation(len(labels))
    size = min(size, len(order))
    return [order[start : start + size] for start in range(0, len(order) - size + 1, size)]


def stratified_folds(labels: np.ndarray, count: int, seed: int) -> np.ndarray:
    """(N,) number of the fold in which each patient is held out, each class spread evenly."""
    rng = np.random.default_rng([seed, count])
    folds = np.empty(len(labels), dtype=int)
    start = 0
    for value in (0, 1):
        rows = rng.permutation(np.flatnonzero(labels == value))
        folds[rows] = (start + np.arange(len(rows))) % count
        start += len(rows)
    return folds


def cohort_splits(own: list[str], strata: np.ndarray, parts: int, seed: int) -> list[str]:
    """The split of each participant: their own, or one part in so many for validation where they have none.

    Parameters
    ----------
    own : N texts, or none
    strata : (N,) 0 or 1, NaN for those who take no part; their split is ""
    """
    if not own:
        folds = stratified_folds(np.nan_to_num(strata), parts, seed)
        own = ["validation" if fold == 0 else "train" for fold in folds]
    return ["" if np.isnan(stratum) else split for split, stratum in zip(own, strata)]
