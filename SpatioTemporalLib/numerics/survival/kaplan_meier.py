"""Share of patients without an event over time, by Kaplan and Meier, and whether groups differ in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import linalg, special

from ...errors import InputError
from .outcomes import Outcomes


@dataclass(frozen=True, eq=False)
class StepCurve:
    """A share that falls in steps.

    times : (M,) rising, where anything happened. survival : (M,) from each time on. at_risk, events : (M,) counts at
    it. log_variance : (M,) Greenwood's, of the logarithm of the share.
    """

    times: np.ndarray
    survival: np.ndarray
    at_risk: np.ndarray
    events: np.ndarray
    log_variance: np.ndarray

    def at(self, times) -> np.ndarray:
        """The share at times, 1 before the first; beyond the last time it stays what it was."""
        return np.concatenate([[1.0], self.survival])[np.searchsorted(self.times, times, side="right")]

    def interval(self, times, *, confidence: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper bound at times, on the scale of log(-log S); NaN where the share is 1 or 0.

        Kalbfleisch and Prentice, The statistical analysis of failure time data (2002), equation 1.13.
        """
        place = np.searchsorted(self.times, times, side="right")
        survival, variance = self.at(times), np.concatenate([[0.0], self.log_variance])[place]
        inside = (survival > 0) & (survival < 1) & (variance > 0)
        log = np.log(np.where(inside, survival, 0.5))
        z = special.ndtri(0.5 + confidence / 2)
        wide = z * np.sqrt(np.where(inside, variance, 0.0)) / np.abs(log)
        low, high = np.exp(log * np.exp(wide)), np.exp(log * np.exp(-wide))
        return np.where(inside, low, np.nan), np.where(inside, high, np.nan)

    def quantile(self, share: float = 0.5) -> float:
        """First time at which no more than a share is left; infinite when it never comes to that."""
        below = np.flatnonzero(self.survival <= share + 1e-12)
        return float(self.times[below[0]]) if below.size else float("inf")


class LogRank(NamedTuple):
    """Chi-squared, degrees of freedom, p; NaN where no group could differ."""

    statistic: float
    degrees: int
    p: float


def kaplan_meier(outcomes: Outcomes) -> StepCurve:
    """Share without an event.

    Raises
    ------
    InputError
        ``E-SURVIVAL`` without any patient.

    Notes
    -----
    Kaplan and Meier, J Am Stat Assoc 53:457 (1958). Patients censored at the
    time of an event were still at risk of it.
    """
    times, at_risk, events, _ = _counts(outcomes)
    return _curve(times, at_risk, events)


def censoring_curve(outcomes: Outcomes) -> StepCurve:
    """Share of patients not yet censored, who are at risk of that only while they have no event.

    Events come before censorings of the same time.
    """
    times, at_risk, events, censored = _counts(outcomes)
    return _curve(times, at_risk - events, censored)


def log_rank(outcomes: Outcomes, groups) -> LogRank:
    """Whether groups differ in their times, the same hazard in each being the hypothesis.

    Parameters
    ----------
    groups : (N,) array
        Name or number of each patient's group.

    Notes
    -----
    Mantel, Cancer Chemother Rep 50:163 (1966); with the hypergeometric variance.
    """
    names, group = np.unique(np.asarray(groups), return_inverse=True)
    times = np.unique(outcomes.times[outcomes.events])
    # (times, groups): who had not left before, and who had the event then.
    risk = np.stack([_at_least(outcomes.times[group == g], times) for g in range(len(names))], axis=1)
    died = np.stack(
        [_exactly(outcomes.times[(group == g) & outcomes.events], times) for g in range(len(names))], axis=1
    )
    all_risk, all_died = risk.sum(axis=1), died.sum(axis=1)
    share = risk / np.maximum(all_risk, 1)[:, None]
    spread = all_died * (all_risk - all_died) / np.maximum(all_risk - 1, 1)
    difference = (died - all_died[:, None] * share).sum(axis=0)
    variance = np.diag((spread[:, None] * share).sum(axis=0)) - np.einsum("t,ta,tb->ab", spread, share, share)
    degrees = len(names) - 1
    if degrees < 1 or not times.size or np.linalg.matrix_rank(variance[1:, 1:]) < degrees:
        return LogRank(float("nan"), degrees, float("nan"))
    statistic = float(difference[1:] @ linalg.solve(variance[1:, 1:], difference[1:], assume_a="pos"))
    return LogRank(statistic, degrees, float(special.chdtrc(degrees, statistic)))


def _counts(outcomes: Outcomes) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    if not len(outcomes):
        raise InputError("E-SURVIVAL", "there are no patients", fix="Choose some.")
    times, place = np.unique(outcomes.times, return_inverse=True)
    events = np.bincount(place, weights=outcomes.events, minlength=len(times))
    everybody = np.bincount(place, minlength=len(times))
    at_risk = everybody[::-1].cumsum()[::-1]
    return times, at_risk.astype(float), events, everybody - events


def _curve(times: np.ndarray, at_risk: np.ndarray, events: np.ndarray) -> StepCurve:
    # Nobody is left to be censored after a last event: 0 of 0, which changes nothing.
    some = np.maximum(at_risk, 1)
    survival = np.cumprod(1 - events / some)
    left = at_risk - events
    term = np.divide(events, some * left, out=np.zeros(len(events)), where=left > 0)
    return StepCurve(times, survival, at_risk, events, term.cumsum())


def _at_least(own: np.ndarray, times: np.ndarray) -> np.ndarray:
    return len(own) - np.searchsorted(np.sort(own), times, side="left")


def _exactly(own: np.ndarray, times: np.ndarray) -> np.ndarray:
    own = np.sort(own)
    return np.searchsorted(own, times, side="right") - np.searchsorted(own, times, side="left")
