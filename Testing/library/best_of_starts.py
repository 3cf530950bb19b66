"""The optimum that a bounded general-purpose fit finds from many starts, one curve at a time."""

import numpy as np
from scipy.optimize import least_squares

STARTS = 20
EXCESS = 1e-6  # what our sum of squares may be above the best of the starts, as a part of it


def smallest_sum_of_squares(residual, low, high, rng, starts=STARTS):
    """Of ``residual(parameters)`` within the bounds, from uniformly drawn starts."""
    low, high = np.asarray(low, float), np.asarray(high, float)
    found = (
        least_squares(residual, rng.uniform(low, high), bounds=(low, high), xtol=1e-14, ftol=1e-14, gtol=1e-14)
        for _ in range(starts)
    )
    return min(2 * fit.cost for fit in found)


def worst_excess(ours, references, power):
    """By how much our sums of squares exceed the references, as a part of them; noise-free ones count by the power."""
    references = np.asarray(references)
    return float(((np.asarray(ours) - references) / np.maximum(references, 1e-12 * np.asarray(power))).max())
