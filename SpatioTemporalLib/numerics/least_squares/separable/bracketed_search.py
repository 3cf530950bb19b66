"""Bounded least squares with one non-linear parameter, by a search in brackets that takes any family.

The model of each curve is ``a1 f(theta) + a2 c`` with one non-linear parameter
theta > 0, one or two linear coefficients, and bounds on all of them. For fixed
theta the best coefficients are a small box-constrained quadratic problem with
a closed form; what is left is a one-dimensional search over log theta (variable
projection: Golub & Pereyra, SIAM J Numer Anal 10:413, 1973). All curves share
the time axis, so f is tabulated once; per curve only the inner products with
the table are needed, and between grid points these are interpolated to near
machine precision. The result is the constrained global optimum: every local
minimum seen on the grid that could be the best is refined.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ...arrays import clipped, like, namespace
from ...signal.local_polynomials import NODES, REACH, coefficients, value_and_slope
from ..box_quadratic import BestCoefficients, best_coefficients
from .curve_family import SCAN_EVERY, CurveFamily
from .solution import AS_GOOD_AS_NOTHING, Solution
from .uncertainty import unit_covariance

TOLERANCE = 1e-9  # on log theta
MAX_STEPS = 60


def solve_in_brackets(measured: np.ndarray, family: CurveFamily) -> Solution:
    """Fit ``a1 f(theta) + a2 c`` to each of many curves.

    Parameters
    ----------
    measured : (T, n) array or torch tensor
        Finite. The work is done where it lies, in float64.
    family : CurveFamily

    Returns
    -------
    Solution
        Coefficients in the units of the family's curves before normalisation.
    """
    xp = namespace(measured)
    measured = xp.asarray(measured, dtype=xp.float64)
    family = family.beside(measured)
    projections = family.curves.T @ measured
    on_fixed = family.fixed @ measured if family.fixed is not None else None
    curve, cell = _candidate_cells(projections, on_fixed, family)
    search = _search_in_cells(family, projections, on_fixed, curve, cell)
    s, converged = search.minimise()
    best = _best_of_each(curve, search.evaluate(s).best.gain)
    power = xp.einsum("tn,tn->n", measured, measured)
    return _solution(search.take(best), s[best], power, converged[best])


def _candidate_cells(projections, on_fixed, family):
    """Curve and scanned point of every local optimum that may turn out to be the best."""
    xp = namespace(projections)
    scanned = family.scanned
    log_norm, overlap = family.tables[:2, 0, :]
    limit = family.slope_limit * xp.exp(family.log_theta[scanned] + log_norm)
    gain = best_coefficients(projections[scanned], on_fixed, overlap[:, None], limit[:, None], family.fixed_limit).gain
    rise = gain[1:] - gain[:-1]
    # Between grid points an optimum exceeds its grid value by no more than a part of the fall around it.
    fall = xp.zeros_like(gain)
    fall[1:] = rise
    fall[:-1] = xp.maximum(fall[:-1], -rise)
    peak = gain + fall >= xp.amax(gain, axis=0)
    peak[1:] &= rise > 0
    peak[:-1] &= rise <= 0
    peak[xp.argmax(gain, axis=0), like(np.arange(gain.shape[1]), gain)] = True
    cell, curve = peak.nonzero() if xp is np else peak.nonzero(as_tuple=True)
    return curve, cell


def _best_of_each(curve, gain):
    """Index of the candidate with the largest gain for each curve."""
    xp = namespace(gain)
    order = xp.argsort(gain, stable=True)
    order = order[xp.argsort(curve[order], stable=True)]
    sorted_curves = curve[order]
    is_last = xp.ones_like(sorted_curves, dtype=bool if xp is np else xp.bool)
    is_last[:-1] = sorted_curves[1:] != sorted_curves[:-1]
    return order[is_last]


class _Point(NamedTuple):
    """What is known at one position of each search."""

    best: BestCoefficients
    limit: np.ndarray
    log_norm: tuple[np.ndarray, np.ndarray]
    overlap: tuple[np.ndarray, np.ndarray]
    projection: tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class _Search:
    """One-dimensional searches over u = log theta, each around one scanned point.

    Positions are s = (u - centre) / unit; the bracket reaches to the scanned
    points on both sides, or ends at the centre where that is a bound of theta.
    """

    family: CurveFamily
    centre: np.ndarray
    projection: np.ndarray
    on_fixed: np.ndarray | None
    tables: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @property
    def unit(self) -> float:
        return REACH * float(self.family.log_theta[1] - self.family.log_theta[0])

    def take(self, chosen: np.ndarray) -> _Search:
        """The same searches for some of the curves."""
        return _Search(
            self.family,
            self.centre[chosen],
            self.projection[:, chosen],
            None if self.on_fixed is None else self.on_fixed[chosen],
            self.tables[:, :, chosen],
            self.low[chosen],
            self.high[chosen],
        )

    def evaluate(self, s: np.ndarray) -> _Point:
        """Best coefficients at a position of each search."""
        family = self.family
        log_norm = value_and_slope(self.tables[0], s)
        overlap = value_and_slope(self.tables[1], s)
        projection = value_and_slope(self.projection, s)
        limit = family.slope_limit * namespace(s).exp(self.centre + s * self.unit + log_norm[0])
        best = best_coefficients(projection[0], self.on_fixed, overlap[0], limit, family.fixed_limit)
        return _Point(best, limit, log_norm, overlap, projection)

    def slope(self, s: np.ndarray) -> np.ndarray:
        """Half the derivative by s of the smallest sum of squares.

        By the envelope theorem only what depends on theta directly counts,
        plus the movement of the bound where a1 rests on it.
        """
        best, limit, log_norm, overlap, projection = self.evaluate(s)
        slope = best.first * (best.second * overlap[1] - projection[1])
        if np.isfinite(self.family.slope_limit):
            push = best.first + best.second * overlap[0] - projection[0]
            slope += namespace(s).where(best.first >= limit, push * limit * (self.unit + log_norm[1]), 0.0)
        return slope

    def minimise(self) -> tuple[np.ndarray, np.ndarray]:
        """Position of each minimum, and whether it was found to `TOLERANCE`.

        Secant steps inside a bracket that shrinks; a bisection replaces a step
        that would leave it. Searches that have converged drop out.
        """
        xp = namespace(self.low)
        found, converged = xp.zeros_like(self.low), self.low > self.high
        active, search, low, high = like(np.arange(len(found)), found), self, self.low, self.high
        x = xp.zeros_like(found)
        d = search.slope(x)
        previous_x = xp.where(d > 0, low, high)
        previous_d = search.slope(previous_x)
        for _ in range(MAX_STEPS):
            low, high = xp.where(d > 0, low, x), xp.where(d > 0, x, high)
            with np.errstate(divide="ignore", invalid="ignore"):
                proposal = x - d * (x - previous_x) / (d - previous_d)
            inside = (proposal > low) & (proposal < high)
            proposal = xp.where(d == 0, x, xp.where(inside, proposal, (low + high) / 2))
            done = abs(proposal - x) * self.unit < TOLERANCE
            found[active], converged[active] = proposal, done
            keep = ~done
            if not keep.any():
                break
            active, search, low, high = active[keep], search.take(keep), low[keep], high[keep]
            previous_x, previous_d, x = x[keep], d[keep], proposal[keep]
            d = search.slope(x)
        return found, converged


def _search_in_cells(family: CurveFamily, projections, on_fixed, curve, cell) -> _Search:
    xp = namespace(projections)
    half = xp.full_like(family.log_theta[family.scanned[cell]], SCAN_EVERY / REACH)
    around = family.scanned[cell] + like(NODES[:, None], projections)
    return _Search(
        family=family,
        centre=family.log_theta[family.scanned[cell]],
        projection=coefficients(projections[around, curve]),
        on_fixed=None if on_fixed is None else on_fixed[curve],
        tables=family.tables[:, :, cell],
        low=xp.where(cell == 0, 0.0, -half),
        high=xp.where(cell == len(family.scanned) - 1, 0.0, half),
    )


def _solution(search: _Search, s: np.ndarray, power: np.ndarray, converged: np.ndarray) -> Solution:
    xp = namespace(s)
    family = search.family
    point = search.evaluate(s)
    best = point.best
    norm = xp.exp(point.log_norm[0])
    at_edge = (s <= search.low) & (search.low == 0) | (s >= search.high) & (search.high == 0)
    # What is as good as nothing, or as the limit, is exactly that: which side of it rounding leaves it on says nothing.
    least = AS_GOOD_AS_NOTHING * xp.sqrt(power)
    first = xp.where(best.first <= least, 0.0, best.first)
    linear_at_limit = first >= point.limit * (1 - AS_GOOD_AS_NOTHING)
    fixed = best.second + xp.zeros_like(s)
    fixed = xp.where(fixed <= least, 0.0, fixed)
    fixed_at_limit = fixed >= family.fixed_limit * (1 - AS_GOOD_AS_NOTHING)
    return Solution(
        theta=xp.exp(search.centre + s * search.unit),
        linear=first / norm,
        fixed=fixed / family.fixed_norm,
        sse=clipped(power - best.gain, 0.0, np.inf),
        covariance=unit_covariance(
            first=first,
            norm=norm,
            slopes=(point.log_norm[1] / search.unit, point.overlap[1] / search.unit),
            overlap=point.overlap[0],
            curvature=value_and_slope(search.tables[2], s)[0],
            fixed_norm=family.fixed_norm,
            free=(
                (first > 0) & ~linear_at_limit,
                (fixed > 0) & ~fixed_at_limit,
                (first > 0) & ~at_edge,
            ),
            linear_at_limit=linear_at_limit,
        ),
        theta_at_edge=at_edge,
        linear_at_limit=linear_at_limit,
        fixed_at_limit=fixed_at_limit & (family.fixed is not None),
        converged=converged,
    )
