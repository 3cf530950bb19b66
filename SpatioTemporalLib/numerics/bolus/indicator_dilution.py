"""Models of a bolus that passes once: densities of transit times with unit area, and what is derived from them.

Each has two shape parameters. Times count from the arrival of the bolus.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import special

BISECTIONS = 60


@dataclass(frozen=True)
class DilutionModel:
    """One model by its functions of the time since arrival in s and of two shape parameters, all broadcast.

    density, area : of unit total area, zero before arrival, and its integral from arrival.
    mean, mode : mean transit time and time to peak in s.
    inflections : times of the steepest rise and of the steepest fall in s.
    from_search : the shape parameters from those that are searched, which are
    the logarithms of a time and of a number.
    bounds : of that number.
    """

    density: Callable
    area: Callable
    mean: Callable
    mode: Callable
    inflections: Callable
    from_search: Callable
    bounds: tuple[float, float]


def slope(model: DilutionModel, time, first, second, *, step: float = 1e-4):
    """Derivative of the density by time in 1/s², by a central difference of a part of the time."""
    reach = step * time
    above, below = model.density(time + reach, first, second), model.density(time - reach, first, second)
    return (above - below) / (2 * reach)


def _positive(time):
    return np.where(time > 0, time, 1.0)


def _gamma_density(time, exponent, scale):
    x = _positive(time) / scale
    log_density = exponent * np.log(x) - x - special.gammaln(exponent + 1) - np.log(scale)
    return np.where(time > 0, np.exp(log_density), 0.0)


def _gamma_area(time, exponent, scale):
    return special.gammainc(exponent + 1, np.maximum(time, 0.0) / scale)


def _gamma_inflections(exponent, scale):
    root = np.sqrt(exponent)
    return scale * (exponent - root), scale * (exponent + root)


def _lognormal_density(time, mu, sigma):
    t = _positive(time)
    score = (np.log(t) - mu) / sigma
    return np.where(time > 0, np.exp(-(score**2) / 2) / (np.sqrt(2 * np.pi) * sigma * t), 0.0)


def _lognormal_area(time, mu, sigma):
    return np.where(time > 0, special.ndtr((np.log(_positive(time)) - mu) / sigma), 0.0)


def _lognormal_inflections(mu, sigma):
    reach = sigma * np.sqrt(sigma**2 + 4)
    return tuple(np.exp(mu + (-3 * sigma**2 + sign * reach) / 2) for sign in (-1, 1))


def _walk_density(time, mu, skewness):
    x = _positive(time) / mu
    exponent = -skewness * (x - 1) ** 2 / (2 * x)
    return np.where(time > 0, np.sqrt(skewness / (2 * np.pi * x)) / mu * np.exp(exponent), 0.0)


def _walk_area(time, mu, skewness):
    # The reciprocal of an inverse Gaussian variable.
    x = _positive(time) / mu
    root = np.sqrt(skewness * x)
    tail = special.ndtr(root * (1 / x - 1)) + np.exp(2 * skewness + special.log_ndtr(-root * (1 / x + 1)))
    return np.where(time > 0, 1 - tail, 0.0)


def _walk_mode(mu, skewness):
    return mu / (2 * skewness) * (np.sqrt(1 + 4 * skewness**2) - 1)


def _walk_inflections(mu, skewness):
    """Roots of the second derivative on both sides of the peak, by bisection of its quartic factor."""
    mode = _walk_mode(1.0, skewness)

    def root(outer):
        inner = mode + np.zeros_like(outer)
        for _ in range(BISECTIONS):
            x = (inner + outer) / 2
            quartic = (skewness * (1 - x**2) - x) ** 2 + 2 * x**2 - 4 * skewness * x
            inner, outer = np.where(quartic < 0, x, inner), np.where(quartic < 0, outer, x)
        return mu * outer

    return root(np.zeros_like(mode)), root(mode + 20 / skewness + 20 / np.sqrt(skewness))


GAMMA = DilutionModel(
    _gamma_density,
    _gamma_area,
    mean=lambda exponent, scale: (exponent + 1) * scale,
    mode=lambda exponent, scale: exponent * scale,
    inflections=_gamma_inflections,
    from_search=lambda log_time, log_number: (np.exp(log_number), np.exp(log_time - log_number)),
    # Below an exponent of one the rise is steepest at arrival, where its slope has no bound.
    bounds=(1.0, 50.0),
)
LOGNORMAL = DilutionModel(
    _lognormal_density,
    _lognormal_area,
    mean=lambda mu, sigma: np.exp(mu + sigma**2 / 2),
    mode=lambda mu, sigma: np.exp(mu - sigma**2),
    inflections=_lognormal_inflections,
    from_search=lambda log_time, log_number: (log_time + np.exp(2 * log_number), np.exp(log_number)),
    bounds=(0.1, 1.5),
)
RANDOM_WALK = DilutionModel(
    _walk_density,
    _walk_area,
    mean=lambda mu, skewness: mu * (1 + 1 / skewness),
    mode=_walk_mode,
    inflections=_walk_inflections,
    from_search=lambda log_time, log_number: (
        np.exp(log_time) / _walk_mode(1.0, np.exp(log_number)),
        np.exp(log_number),
    ),
    bounds=(0.1, 100.0),
)
