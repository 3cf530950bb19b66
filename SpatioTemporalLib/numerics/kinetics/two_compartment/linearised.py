"""Residuals of the two-compartment models, their slopes, and the variances that follow from these."""

from __future__ import annotations

import numpy as np

from ...arrays import clipped, empty, like, namespace
from ...least_squares.bounded_gauss_newton import Descent, Linearised, Model, normal_equations
from .family import TwoCompartmentFamily
from .models import TOGETHER, Exchange, pole_slopes, poles

UNDETERMINED, UNCERTAIN = 1e-14, 1e-3


def physical(family: TwoCompartmentFamily, logarithms: np.ndarray) -> np.ndarray:
    values = namespace(logarithms).exp(logarithms) - like(family.soft[:, None], logarithms)
    return clipped(values, *(like(bound[:, None], logarithms) for bound in (family.low, family.high)))


def model_of(family: TwoCompartmentFamily, coordinates: np.ndarray) -> Model:
    """Residuals in the space of the table, and their derivatives by the logarithms of the parameters."""
    soft = like(family.soft[:, None], coordinates)
    xp = namespace(coordinates)

    def at(logarithms: np.ndarray, problems: np.ndarray) -> Linearised:
        values = physical(family, logarithms)
        absent = {"ps": 0.0, "ve": np.inf}
        filled = {name: xp.full_like(values[0], value) for name, value in absent.items()}
        exchange = Exchange(**(filled | dict(zip(family.upper, values))))
        curve, jacobian = _curve_and_slopes(family, exchange)
        jacobian *= (values + soft)[..., None]
        curve, jacobian = family.turned(curve, problems), family.turned(jacobian, problems)
        return Linearised(curve - coordinates[problems], jacobian)

    return at


def _curve_and_slopes(family: TwoCompartmentFamily, exchange: Exchange) -> tuple[np.ndarray, np.ndarray]:
    """(n, R) curves and their (P, n, R) derivatives by the fitted parameters."""
    pole = poles(exchange)
    fast_curve, fast_slope = family.table.at(pole.fast)
    slow_curve, slow_slope = family.table.at(pole.slow)
    gap = pole.fast - pole.slow
    apart = gap > TOGETHER * pole.fast
    xp = namespace(gap)
    per_gap = xp.where(apart, 1 / xp.where(apart, gap, 1.0), 0.0)[:, None]
    difference = xp.where(apart[:, None], (slow_curve - fast_curve) * per_gap, -fast_slope)
    flow, excess = exchange.flow[:, None], pole.excess[:, None]
    shape = fast_curve + excess * difference
    by_fast = flow * (fast_slope - excess * (fast_slope + difference) * per_gap)
    # The excess is beta - K-, so that a larger K- takes the difference away once more.
    by_slow = flow * (excess * (slow_slope + difference) * per_gap - difference)
    by_beta = flow * difference
    slopes = pole_slopes(exchange, pole)
    jacobian = empty((len(family.upper), *shape.shape), shape)
    for n, name in enumerate(family.upper):
        fast, slow, beta = (slope[:, None] for slope in slopes[name])
        xp.multiply(by_fast, fast, out=jacobian[n])
        jacobian[n] += slow * by_slow
        jacobian[n] += beta * by_beta
        if name == "flow":
            jacobian[n] += shape
    return flow * shape, jacobian


def variances_of(model: Model, descent: Descent, held: np.ndarray) -> np.ndarray:
    """(P, n) variances of the physical parameters for unit noise; zero for those held on a bound."""
    xp, everything = namespace(descent.sse), like(np.arange(len(descent.sse)), descent.sse)
    _, curvature, _ = normal_equations(model(descent.parameters, everything))
    free = ~held
    size = xp.sqrt(xp.einsum("iin->in", curvature))
    size = xp.where(free & (size > 0), size, 1.0)
    matrix = xp.where(free[:, None] & free[None], curvature / (size[:, None] * size[None]), 0.0)
    for i in range(len(matrix)):
        matrix[i, i] = 1.0
    values, vectors = xp.linalg.eigh(xp.moveaxis(matrix, -1, 0))
    # Rounding leaves eigenvalues of 1e-16 where a combination of parameters is not determined at all.
    variance = xp.einsum("nik,nk->in", vectors**2, 1 / clipped(values, UNDETERMINED, np.inf))
    scale = xp.exp(descent.parameters) / size
    undetermined = variance > UNCERTAIN / UNDETERMINED
    return xp.where(held, 0.0, xp.where(undetermined, np.inf, variance * scale * scale))
