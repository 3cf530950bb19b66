"""Times until an event that follow Weibull's distribution, stretched by covariates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg, optimize

from ...errors import InputError
from .outcomes import Outcomes


@dataclass(frozen=True, eq=False)
class WeibullModel:
    """S(t|x) = exp(-(t / scale)^shape), ln scale = intercept + x'coefficients.

    coefficients : (P,) log of how much one unit of each covariate stretches the time. covariance : (P + 2, P + 2) of
    intercept, coefficients and ln shape.
    """

    intercept: float
    coefficients: np.ndarray
    shape: float
    covariance: np.ndarray
    log_likelihood: float

    def log_scale(self, covariates) -> np.ndarray:
        """(N,) logarithm of the time by which 63 % have the event."""
        return self.intercept + np.asarray(covariates, dtype=float) @ self.coefficients

    def log_risk(self, covariates) -> np.ndarray:
        """(N,) logarithm of the hazard against that of a patient whose covariates are zero."""
        return -self.shape * (self.log_scale(covariates) - self.intercept)

    def survival(self, covariates, times) -> np.ndarray:
        """(N, T) chance of being without an event at times."""
        scaled = np.asarray(times, dtype=float)[None, :] / np.exp(self.log_scale(covariates))[:, None]
        return np.exp(-(scaled**self.shape))

    def median(self, covariates) -> np.ndarray:
        """(N,) time by which half have the event."""
        return np.exp(self.log_scale(covariates)) * np.log(2.0) ** (1 / self.shape)


def fit_weibull(outcomes: Outcomes, covariates) -> WeibullModel:
    """The model of the highest likelihood.

    Raises
    ------
    InputError
        ``E-WEIBULL`` without an event, or where covariates depend on one another.

    Notes
    -----
    Kalbfleisch and Prentice, The statistical analysis of failure time data
    (2002), section 3.6: with z = shape (ln t - ln scale), an event adds
    ln shape - ln t + z - exp(z), a censored time -exp(z).
    """
    x = np.asarray(covariates, dtype=np.float64).reshape(len(outcomes), -1)
    if not outcomes.event_count or np.linalg.matrix_rank(np.column_stack([np.ones(len(x)), x])) <= x.shape[1]:
        what = "nobody has an event" if not outcomes.event_count else "covariates depend on one another or never vary"
        raise InputError("E-WEIBULL", what, fix="Correct the events, or leave covariates out.")
    centre, spread = x.mean(axis=0), np.where(np.ptp(x, axis=0) > 0, x.std(axis=0), 1.0)
    design = np.column_stack([np.ones(len(x)), (x - centre) / spread])
    log_times, events = np.log(outcomes.times), outcomes.events
    start = np.zeros(design.shape[1] + 1)
    start[0] = np.log(outcomes.times.sum() / outcomes.event_count)
    found = optimize.minimize(
        _misfit, start, (design, log_times, events), jac=True, hess=_curvature, method="trust-exact",
        options={"gtol": 1e-9 * len(x), "maxiter": 500},
    )  # fmt: skip
    back = np.eye(len(start))
    back[0, 1:-1], back[1:-1, 1:-1] = -centre / spread, np.diag(1 / spread)
    covariance = back @ linalg.inv(_curvature(found.x, design, log_times, events)) @ back.T
    values = back @ found.x
    return WeibullModel(float(values[0]), values[1:-1], float(np.exp(values[-1])), covariance, -float(found.fun))


def _misfit(at: np.ndarray, design, log_times, events) -> tuple[float, np.ndarray]:
    beta, shape = at[:-1], np.exp(at[-1])
    z = shape * (log_times - design @ beta)
    grown = np.exp(np.minimum(z, 300.0))
    value = grown.sum() - (events * (at[-1] - log_times + z)).sum()
    pull = events - grown
    return float(value), np.concatenate([design.T @ (shape * pull), [-(events + pull * z).sum()]])


def _curvature(at: np.ndarray, design, log_times, events) -> np.ndarray:
    beta, shape = at[:-1], np.exp(at[-1])
    z = shape * (log_times - design @ beta)
    grown = np.exp(np.minimum(z, 300.0))
    count = len(at)
    found = np.empty((count, count))
    found[:-1, :-1] = (design * (shape**2 * grown)[:, None]).T @ design
    found[:-1, -1] = found[-1, :-1] = design.T @ (shape * (events - grown - grown * z))
    found[-1, -1] = (grown * z**2 + grown * z - events * z).sum()
    return found
