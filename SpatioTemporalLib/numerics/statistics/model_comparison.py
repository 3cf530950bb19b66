"""Which of several models a curve supports: information criteria, their weights, and F tests of nested models."""

from __future__ import annotations

import numpy as np
from scipy.special import fdtrc

# Part of the curve's power below which residuals are the fits' own accuracy: models that all fit count as equal then.
ACCURACY = 1e-10


def floored_sse(sse: np.ndarray, power: np.ndarray) -> np.ndarray:
    """Sums of squares, none smaller than the accuracy of fits to curves of that sum of squares."""
    return np.maximum(sse, np.maximum(ACCURACY * power, 1e-300))


def akaike_criterion(sse: np.ndarray, frames: int, degrees: int) -> np.ndarray:
    """Akaike's criterion with the correction for few frames (AICc), up to a constant of the data.

    Parameters
    ----------
    sse : (...,) array, positive
    degrees : int
        Fitted parameters of the model; the unknown variance of the noise
        counts as one more. ``frames`` must exceed ``degrees + 2``.

    Notes
    -----
    Burnham & Anderson, Model Selection and Multimodel Inference, 2nd ed.,
    Springer (2002), eq. 2.4 and the least squares form of section 2.2.
    """
    counted = degrees + 1
    correction = 2 * counted * (counted + 1) / (frames - counted - 1)
    return frames * np.log(sse / frames) + 2 * counted + correction


def bayesian_criterion(sse: np.ndarray, frames: int, degrees: int) -> np.ndarray:
    """Bayesian (Schwarz) criterion, up to a constant of the data: Ann Stat 6:461 (1978)."""
    return frames * np.log(sse / frames) + (degrees + 1) * np.log(frames)


def relative_weights(criteria: np.ndarray) -> np.ndarray:
    """(M, n) weights, one in sum over the M models, of (M, n) criteria (Burnham & Anderson, section 2.9)."""
    likelihood = np.exp(-(criteria - criteria.min(axis=0)) / 2)
    return likelihood / likelihood.sum(axis=0)


def chosen_by_f_tests(
    sse: np.ndarray, frames: int, degrees: list[int], nested: np.ndarray, significance: float
) -> np.ndarray:
    """(n,) index of the smallest model that none which contains it improves significantly.

    Of models of one size it is the one with the smaller sum of squares. All
    that contain a model are asked, not the next larger alone: of two steps
    that belong together neither may help by itself.

    Parameters
    ----------
    sse : (M, n) array, positive
    degrees : list of M int
    nested : (M, M) bool array
        Whether the model of the row is a special case of that of the column.
    """
    refused = np.zeros(sse.shape, dtype=bool)
    for small, large in zip(*np.nonzero(nested)):
        added, free = degrees[large] - degrees[small], frames - degrees[large]
        ratio = (sse[small] - sse[large]) / added / (sse[large] / free)
        # A larger model is never worse, but for the rounding of its fit.
        refused[small] |= fdtrc(added, free, np.maximum(ratio, 0.0)) < significance
    size = np.where(refused, np.inf, np.asarray(degrees, dtype=float)[:, None])
    return np.where(size == size.min(axis=0), sse, np.inf).argmin(axis=0)
