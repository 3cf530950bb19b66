"""Covariance of the parameters of a separable model at its optimum."""

from __future__ import annotations

import numpy as np


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
    norm_slope, overlap_slope = slopes
    along = np.where(linear_at_limit, first * (1 + norm_slope), 0.0)
    gram = _gram(
        free,
        pairs=(overlap, along, along * overlap + first * overlap_slope),
        squares=along**2 + first**2 * curvature,
    )
    inverse = _symmetric_inverse(gram)
    for n, is_free in enumerate(free):
        inverse[n] *= is_free
        inverse[:, n] *= is_free
    return _in_original_units(inverse, first, norm, norm_slope, along, fixed_norm)


def _gram(free, pairs, squares) -> np.ndarray:
    """(3, 3, n) J'J with rows and columns of bound parameters replaced by those of the identity."""
    first, second, third = free
    gram = np.empty((3, 3, len(squares)))
    gram[0, 0] = gram[1, 1] = 1.0
    gram[2, 2] = np.where(third, squares, 1.0)
    gram[0, 1] = gram[1, 0] = np.where(first & second, pairs[0], 0.0)
    gram[0, 2] = gram[2, 0] = np.where(first & third, pairs[1], 0.0)
    gram[1, 2] = gram[2, 1] = np.where(second & third, pairs[2], 0.0)
    return gram


def _symmetric_inverse(m: np.ndarray) -> np.ndarray:
    """Inverse of (3, 3, n) symmetric matrices; infinite where they are singular."""
    cofactor = np.empty_like(m)
    for i in range(3):
        for j in range(i, 3):
            r, s = [x for x in range(3) if x != i]
            p, q = [x for x in range(3) if x != j]
            cofactor[i, j] = cofactor[j, i] = (-1) ** (i + j) * (m[r, p] * m[s, q] - m[r, q] * m[s, p])
    determinant = m[0, 0] * cofactor[0, 0] + m[0, 1] * cofactor[0, 1] + m[0, 2] * cofactor[0, 2]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(determinant > 0, cofactor / determinant, np.inf)


def _in_original_units(covariance, first, norm, norm_slope, along, fixed_norm) -> np.ndarray:
    """From the coefficients of unit-length curves to those of the curves as given."""
    jacobian = np.zeros_like(covariance)
    jacobian[0, 0] = 1 / norm
    jacobian[0, 2] = (along - first * norm_slope) / norm
    jacobian[1, 1] = 1 / fixed_norm
    jacobian[2, 2] = 1.0
    with np.errstate(invalid="ignore"):
        return np.einsum("iap,abp,jbp->ijp", jacobian, covariance, jacobian, optimize=True)
