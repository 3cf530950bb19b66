"""Growth curves of five parameters, whose ends and asymmetry are free."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special


@dataclass(frozen=True, eq=False)
class Richards:
    """Curves of several scores over a disease age, (K,) each.

    lower, height : the lower end, and how far above it the upper one lies, 1. rate : 1/year. middle : years, where the
    curve is at 2^-asymmetry of its height. asymmetry : 1 for a logistic curve; larger ones rise late.

    Notes
    -----
    Richards, J Exp Bot 10:290 (1959): lower + height (1 + exp(-rate (s - middle)))^-asymmetry.
    """

    lower: np.ndarray
    height: np.ndarray
    rate: np.ndarray
    middle: np.ndarray
    asymmetry: np.ndarray

    def values(self, ages: np.ndarray) -> np.ndarray:
        """(..., K) at disease ages (...,)."""
        logs = special.log_expit(self.rate * (ages[..., None] - self.middle))
        return self.lower + self.height * np.exp(self.asymmetry * logs)

    def slopes(self, ages: np.ndarray) -> np.ndarray:
        """(..., K) change in a year of disease age at (...,)."""
        along = self.rate * (ages[..., None] - self.middle)
        share = np.exp(self.asymmetry * special.log_expit(along))
        return self.height * share * self.asymmetry * self.rate * special.expit(-along)

    def ages(self, score: int, value: float) -> float:
        """Disease age at which one score has a value; NaN where the curve never has."""
        share = (value - self.lower[score]) / self.height[score]
        if not 0 < share < 1:
            return float("nan")
        part = share ** (1 / self.asymmetry[score])
        return float(self.middle[score] + special.logit(part) / self.rate[score])
