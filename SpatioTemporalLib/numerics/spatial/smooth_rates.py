"""Rates of neighbouring voxels that are alike a priori: the most probable ones, by iterated conditional modes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..least_squares.box_quadratic import best_coefficients
from ..signal.tabulated_exponentials import TabulatedExponentials

SWEEPS = 60
SETTLED = 1e-3  # largest change of log rate in a sweep after which nothing more is expected
LARGEST_NOISE_PART = 1e-9  # of the curves' power: noise taken at least, so that exact curves have a finite cost


class RateModel(NamedTuple):
    """``a1 e(rate) + a2 c`` with 0 <= a1 <= slope_limit * rate and 0 <= a2 <= fixed_limit.

    table : gives e(rate) on the T frames. fixed : (T,), c, or None for the first term alone.
    """

    table: TabulatedExponentials
    fixed: np.ndarray | None
    slope_limit: float
    fixed_limit: float

    @property
    def parameters(self) -> int:
        return 2 if self.fixed is None else 3


class Coefficients(NamedTuple):
    """(..., n) best coefficients and sums of squares of n curves at given rates."""

    first: np.ndarray
    second: np.ndarray
    sse: np.ndarray


def rate_costs(curves: np.ndarray, model: RateModel, log_rates: np.ndarray) -> np.ndarray:
    """(G, n) negative log likelihood of each of (T, n) curves at (G,) rates, the coefficients at their best.

    The variance of each curve's noise is that left at its own optimum.
    """
    shapes = model.table.at(np.exp(log_rates))[0]
    on_shape = shapes @ (model.table.basis.T @ curves)
    sse = _best(curves, model, log_rates[:, None], shapes[:, None], on_shape).sse
    variance = sse.min(axis=0) / (len(curves) - model.parameters)
    power = np.einsum("tn,tn->n", curves, curves)
    return (sse / (2 * np.maximum(variance, LARGEST_NOISE_PART * power + np.finfo(float).tiny))).astype(np.float32)


def coefficients_at(curves: np.ndarray, model: RateModel, log_rate: np.ndarray) -> Coefficients:
    """The best coefficients of each of (T, n) curves at a rate of its own, (n,)."""
    shapes = model.table.at(np.exp(log_rate))[0]
    on_shape = np.einsum("nr,rn->n", shapes, model.table.basis.T @ curves)
    return _best(curves, model, log_rate, shapes, on_shape)


def smooth_log_rates(costs: np.ndarray, log_rates: np.ndarray, inside: np.ndarray, deviation: float) -> np.ndarray:
    """The log rates with the largest posterior probability in one slice, found by conditional modes.

    Parameters
    ----------
    costs : (G, n) array
        Negative log likelihood of each voxel at each of (G,) uniform `log_rates`.
    inside : (J, I) bool array
        Where the n voxels lie, in the order of `np.flatnonzero`.
    deviation : float
        Standard deviation of the difference of log rate between voxels that share an edge.

    Returns
    -------
    (n,) array

    Notes
    -----
    Besag, J R Stat Soc B 48:259 (1986), on the two colours of a checkerboard in
    turn; for kinetic models Kelm et al., IEEE Trans Med Imaging 28:1534 (2009).
    The posterior never falls from sweep to sweep.
    """
    rows, columns = np.nonzero(inside)
    field = np.zeros(np.add(inside.shape, 2))
    weights = np.zeros_like(field)
    weights[1:-1, 1:-1] = inside
    place = rows + 1, columns + 1
    found = _lowest(costs, log_rates)
    field[place] = found
    colours = [np.flatnonzero((rows + columns) % 2 == colour) for colour in (0, 1)]
    neighbours = _around(weights)[place]
    for _ in range(SWEEPS):
        before = found.copy()
        for chosen in colours:
            around = _around(field * weights)[place][chosen]
            pull = (0.5 * neighbours[chosen] * log_rates[:, None] - around) * log_rates[:, None] / deviation**2
            found[chosen] = _lowest(costs[:, chosen] + pull, log_rates)
            field[place] = found
        if np.abs(found - before).max(initial=0.0) < SETTLED:
            break
    return found


def _around(values: np.ndarray) -> np.ndarray:
    """Sum over the four voxels that share an edge; the outermost rows and columns are padding."""
    total = np.zeros_like(values)
    total[1:-1, 1:-1] = values[:-2, 1:-1] + values[2:, 1:-1] + values[1:-1, :-2] + values[1:-1, 2:]
    return total


def _lowest(costs: np.ndarray, log_rates: np.ndarray) -> np.ndarray:
    """(n,) log rates of the lowest costs, between grid points by a parabola through the three lowest."""
    at = costs.argmin(axis=0)
    middle = np.clip(at, 1, len(costs) - 2)
    n = np.arange(costs.shape[1])
    left, centre, right = (costs[middle + shift, n].astype(float) for shift in (-1, 0, 1))
    bend = left - 2 * centre + right
    shift = np.where(bend > 0, 0.5 * (left - right) / np.where(bend > 0, bend, 1.0), 0.0)
    step = log_rates[1] - log_rates[0]
    on_edge = at != middle
    return np.where(on_edge, log_rates[at], log_rates[middle] + np.clip(shift, -1, 1) * step)


def _best(curves, model: RateModel, log_rate, shapes, on_shape) -> Coefficients:
    size = np.sqrt(np.einsum("...r,...r->...", shapes, shapes))
    limit = model.slope_limit * np.exp(log_rate) * size
    on_fixed, overlap, fixed_size = None, 0.0, 1.0
    if model.fixed is not None:
        fixed_size = np.linalg.norm(model.fixed)
        on_fixed = model.fixed @ curves / fixed_size
        overlap = shapes @ (model.table.basis.T @ model.fixed) / (size * fixed_size)
    best = best_coefficients(on_shape / size, on_fixed, overlap, limit, model.fixed_limit * fixed_size)
    power = np.einsum("tn,tn->n", curves, curves)
    return Coefficients(best.first / size, best.second / fixed_size, np.maximum(power - best.gain, 0.0))
