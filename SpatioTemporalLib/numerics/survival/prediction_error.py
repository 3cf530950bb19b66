"""How far predicted chances of being without an event are from what happened: Brier score over time and its mean."""

from __future__ import annotations

import numpy as np
from scipy import integrate

from ...errors import InputError
from .kaplan_meier import kaplan_meier
from .outcomes import Outcomes
from .weights import Censoring, require_followed


def brier_scores(outcomes: Outcomes, survival, horizons, *, censoring: Censoring, counts=None) -> np.ndarray:
    """(R, H) mean squared error at each horizon, patients weighted for censoring.

    Parameters
    ----------
    survival : (N, H) array, 0..1
        Predicted chance of being without an event at each horizon.
    horizons : (H,) array
    counts : (R, N) array, optional
        How often each patient is in each of R resamples; without it R is 1.

    Raises
    ------
    InputError
        ``E-SURVIVAL`` for chances that are none, ``E-SURVIVAL-HORIZON`` where patients were not followed so long.

    Notes
    -----
    Graf et al., Stat Med 18:2529 (1999).
    """
    horizons = np.atleast_1d(np.asarray(horizons, dtype=float))
    survival = checked_survival(outcomes, survival, horizons)
    scores = np.stack([_squared_errors(outcomes, survival[:, n], t, censoring) for n, t in enumerate(horizons)], axis=1)
    counts = np.ones((1, len(outcomes))) if counts is None else np.asarray(counts, dtype=float)
    return counts @ scores / counts.sum(axis=1, keepdims=True)


def integrated(scores: np.ndarray, horizons) -> np.ndarray:
    """Mean over time of scores (..., H) at rising horizons (H,), by trapezoids."""
    horizons = np.asarray(horizons, dtype=float)
    if len(horizons) < 2:
        return np.asarray(scores)[..., 0]
    return integrate.trapezoid(scores, horizons, axis=-1) / (horizons[-1] - horizons[0])


def reference_survival(outcomes: Outcomes, horizons, count: int) -> np.ndarray:
    """(count, H) the chance at each horizon that Kaplan and Meier's curve gives everybody alike."""
    return np.broadcast_to(kaplan_meier(outcomes).at(horizons), (count, len(np.atleast_1d(horizons))))


def checked_survival(outcomes: Outcomes, survival, horizons: np.ndarray) -> np.ndarray:
    """The chances as float64 (N, H)."""
    survival = np.asarray(survival, dtype=np.float64)
    wanted = (len(outcomes), len(horizons))
    if survival.shape != wanted or not np.isfinite(survival).all() or (survival < 0).any() or (survival > 1).any():
        found = (
            f"{survival.shape} from {np.nanmin(survival):.4g} to {np.nanmax(survival):.4g}" if survival.size else "none"
        )
        raise InputError(
            "E-SURVIVAL",
            f"chances of shape {wanted} from 0 to 1 were expected, found {found}",
            fix="Give one chance of being without an event for each patient and horizon.",
        )
    return survival


def _squared_errors(outcomes: Outcomes, survival: np.ndarray, horizon: float, censoring: Censoring) -> np.ndarray:
    require_followed(horizon, outcomes, censoring)
    still = outcomes.times > horizon
    return survival**2 * censoring.weights(outcomes, horizon) + (1 - survival) ** 2 * still / censoring.at(horizon)
