"""A family of curves in the few coordinates it needs, for a quick search over its parameter.

The curves of all theta lie close to a space of some twenty dimensions. In it,
and with the fixed curve projected out, the best coefficients follow from one
inner product, and the derivatives by coefficients and theta are orthogonal, so
that their covariance is a table of theta alone.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...arrays import like, namespace
from ...signal.local_polynomials import NODES, REACH, coefficients

NEGLIGIBLE = 1e-11  # singular values below this part of the largest are left out
SMALLEST_ANGLE = 1e-6  # of the squared sine between a curve and the fixed one, for the projection to keep digits
LARGEST_ERROR = 1e-8  # of the squared length of interpolated curves


FACES = ((False, False), (True, False), (False, True), (True, True))
"""Whether the fixed curve's coefficient is off zero, and whether the other one is at its limit."""


class CompressedFamily(NamedTuple):
    """Tables of a `CurveFamily` in few coordinates.

    On each of the `FACES` of the bounds one function of theta is maximised: the
    inner product of the data with a curve, less an offset. These are polynomials
    around each of the C scanned points, one row for each face and point, in s,
    the distance in log theta over REACH grid steps, lowest power first.

    basis : (T, R) orthonormal; the fixed curve, where there is one, stands first.
    curves : (C, R) coordinates at the scanned points. seen : (C, R) the same, or what is
    left of them at right angles to the fixed curve, of unit length.
    maximised : (4 C, 11, R) coordinates of the curves.
    offset : (4 C, 11) half their squared length where the coefficient is at its limit, else zero.
    functions : (4 C, 5, 11) see `_free_face` and `_limited_face`.
    """

    basis: np.ndarray
    curves: np.ndarray
    seen: np.ndarray
    maximised: np.ndarray
    offset: np.ndarray
    functions: np.ndarray

    def beside(self, array) -> CompressedFamily:
        """The same tables as arrays of the kind, and on the device, of another."""
        return self if namespace(array) is np else CompressedFamily(*(like(part, array) for part in self))


class _Nodes(NamedTuple):
    """Values at Chebyshev nodes around each scanned point, and their derivatives by log theta.

    curve, slope : (C, J, R) of the family. beside, beside_slope : (C, J, R) of what is left of it at right
    angles to the fixed curve, of unit length. log_norm, norm_slope, log_theta : (C, J)
    """

    curve: np.ndarray
    slope: np.ndarray
    beside: np.ndarray
    beside_slope: np.ndarray
    log_norm: np.ndarray
    norm_slope: np.ndarray
    log_theta: np.ndarray


def compress(family) -> CompressedFamily | None:
    """The tables of a `CurveFamily`; None where the coordinates would lose digits."""
    beside = _at_right_angles(family)
    if beside is None:
        return None
    has_fixed = family.fixed is not None
    first = family.fixed[:, None] if has_fixed else np.empty((len(beside), 0))
    left, sizes, _ = np.linalg.svd(beside, full_matrices=False)
    # Once more at right angles: directions of small singular values hold much of the rounding along the fixed curve.
    spanning = np.concatenate([first, left[:, sizes > NEGLIGIBLE * sizes[0]]], axis=1)
    basis, triangle = np.linalg.qr(spanning)
    basis = np.ascontiguousarray(basis * np.sign(triangle.diagonal()))
    coordinates, seen = basis.T @ family.curves, basis.T @ beside
    s = family.reach * np.cos(np.pi * (np.arange(len(NODES)) + 0.5) / len(NODES))
    at = _at(s, coordinates, seen, family)
    to_polynomials = np.linalg.inv(np.vander(s, increasing=True))
    faces = [_as_polynomials(_face(at, family, *face), to_polynomials) for face in FACES]
    if not all(_keeps_length(curves, family.reach) for curves, _, _ in faces[: 1 + has_fixed]):
        return None
    centres = family.scanned
    scanned = (np.ascontiguousarray(part[:, centres].T) for part in (coordinates, seen))
    return CompressedFamily(basis, *scanned, *(np.concatenate(part) for part in zip(*faces)))


def _at_right_angles(family) -> np.ndarray | None:
    """(T, G) what is left of the curves beside the fixed one, of unit length; None where that is all but nothing."""
    if family.fixed is None:
        return family.curves
    overlap = family.fixed @ family.curves
    square = 1 - overlap**2
    if square.min() < SMALLEST_ANGLE:
        return None
    rest = (family.curves - np.outer(family.fixed, overlap)) / np.sqrt(square)
    return rest - np.outer(family.fixed, family.fixed @ rest)


def _at(s: np.ndarray, coordinates: np.ndarray, seen: np.ndarray, family) -> _Nodes:
    centres = family.scanned
    unit = REACH * (family.log_theta[1] - family.log_theta[0])
    around = centres[None] + NODES[:, None]
    both, log_norm = coefficients(np.stack([coordinates, seen])[..., around].swapaxes(0, 2)), family.tables[0]
    powers = np.vander(s, len(NODES), increasing=True)
    slopes = np.zeros_like(powers)
    slopes[:, 1:] = powers[:, :-1] * np.arange(1, len(NODES)) / unit
    (curve, beside), (slope, beside_slope) = (np.einsum("jp,prbc->bcjr", by, both) for by in (powers, slopes))
    return _Nodes(
        curve,
        slope,
        beside,
        beside_slope,
        (powers @ log_norm).T,
        (slopes @ log_norm).T,
        family.log_theta[centres][:, None] + s * unit,
    )


def _face(at: _Nodes, family, with_fixed: bool, at_limit: bool):
    """Curves, offset and functions of one face; zeros where there is none."""
    if with_fixed and family.fixed is None or at_limit and not np.isfinite(family.slope_limit):
        return np.zeros_like(at.curve), np.zeros_like(at.log_norm), (np.zeros_like(at.log_norm),) * 5
    return _limited_face(at, family, project=with_fixed) if at_limit else _free_face(at, project=with_fixed)


def _free_face(at: _Nodes, *, project: bool):
    """Curves g of unit length, without the fixed one or not, and five functions of theta.

    With b = <g, y> the optimum is a1 = b W and a2 = <c, y> - b k. The derivatives
    of the model by a2, b and log theta are orthogonal; the last one's squared
    length is b^2 K. The functions are W, k, W'/K, k'/K and 1/K; where nothing is
    projected out k' is zero, and the overlap with the fixed curve stands in the place of k.
    """
    overlap, overlap_slope = at.curve[..., 0], at.slope[..., 0]
    weight = np.exp(-at.log_norm)
    if not project:
        curvature = (at.slope**2).sum(axis=-1)
        functions = (weight, overlap, -weight * at.norm_slope / curvature, np.zeros_like(overlap), 1 / curvature)
        return at.curve, np.zeros_like(overlap), functions
    sine = np.sqrt(1 - overlap**2)
    sine_slope = -overlap * overlap_slope / sine
    weight = weight / sine
    weight_slope = -weight * (at.norm_slope + sine_slope / sine)
    curvature = (at.beside_slope**2).sum(axis=-1)
    functions = (weight, overlap / sine, weight_slope / curvature, overlap_slope / sine**3 / curvature, 1 / curvature)
    return at.beside, np.zeros_like(overlap), functions


def _limited_face(at: _Nodes, family, *, project: bool):
    """Curves h whose coefficient is at its limit, without the fixed one where that is free, and functions of theta.

    The functions are |h|^2, <h, c>, zero, <h', c>/K and 1/K, K the squared length
    of the derivative of h by log theta.
    """
    size = (family.slope_limit * np.exp(at.log_theta + at.log_norm))[..., None]
    whole = size * at.curve
    whole_slope = size * at.slope + whole * (1 + at.norm_slope)[..., None]
    curve, slope = map(_without_fixed, (whole, whole_slope)) if project else (whole, whole_slope)
    square, curvature = (curve**2).sum(axis=-1), (slope**2).sum(axis=-1)
    turn = whole_slope[..., 0] / curvature if project else np.zeros_like(square)
    return curve, square / 2, (square, whole[..., 0], np.zeros_like(square), turn, 1 / curvature)


def _without_fixed(curves: np.ndarray) -> np.ndarray:
    rest = curves.copy()
    rest[..., 0] = 0.0
    return rest


def _as_polynomials(part, to_polynomials: np.ndarray):
    curves, offset, functions = part
    return to_polynomials @ curves, offset @ to_polynomials.T, np.stack(functions, axis=1) @ to_polynomials.T


def _keeps_length(curves: np.ndarray, reach: float) -> bool:
    """Whether interpolated curves have unit length between the nodes too."""
    powers = np.vander(np.linspace(-reach, reach, 8), len(NODES), increasing=True)
    return bool(np.abs(((powers @ curves) ** 2).sum(axis=-1) - 1).max() < LARGEST_ERROR)
