"""Share of pairs of patients that are in the right order, in patients as they are and in resamples of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

ROWS_AT_A_TIME = 256
# Estimates that differ by less are equal: they are, but for rounding.
TIED = 1e-8


class PairShare(NamedTuple):
    """(R,) share of right pairs, those with equal estimates counted half, and (R,) weight of the pairs."""

    share: np.ndarray
    weight: np.ndarray


def share_of_right_pairs(
    estimate, firsts, weights, later: Callable[[np.ndarray], np.ndarray], counts=None
) -> PairShare:
    """Of pairs of a patient who should have the higher estimate and one who should have the lower.

    Parameters
    ----------
    estimate : (N,) array
    firsts : (F,) rows of those who should have the higher.
    weights : (F,) weight of the pairs of each.
    later : function
        Of some rows (f,), gives (f, N) bool: who should have a lower estimate than each.
    counts : (R, N) array, optional
        How often each patient is in each of R resamples; once each, in one, when left out.

    Notes
    -----
    A resample is a quadratic form in its counts, so that all of them take one
    matrix product and nobody's pairs are looked at twice.
    """
    estimate = np.asarray(estimate, dtype=np.float64)
    counts = np.ones((1, len(estimate))) if counts is None else np.asarray(counts, dtype=np.float64)
    right, all_of_them = np.zeros(len(counts)), np.zeros(len(counts))
    for start in range(0, len(firsts), ROWS_AT_A_TIME):
        rows = firsts[start : start + ROWS_AT_A_TIME]
        comparable = later(rows)
        difference = estimate[rows, None] - estimate[None, :]
        order = (difference > TIED) + 0.5 * (np.abs(difference) <= TIED)
        own = counts[:, rows] * weights[start : start + ROWS_AT_A_TIME]
        right += (own * (counts @ (comparable * order).T)).sum(axis=1)
        all_of_them += (own * (counts @ comparable.T.astype(np.float64))).sum(axis=1)
    share = np.divide(right, all_of_them, out=np.full(len(counts), np.nan), where=all_of_them > 0)
    return PairShare(share, all_of_them)
