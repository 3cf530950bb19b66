"""Whether the effect of covariates stays the same over time, as Cox's model takes it to be."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import special

from ..statistics.ranks import mid_ranks
from .cox import CoxModel
from .outcomes import Outcomes


class HazardsTest(NamedTuple):
    """(P,) chi-squared of one degree of freedom, and p, of each covariate."""

    statistic: np.ndarray
    p: np.ndarray


def proportional_hazards_test(outcomes: Outcomes, covariates, model: CoxModel) -> HazardsTest:
    """Trend of the scaled residuals of Schoenfeld over the rank of the event's time.

    Notes
    -----
    Grambsch and Therneau, Biometrika 81:515 (1994).
    """
    order = np.argsort(outcomes.times, kind="stable")
    x, times = np.asarray(covariates, float)[order], outcomes.times[order]
    events = outcomes.events[order]
    risk = np.exp(model.log_risk(x))
    first = np.searchsorted(times, times, side="left")
    total = risk[::-1].cumsum()[::-1][first]
    mean = (risk[:, None] * x)[::-1].cumsum(axis=0)[::-1][first] / total[:, None]
    residuals = ((x - mean) @ model.covariance)[events] * outcomes.event_count
    rank = mid_ranks(times[events])
    centred = rank - rank.mean()
    spread = outcomes.event_count * np.diag(model.covariance) * (centred**2).sum()
    statistic = (centred @ residuals) ** 2 / spread
    return HazardsTest(statistic, special.chdtrc(1, statistic))
