"""Covariance of the parameters of a separable model at its optimum."""

from __future__ import annotations

import numpy as np

from ...arrays import namespace


def unit_covariance(*, first, norm, slopes, overlap, curvature, fixed_norm, free, linear_at_limit) -> np.ndarray:
    """Inverse of J'J for the parameters (a1, a2, log theta); times the noise variance it is their covariance.

    Parameters
    ----------
    first : (n,) array
        Coefficient of the unit-length curve f.
    norm : (n,) array
        Length of f before normalisation.
    slopes : pair of (n,) arrays
        Derivatives by log theta of log norm and of the overlap.
    overlap : (n,) array
        <f, c>.
    curvature : (n,) array
        <f', f'>, f' the derivative of the unit-length curve by log theta.
    fixed_norm : float
        Length of c before normalisation.
    free : three (n,) bool arrays
        Which of a1, a2 and theta are off their bounds; the others have no variance.
    linear_at_limit : (n,) bool array
        a1 follows its bound, which is proportional to theta.

    Returns
    -------
    (3, 3, n) array
    """
    xp = namespace(first)
    norm_slope, overlap_slope = slopes
    along = xp.where(linear_at_limit, first * (1 + norm_slope), 0.0)
    gram = _gram(
        free,
        pairs=(overlap, along, along * overlap + first * overlap_slope),
        squares=along**2 + first**2 * curvature,
    )
    inverse = _symmetric_inverse(gram)
    for i in range(3):
        for j in range(3):
            inverse[i][j] = xp.where(free[i] & free[j], inverse[i][j], 0.0)
    return xp.stack([xp.stack(row) for row in _in_original_units(inverse, first, norm, norm_slope, along, fixed_norm)])


def _gram(free, pairs, squares) -> list[list]:
    """Rows of J'J, with rows and columns of bound parameters replaced by those of the identity."""
    xp = namespace(squares)
    first, second, third = free
    one = xp.ones_like(squares)
    ab = xp.where(first & second, pairs[0], 0.0)
    ac = xp.where(first & third, pairs[1], 0.0)
    bc = xp.where(second & third, pairs[2], 0.0)
    return [[one, ab, ac], [ab, one, bc], [ac, bc, xp.where(third, squares, 1.0)]]


def _symmetric_inverse(m: list[list]) -> list[list]:
    """Inverse of symmetric 3 by 3 matrices; infinite where they are singular."""
    xp = namespace(m[0][0])
    cofactor = [[None] * 3 for _ in range(3)]
    for i in range(3):
        for j in range(i, 3):
            r, s = [x for x in range(3) if x != i]
            p, q = [x for x in range(3) if x != j]
            cofactor[i][j] = cofactor[j][i] = (-1) ** (i + j) * (m[r][p] * m[s][q] - m[r][q] * m[s][p])
    determinant = m[0][0] * cofactor[0][0] + m[0][1] * cofactor[0][1] + m[0][2] * cofactor[0][2]
    with np.errstate(divide="ignore", invalid="ignore"):
        return [[xp.where(determinant > 0, c / determinant, np.inf) for c in row] for row in cofactor]


def _in_original_units(covariance, first, norm, norm_slope, along, fixed_norm) -> list[list]:
    """From the coefficients of unit-length curves to those of the curves as given.

    The coefficient of the curve as given is a1 = first / norm, and norm changes
    with theta; the fixed curve and theta itself only scale.
    """
    with np.errstate(invalid="ignore"):
        turn = along - first * norm_slope
        (aa, ab, ac), (_, bb, bc), (_, _, cc) = covariance
        first_variance = (aa + 2 * turn * ac + turn * turn * cc) / (norm * norm)
        first_second = (ab + turn * bc) / (norm * fixed_norm)
        first_third = (ac + turn * cc) / norm
        second_third = bc / fixed_norm
        return [
            [first_variance, first_second, first_third],
            [first_second, bb / fixed_norm**2, second_third],
            [first_third, second_third, cc],
        ]
