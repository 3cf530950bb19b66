"""Whether those with the higher risk have the event first: Harrell's and Uno's C, and the area under the ROC curve."""

from __future__ import annotations

import numpy as np

from ...errors import InputError
from .kaplan_meier import kaplan_meier
from .outcomes import Outcomes
from .pairs import share_of_right_pairs
from .weights import Censoring, require_followed


def harrell_c(outcomes: Outcomes, risk, *, counts=None) -> np.ndarray:
    """(R,) share of comparable pairs in which the patient with the earlier event has the higher risk.

    Parameters
    ----------
    risk : (N,) array
        Higher is worse; equal ones count half.
    counts : (R, N) array, optional
        How often each patient is in each of R resamples; without it R is 1.

    Returns
    -------
    (R,) array
        NaN where no pair is comparable: no event, or one patient.

    Notes
    -----
    Harrell et al., JAMA 247:2543 (1982). A pair is comparable when the earlier
    of its times is an event; of equal times, when one of them is.
    """
    return _concordance(outcomes, risk, np.ones(len(outcomes)), np.inf, counts)


def uno_c(outcomes: Outcomes, risk, *, censoring: Censoring, until: float | None = None, counts=None) -> np.ndarray:
    """(R,) the same with each pair weighted so that it does not depend on who was censored.

    Parameters
    ----------
    censoring : Censoring
        Of the patients the model was made with, where there are such.
    until : float, optional
        Pairs count whose first time lies before; what `censoring` allows when left out.

    Notes
    -----
    Uno et al., Stat Med 30:1105 (2011): weights 1 / G(t)^2.
    """
    until = censoring.latest if until is None else until
    before = np.nextafter(until, -np.inf)
    return _concordance(outcomes, risk, censoring.weights(outcomes, before) ** 2, until, counts)


def dynamic_auc(outcomes: Outcomes, risk, horizon: float, *, censoring: Censoring, counts=None) -> np.ndarray:
    """(R,) chance that someone with an event by a time has a higher risk than someone without one then.

    Parameters
    ----------
    horizon : float
        In the unit of the times.

    Raises
    ------
    InputError
        ``E-SURVIVAL-HORIZON`` when patients were not followed so long.

    Notes
    -----
    Cumulative cases, dynamic controls; Uno et al., J Am Stat Assoc 102:527 (2007).
    """
    require_followed(horizon, outcomes, censoring)
    weights = censoring.weights(outcomes, horizon)
    cases = np.flatnonzero(weights)
    controls = outcomes.times > horizon
    risk = _checked(outcomes, risk)
    return share_of_right_pairs(
        risk, cases, weights[cases], lambda rows: np.broadcast_to(controls, (len(rows), len(controls))), counts
    ).share


def mean_dynamic_auc(outcomes: Outcomes, horizons, areas) -> np.ndarray:
    """Mean of areas (H, ...) over horizons (H,), each weighted by the events since the one before.

    Lambert and Chevret, Stat Methods Med Res 25:2088 (2016).
    """
    left = kaplan_meier(outcomes).at(np.asarray(horizons, dtype=float))
    falls = -np.diff(np.concatenate([[1.0], left]))
    total = 1.0 - left[-1]
    return np.tensordot(falls, np.asarray(areas), axes=1) / total if total > 0 else np.nan * np.asarray(areas)[0]


def _concordance(outcomes: Outcomes, risk, weights: np.ndarray, until: float, counts) -> np.ndarray:
    risk = _checked(outcomes, risk)
    times, events = outcomes.times, outcomes.events

    def later(rows: np.ndarray) -> np.ndarray:
        own = times[rows, None]
        return (times[None, :] > own) | ((times[None, :] == own) & ~events[None, :])

    firsts = np.flatnonzero(events & (times < until) & (weights > 0))
    return share_of_right_pairs(risk, firsts, weights[firsts], later, counts).share


def _checked(outcomes: Outcomes, risk) -> np.ndarray:
    risk = np.asarray(risk, dtype=np.float64).reshape(-1)
    if len(risk) != len(outcomes) or not np.isfinite(risk).all():
        raise InputError(
            "E-SURVIVAL",
            f"{np.isfinite(risk).sum()} finite risks for {len(outcomes)} patients",
            fix="Give one finite risk for each patient; leave out those without.",
        )
    return risk
