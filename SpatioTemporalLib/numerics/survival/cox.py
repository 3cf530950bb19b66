"""Cox's proportional hazards: coefficients, with or without a penalty, and the hazard they multiply."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg, special

from ...errors import InputError
from .outcomes import Outcomes
from .partial_likelihood import Likelihood, RiskSets, partial_likelihood

ITERATIONS, HALVINGS = 100, 30
SMALL = 1e-9
# Of a standardised covariate, beyond which a hazard ratio is no longer one: 9 standard deviations apart, e^45.
FARTHEST = 20.0


@dataclass(frozen=True, eq=False)
class CoxModel:
    """A fitted model.

    coefficients : (P,) log hazard ratio of one unit of each covariate. covariance : (P, P) of them, NaN with a lasso
    penalty. centre : (P,) means that `log_risk` is counted from. times, hazard : (M,) of the events, and the cumulative
    hazard of a patient with the mean covariates from each on. log_likelihood : partial, without the penalty.
    """

    coefficients: np.ndarray
    covariance: np.ndarray
    centre: np.ndarray
    times: np.ndarray
    hazard: np.ndarray
    log_likelihood: float

    def log_risk(self, covariates) -> np.ndarray:
        """(N,) logarithm of the hazard against that of the mean patient."""
        return (np.asarray(covariates, dtype=float) - self.centre) @ self.coefficients

    def survival(self, covariates, times) -> np.ndarray:
        """(N, T) chance of being without an event at times."""
        return np.exp(-np.exp(self.log_risk(covariates))[:, None] * self.cumulative_hazard(times))

    def cumulative_hazard(self, times) -> np.ndarray:
        """(T,) of the mean patient; beyond the last event it stays what it was."""
        return np.concatenate([[0.0], self.hazard])[np.searchsorted(self.times, times, side="right")]

    @property
    def standard_errors(self) -> np.ndarray:
        return np.sqrt(np.diag(self.covariance))


def fit_cox(
    outcomes: Outcomes, covariates, *, ties: str = "efron", penalty: float = 0.0, lasso: float = 0.0
) -> CoxModel:
    """Coefficients of the highest penalised partial likelihood.

    Parameters
    ----------
    covariates : (N, P) array
        Finite numbers, each of which varies.
    ties : {"efron", "breslow"}
    penalty : float
        Of the coefficients of standardised covariates, beside the mean log-likelihood of a patient.
    lasso : float, 0..1
        Share of the penalty on their size; the rest is on half their square.

    Raises
    ------
    InputError
        ``E-COX`` when there is no event, covariates do not vary or depend on one another, or a coefficient grows
        without end since the covariate alone tells who has the event first.

    Notes
    -----
    Newton's steps; with a lasso each solved by going round the coefficients
    (Simon et al., J Stat Softw 39(5), 2011). Breslow's cumulative hazard.
    """
    x = _checked(outcomes, covariates)
    centre, spread = x.mean(axis=0), x.std(axis=0, ddof=1)
    standard = (x - centre) / spread
    sets = RiskSets.of(outcomes, ties=ties)
    found, at = _maximum(sets, standard, penalty * (1 - lasso), penalty * lasso)
    ridge = np.eye(len(spread)) * penalty * (1 - lasso) * len(outcomes)
    covariance = np.full((len(spread),) * 2, np.nan)
    if not penalty * lasso:
        covariance = linalg.inv(ridge - at.curvature) / np.outer(spread, spread)
    coefficients = found / spread
    times, hazard = breslow_hazard(outcomes, (x - centre) @ coefficients)
    return CoxModel(coefficients, covariance, centre, times, hazard, at.value)


def breslow_hazard(outcomes: Outcomes, log_risk) -> tuple[np.ndarray, np.ndarray]:
    """(M,) times of events and the cumulative hazard from each on, of a patient whose log-risk is zero.

    Breslow, discussion of Cox, J R Stat Soc B 34:216 (1972).
    """
    order = np.argsort(outcomes.times, kind="stable")
    times, events = outcomes.times[order], outcomes.events[order]
    at_risk = np.exp(np.asarray(log_risk, dtype=float)[order])[::-1].cumsum()[::-1]
    unique, first = np.unique(times, return_index=True)
    count = np.add.reduceat(events.astype(float), first) if len(times) else np.zeros(0)
    return unique[count > 0], (count / at_risk[first])[count > 0].cumsum()


def wald_p(model: CoxModel) -> np.ndarray:
    """(P,) two-sided p of each coefficient."""
    return 2 * special.ndtr(-np.abs(model.coefficients / model.standard_errors))


def _maximum(sets: RiskSets, x: np.ndarray, ridge: float, lasso: float) -> tuple[np.ndarray, Likelihood]:
    count, beta = len(x), np.zeros(x.shape[1])

    def height(likelihood: Likelihood, at: np.ndarray) -> float:
        return likelihood.value / count - ridge / 2 * float(at @ at) - lasso * float(np.abs(at).sum())

    here = partial_likelihood(sets, x, x @ beta)
    for _ in range(ITERATIONS):
        curvature = ridge * np.eye(len(beta)) - here.curvature / count
        slope = here.slope / count - ridge * beta
        goal = _penalised_step(curvature, slope, beta, lasso)
        step, now = goal - beta, height(here, beta)
        for _ in range(HALVINGS):
            there = partial_likelihood(sets, x, x @ (beta + step))
            if height(there, beta + step) >= now - 1e-14 * abs(now):
                break
            step = step / 2
        beta, here = beta + step, there
        if (np.abs(beta) > FARTHEST).any():
            raise InputError(
                "E-COX",
                f"covariate {int(np.abs(beta).argmax()) + 1} tells alone who has the event first, so that its hazard "
                "ratio grows without end",
                fix="Leave it out if it was only known afterwards; otherwise set a penalty.",
            )
        if np.abs(step).max(initial=0.0) < SMALL:
            break
    return beta, here


def _penalised_step(curvature: np.ndarray, slope: np.ndarray, beta: np.ndarray, lasso: float) -> np.ndarray:
    """Where the parabola with this slope and curvature at `beta`, less the lasso, is highest."""
    try:
        newton = beta + linalg.solve(curvature, slope, assume_a="pos")
    except linalg.LinAlgError as error:
        raise InputError(
            "E-COX",
            "the covariates depend on one another, so that their coefficients cannot be told apart",
            fix="Leave one of them out, or set a penalty.",
        ) from error
    if not lasso:
        return newton
    found, linear, own = beta.copy(), slope + curvature @ beta, np.diag(curvature)
    for _ in range(1000):
        before = found.copy()
        for p in range(len(found)):
            rest = linear[p] - curvature[p] @ found + own[p] * found[p]
            found[p] = np.sign(rest) * max(abs(rest) - lasso, 0.0) / own[p]
        if np.abs(found - before).max() < SMALL / 10:
            break
    return found


def _checked(outcomes: Outcomes, covariates) -> np.ndarray:
    x = np.asarray(covariates, dtype=np.float64)
    if x.ndim != 2 or len(x) != len(outcomes) or not np.isfinite(x).all():
        raise InputError(
            "E-COX",
            f"finite covariates (patients, covariates) of {len(outcomes)} patients were expected, found {x.shape} of "
            f"which {np.isfinite(x).sum()} are finite",
            fix="Fill the missing values, or leave those patients out.",
        )
    constant = np.flatnonzero(np.ptp(x, axis=0) == 0) if len(x) else np.arange(x.shape[1])
    if not outcomes.event_count or constant.size:
        what = "nobody has an event" if not outcomes.event_count else f"covariate {constant[0] + 1} never varies"
        raise InputError("E-COX", what, fix="Leave it out." if outcomes.event_count else "Patients with it are needed.")
    return x
