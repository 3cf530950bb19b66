"""How far predicted times of conversion lie from what was seen, and from what was not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..survival.concordance import dynamic_auc
from ..survival.outcomes import Outcomes
from ..survival.weights import Censoring


@dataclass(frozen=True, eq=False)
class Seen:
    """What became of people after a prediction, (N,).

    start : when it was made, years. after, by : the last visit without and the first with conversion, years; `by` is
    NaN for who was never seen converted, `after` then the last visit of all.
    """

    start: np.ndarray
    after: np.ndarray
    by: np.ndarray

    @property
    def converted(self) -> np.ndarray:
        return np.isfinite(self.by)

    @property
    def times(self) -> np.ndarray:
        """(N,) years: the middle between the two visits, or the last one."""
        return np.where(self.converted, 0.5 * (self.after + self.by), self.after)


def conversion_errors(
    seen: Seen, predicted: np.ndarray, counts: np.ndarray, horizon: float | None
) -> dict[str, np.ndarray]:
    """(R,) each measure in each of R resamples, by its name; NaN where a resample leaves nothing to measure.

    Parameters
    ----------
    predicted : (N,) years at which each person is expected to convert; NaN or infinite for never.
    counts : (R, N) how often each person is in each resample.
    horizon : float or None
        Years after the prediction at which who has converted is told from who has not; None leaves the area out.

    Notes
    -----
    The error of converters is taken to the middle of the interval in which they converted; that of the others is how
    long they were seen without conversion after it was predicted. Neither is pooled with the other.
    """
    known = np.isfinite(predicted)
    among = counts * (seen.converted & known)
    off = np.where(known, predicted - seen.times, 0.0)
    held = counts * ~seen.converted
    early = np.where(known, np.maximum(seen.times - predicted, 0.0), 0.0)
    inside = known & (predicted >= seen.after) & (predicted <= seen.by)
    order = {} if horizon is None else {f"AUC at {horizon:g} years": area(seen, predicted, counts, horizon)}
    return {
        "mean absolute error of converters": _mean(among, np.abs(off)),
        "mean error of converters": _mean(among, off),
        "predicted between the two visits": _mean(among, inside.astype(float)),
        "hinge error of the others": _mean(held, early),
        "correlation of age at conversion": _correlation(among, np.where(known, predicted, 0.0), seen.times),
        **order,
    }


def area(seen: Seen, predicted: np.ndarray, counts: np.ndarray, horizon: float) -> np.ndarray:
    """(R,) AUC of conversion by the horizon, sooner predicted being riskier, weighted for who was not seen so long."""
    outcomes = Outcomes(seen.times - seen.start, seen.converted)
    latest = np.where(np.isfinite(predicted), predicted - seen.start, np.inf)
    # Never is later than any time that was predicted.
    finite = latest[np.isfinite(latest)]
    risk = -np.where(np.isfinite(latest), latest, (finite.max() if finite.size else 0.0) + 1.0)
    return dynamic_auc(outcomes, risk, horizon, censoring=Censoring.of(outcomes), counts=counts)


def _mean(weights: np.ndarray, values: np.ndarray) -> np.ndarray:
    total = weights.sum(axis=1)
    return np.divide(weights @ values, total, out=np.full(len(total), np.nan), where=total > 0)


def _correlation(weights: np.ndarray, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    first, second = (values - _mean(weights, values)[:, None] for values in (one, other))
    shared = (weights * first * second).sum(axis=1)
    scale = np.sqrt((weights * first**2).sum(axis=1) * (weights * second**2).sum(axis=1))
    return np.divide(shared, scale, out=np.full(len(scale), np.nan), where=scale > 1e-12)
