"""Cox's partial likelihood with its slope and curvature."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from .outcomes import Outcomes


class Likelihood(NamedTuple):
    """Logarithm of the partial likelihood, its slope (P,), and its curvature (P, P), which is never above zero."""

    value: float
    slope: np.ndarray
    curvature: np.ndarray


@dataclass(frozen=True, eq=False)
class RiskSets:
    """Patients from the last time to the first, and who is at risk at each event.

    order : (N,) rows by falling time. last : (E,) of each event, place of the last patient in that order who is still
    at risk. first : (E,) place of the first patient who has an event at the same time. share : (E,) by Efron, how much
    of those with an event at the same time has already left; zero by Breslow. events : (N,) bool in that order.
    place : (E,) where each event lies in that order.
    """

    order: np.ndarray
    last: np.ndarray
    tied: np.ndarray
    share: np.ndarray
    events: np.ndarray
    place: np.ndarray

    @classmethod
    def of(cls, outcomes: Outcomes, *, ties: str = "efron") -> RiskSets:
        """The risk sets of patients; ties is "efron" or "breslow"."""
        order = np.argsort(-outcomes.times, kind="stable")
        times, events = outcomes.times[order], outcomes.events[order]
        place = np.flatnonzero(events)
        last = np.searchsorted(-times, -times[place], side="right") - 1
        _, tied = np.unique(-times[place], return_inverse=True)
        count = np.bincount(tied)
        number = np.arange(len(place)) - np.concatenate([[0], count.cumsum()[:-1]])[tied] if len(place) else place
        share = number / count[tied] if ties == "efron" and len(place) else np.zeros(len(place))
        return cls(order, last, tied, share, events, place)


def partial_likelihood(sets: RiskSets, covariates: np.ndarray, log_risk: np.ndarray) -> Likelihood:
    """Of log-risks that change with coefficients of covariates.

    Parameters
    ----------
    covariates : (N, P) array
    log_risk : (N,) array
        What the coefficients make of them, and whatever is beside them.

    Notes
    -----
    Cox, J R Stat Soc B 34:187 (1972); ties by Efron, J Am Stat Assoc 72:557
    (1977), or Breslow, Biometrics 30:89 (1974). With a = 1 / sum of risks at each
    event, the sum over events of the mean outer product is X' diag(r A) X, A the
    sum of a over events up to a patient's time: no outer product of each patient
    is ever made.
    """
    x, eta = covariates[sets.order], log_risk[sets.order]
    if not sets.place.size:
        return Likelihood(0.0, np.zeros(x.shape[1]), np.zeros((x.shape[1],) * 2))
    # The largest log-risk is taken out: risks of 1e308 and more would not add up.
    highest = eta.max()
    risk = np.exp(eta - highest)
    groups = sets.tied.max() + 1
    own = np.bincount(sets.tied, weights=risk[sets.place], minlength=groups)[sets.tied]
    total = risk.cumsum()[sets.last] - sets.share * own
    inverse = 1.0 / total
    weighted = risk[:, None] * x
    own_x = np.zeros((groups, x.shape[1]))
    np.add.at(own_x, sets.tied, weighted[sets.place])
    mean = (weighted.cumsum(axis=0)[sets.last] - sets.share[:, None] * own_x[sets.tied]) * inverse[:, None]
    value = float((eta[sets.place] - highest - np.log(total)).sum())
    slope = (x[sets.place] - mean).sum(axis=0)
    return Likelihood(value, slope, -(_mean_products(sets, x, risk, inverse) - mean.T @ mean))


def _mean_products(sets: RiskSets, x: np.ndarray, risk: np.ndarray, inverse: np.ndarray) -> np.ndarray:
    at_last = np.bincount(sets.last, weights=inverse, minlength=len(risk))
    reached = at_last[::-1].cumsum()[::-1]
    leaving = np.bincount(sets.tied, weights=inverse * sets.share)[sets.tied]
    reached[sets.place] -= leaving
    return (x * (risk * reached)[:, None]).T @ x
