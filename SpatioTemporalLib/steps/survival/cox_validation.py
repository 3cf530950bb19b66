"""How strong a penalty should be, what a model predicts of patients it did not see, and how much it flatters itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from ...errors import InputError
from ...numerics.survival.calibration import calibration_slope
from ...numerics.survival.concordance import harrell_c
from ...numerics.survival.cox import CoxModel, fit_cox
from ...numerics.survival.outcomes import Outcomes
from ...numerics.survival.partial_likelihood import RiskSets, partial_likelihood

PENALTIES = (0.0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
FOLDS = 5


@dataclass(frozen=True)
class Penalty:
    """strength : of the penalty. lasso : share of it on the size of coefficients, 0..1. ties : how ties are taken."""

    strength: float = 0.0
    lasso: float = 0.0
    ties: str = "efron"

    def fit(self, outcomes: Outcomes, x: np.ndarray) -> CoxModel:
        """The model of these patients; a covariate that does not vary in them, as a rare level, changes nothing."""
        varies = np.ptp(x, axis=0) > 0
        model = fit_cox(outcomes, x[:, varies], ties=self.ties, penalty=self.strength, lasso=self.lasso)
        if varies.all():
            return model
        coefficients, covariance = np.zeros(len(varies)), np.full((len(varies),) * 2, np.nan)
        coefficients[varies], covariance[np.ix_(varies, varies)] = model.coefficients, model.covariance
        return replace(model, coefficients=coefficients, covariance=covariance, centre=x.mean(axis=0))


@dataclass(frozen=True)
class Flattery:
    """Measures as found in the patients learned from, and less what they flatter themselves by.

    failed : resamples of which no model could be made.
    """

    concordance: float
    corrected_concordance: float
    slope: float
    corrected_slope: float
    failed: int


def folds_of(outcomes: Outcomes, rng: np.random.Generator) -> np.ndarray:
    """(N,) fold of each patient, events and censored spread evenly."""
    fold = np.empty(len(outcomes), dtype=int)
    for kind in (True, False):
        rows = rng.permutation(np.flatnonzero(outcomes.events == kind))
        fold[rows] = np.arange(len(rows)) % FOLDS
    return fold


def chosen_penalty(outcomes: Outcomes, x: np.ndarray, fold: np.ndarray, lasso: float, ties: str) -> Penalty:
    """The penalty under which patients left out are likeliest.

    Verweij and van Houwelingen, Stat Med 12:2305 (1993): what the left out add
    to the partial likelihood of all.
    """
    found = {}
    everybody = RiskSets.of(outcomes, ties=ties)
    for strength in PENALTIES:
        penalty = Penalty(strength, lasso, ties)
        try:
            found[strength] = sum(_added(outcomes, x, fold == n, penalty, everybody) for n in range(FOLDS))
        except InputError as error:
            # Too weak a penalty may not hold a coefficient; a stronger one does.
            if error.code != "E-COX":
                raise
    if not found:
        return Penalty(PENALTIES[-1], lasso, ties)
    return Penalty(max(found, key=found.get), lasso, ties)


def unseen_predictions(
    outcomes: Outcomes, x: np.ndarray, fold: np.ndarray, penalty: Penalty, horizons
) -> tuple[np.ndarray, np.ndarray]:
    """(N,) log-risk and (N, H) survival of each patient by the model of the other folds."""
    risk, survival = np.empty(len(x)), np.empty((len(x), len(horizons)))
    for n in range(FOLDS):
        rows = fold == n
        model = penalty.fit(outcomes.of(~rows), x[~rows])
        risk[rows] = model.log_risk(x[rows])
        survival[rows] = model.survival(x[rows], horizons)
    return risk, survival


def flattery(
    outcomes: Outcomes,
    x: np.ndarray,
    penalty: Penalty,
    *,
    resamples: int,
    rng: np.random.Generator,
    seen: Callable[[int, CoxModel], None],
) -> Flattery:
    """What bootstrap models lose from their own resample to all patients; each is given to `seen` with its number.

    Harrell, Lee and Mark, Stat Med 15:361 (1996).
    """
    model = penalty.fit(outcomes, x)
    own = (_c(outcomes, model.log_risk(x)), calibration_slope(outcomes, model.log_risk(x)).value)
    lost, failed = [], 0
    for number in range(resamples):
        rows = rng.integers(0, len(x), len(x))
        try:
            other = penalty.fit(outcomes.of(rows), x[rows])
        except InputError as error:
            if error.code != "E-COX":
                raise
            failed += 1
            continue
        seen(number, other)
        inside, outside = other.log_risk(x[rows]), other.log_risk(x)
        slopes = [calibration_slope(o, r).value for o, r in ((outcomes.of(rows), inside), (outcomes, outside))]
        lost.append((_c(outcomes.of(rows), inside) - _c(outcomes, outside), slopes[0] - slopes[1]))
    c, slope = (_mean_known([pair[n] for pair in lost]) for n in (0, 1))
    return Flattery(own[0], own[0] - c, own[1], own[1] - slope, failed)


def _mean_known(values: list[float]) -> float:
    known = [value for value in values if np.isfinite(value)]
    return float(np.mean(known)) if known else float("nan")


def _c(outcomes: Outcomes, risk: np.ndarray) -> float:
    return float(harrell_c(outcomes, risk)[0])


def _added(outcomes: Outcomes, x: np.ndarray, out: np.ndarray, penalty: Penalty, everybody: RiskSets) -> float:
    model = penalty.fit(outcomes.of(~out), x[~out])
    risk = x @ model.coefficients
    rest = partial_likelihood(RiskSets.of(outcomes.of(~out), ties=penalty.ties), x[~out], risk[~out]).value
    return partial_likelihood(everybody, x, risk).value - rest
