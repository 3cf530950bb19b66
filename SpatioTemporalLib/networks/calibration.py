"""From the difference of two logits to a probability that keeps its word."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import optimize, special

from ..errors import ParameterError

FEWEST = 10
WEIGHT_OF_PRIOR = 1.0


@dataclass(frozen=True)
class Calibration:
    """Probability = 1 / (1 + exp(-(slope x + intercept))) of the difference x of the logits.

    note : how it was found, for users.
    """

    slope: float = 1.0
    intercept: float = 0.0
    note: str = "not calibrated"

    def __post_init__(self):
        if not (np.isfinite([self.slope, self.intercept]).all() and self.slope > 0):
            raise ParameterError(
                "E-CALIBRATION",
                f"slope {self.slope} and intercept {self.intercept} make no calibration",
                fix="The slope must be positive.",
            )

    def probability(self, difference) -> np.ndarray:
        return special.expit(self.slope * np.asarray(difference, dtype=np.float64) + self.intercept)


def fitted_calibration(difference: np.ndarray, labels: np.ndarray, share: float) -> Calibration:
    """Calibration from validation patients.

    Parameters
    ----------
    difference : (N,)       Logit of class 1 less that of class 0, trained with both classes alike.
    labels : (N,) 0 or 1
    share : float           Of class 1 among the patients that it is meant for.

    Notes
    -----
    Platt, Advances in Large Margin Classifiers (1999), with a weak prior on ln
    slope that keeps it finite where the classes do not overlap. With fewer than
    10 patients of a class only the share of the classes is corrected.
    """
    prior = float(special.logit(np.clip(share, 1e-3, 1 - 1e-3)))
    fewest = min(np.count_nonzero(labels == 0), np.count_nonzero(labels == 1))
    if fewest < FEWEST:
        return Calibration(
            1.0, prior, f"corrected for {100 * share:.0f} % positive only; too few validation patients to fit more"
        )

    def loss(parameters) -> float:
        log_slope, intercept = parameters
        z = np.exp(log_slope) * difference + intercept
        return float(np.logaddexp(0, np.where(labels == 1, -z, z)).sum() + WEIGHT_OF_PRIOR * log_slope**2 / 2)

    found = optimize.minimize(loss, [0.0, prior], method="Nelder-Mead", options={"xatol": 1e-6, "fatol": 1e-9})
    slope, intercept = float(np.exp(found.x[0])), float(found.x[1])
    return Calibration(slope, intercept, f"Platt scaling on {len(labels)} validation patients")
