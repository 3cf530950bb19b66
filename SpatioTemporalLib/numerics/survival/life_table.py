"""Hazards of equal steps of time."""

from __future__ import annotations

import numpy as np

from .outcomes import Outcomes

PRIOR_EVENTS, PRIOR_STEPS = 0.5, 1.0


def stepwise_hazards(outcomes: Outcomes, step: float, count: int) -> np.ndarray:
    """(K,) chance of the event within each step of those who reach it: events over steps lived through.

    Parameters
    ----------
    step : float
        In the unit of the times.
    count : int
        Steps, counted from zero.

    Notes
    -----
    The actuarial estimate (Cutler and Ederer, J Chronic Dis 8:699, 1958), in which who is censored within a step
    counts for the part of it that was observed. Half an event in one step is added, so that no hazard is 0 or 1.
    """
    begins = np.arange(count) * step
    times, events = outcomes.times[:, None], outcomes.events.astype(bool)[:, None]
    happened = events & (times >= begins) & (times < begins + step)
    lived = np.where(happened, 1.0, np.clip((times - begins) / step, 0.0, 1.0))
    return (happened.sum(axis=0) + PRIOR_EVENTS) / (lived.sum(axis=0) + PRIOR_STEPS)
