"""Bounded least squares of the two-compartment models, for very many curves at once.

All of it works on the coordinates of the curves in the space of
`tabulated_exponentials`. Most curves have their optimum within the bounds, where
it is that of two exponentials; the others take bounded descents.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...arrays import contiguous, like, namespace
from ...least_squares.bounded_gauss_newton import Descent, on_bounds
from ...least_squares.exponential_pairs.free_optimum import FreeOptimum, free_optima
from .descents import best_bounded_descent
from .family import TwoCompartmentFamily, two_compartment_family
from .linearised import model_of, physical, variances_of
from .models import SMALLEST_VOLUME

__all__ = ["TwoCompartmentSolution", "solve_two_compartment", "two_compartment_family"]


@dataclass(frozen=True)
class TwoCompartmentSolution:
    """Optimum of each of n curves.

    parameters : (n,) arrays by name, flow and ps in 1/s; exactly zero or the
    upper bound where they rest there.
    variances : (n,) arrays by name for unit noise variance; zero on a bound,
    infinite where the data do not determine them.
    sse : (n,); converged : (n,) bool
    """

    parameters: dict[str, np.ndarray]
    variances: dict[str, np.ndarray]
    sse: np.ndarray
    converged: np.ndarray


def solve_two_compartment(measured: np.ndarray, family: TwoCompartmentFamily) -> TwoCompartmentSolution:
    """Fit the model to each of (T, n) finite curves, within 0 and the upper bounds.

    Torch tensors are fitted where they lie; the bounds stay numpy arrays.
    """
    xp = namespace(measured)
    measured = xp.asarray(measured, dtype=xp.float64)
    family = family.beside(measured)
    coordinates = contiguous((family.table.basis.T @ measured).T)
    outside = measured - family.table.basis @ coordinates.T
    power = xp.einsum("tn,tn->n", measured, measured)
    if xp is np and family.pairs is not None:
        descent, known = tissues_within_bounds(coordinates, family)
        rest = np.flatnonzero(~known)
        if rest.size:
            for whole, part in zip(descent, best_bounded_descent(coordinates[rest], family, power[rest])):
                whole[..., rest] = part
    else:
        descent = best_bounded_descent(coordinates, family, power)
    return solution_of(descent, coordinates, family, xp.einsum("tn,tn->n", outside, outside))


def solution_of(descent: Descent, coordinates, family: TwoCompartmentFamily, outside) -> TwoCompartmentSolution:
    """What descents of (n, R) curves ended at, of which (n,) sums of squares lie outside of the table's space."""
    xp = namespace(coordinates)
    low, high = (like(bound[:, None], coordinates) for bound in family.logarithmic_bounds)
    at_low, at_high = on_bounds(descent.parameters, low, high)
    variances = variances_of(model_of(family, coordinates), descent, at_low | at_high)
    parameters = physical(family, descent.parameters)
    # Exactly: rounding of the logarithm would hide that a bound was reached.
    parameters[at_low] = 0.0
    parameters = xp.where(at_high, like(family.high[:, None], coordinates), parameters)
    return TwoCompartmentSolution(
        parameters=dict(zip(family.upper, parameters)),
        variances=dict(zip(family.upper, variances)),
        sse=descent.sse + outside,
        converged=descent.converged,
    )


def tissues_within_bounds(coordinates, family: TwoCompartmentFamily) -> tuple[Descent, np.ndarray]:
    """The best two exponentials of each of (n, R) curves, and where they are sure to be a tissue within the bounds."""
    free = free_optima(coordinates, family.pairs)
    values = _tissue_of(free)
    # A NaN of a tissue that cannot be is within no bounds.
    known = free.sure & (values >= family.low[:, None]).all(axis=0) & (values <= family.high[:, None]).all(axis=0)
    low, high = family.logarithmic_bounds
    values = np.log(np.where(known, values, 1.0) + family.soft[:, None])
    values = np.clip(values, low[:, None], high[:, None])
    return Descent(values, free.sse, np.zeros_like(free.sse), np.ones_like(known)), known


def _tissue_of(free: FreeOptimum) -> np.ndarray:
    """(4, n) flow, ps, ve and vp of two exponentials; of one, a single compartment that plasma flows through."""
    (fast, slow), (first, second) = free.rates, free.amplitudes
    flow = first + second
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        vp = flow**2 / (first * fast + second * slow)
        ve = first / fast + second / slow - vp
        ps = ve * fast * slow * vp / flow
    single = first == 0
    nothing = flow == 0
    ps, ve = np.where(single, 0.0, ps), np.where(single, SMALLEST_VOLUME, ve)
    return np.stack([flow, ps, ve, np.where(nothing, SMALLEST_VOLUME, vp)])
