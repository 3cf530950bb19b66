"""What scores of networks mean: chances of being without an event, and when it is to be expected."""

from __future__ import annotations

import numpy as np

from ...numerics.survival.survival_curves import median_time

MOST_TOLD_TIME = 10.0  # times the last horizon


def predicted_columns(scores: np.ndarray, horizons) -> dict[str, list]:
    """What `prediction.survival` reads, of the first endpoint of scores (N, E, 2 + K)."""
    survival = survival_of(scores[:, 0])
    columns = {"risk": scores[:, 0, 0].tolist()}
    columns |= {f"survival at {h:g}": survival[:, n].tolist() for n, h in enumerate(horizons)}
    middle = median_time(survival, horizons)
    return columns | {"expected time": np.minimum(middle, MOST_TOLD_TIME * horizons[-1]).tolist()}


def survival_of(scores: np.ndarray) -> np.ndarray:
    """(..., K) chance of being without the event at the end of each step, from scores (..., 2 + K)."""
    # log(1 - hazard) of a logit, without overflow.
    return np.exp(-np.logaddexp(0.0, scores[..., 2:]).cumsum(axis=-1))
