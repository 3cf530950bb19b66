"""A linear model of many voxels' series whose noise remembers the frame before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import linalg, special

from ...errors import InputError
from .normal_deviates import z_of_t
from .whitened_products import STEPS, Products, SharedProducts, WhitenedInverses

NOISES = ("ar1", "white")
VOXELS_AT_A_TIME = 2048
# Of the power of a voxel, below which what the design leaves is rounding.
TINY = 1e-12


@dataclass(frozen=True, eq=False)
class LinearFit:
    """Coefficients of V voxels.

    coefficients : (P, V). variance : (V,) of the noise, whitened. group : (V,) of the matrix each uses. inverses :
    (G, P, P) of X'WX. autocorrelation : (V,). degrees : of freedom.
    """

    coefficients: np.ndarray
    variance: np.ndarray
    group: np.ndarray
    inverses: np.ndarray
    autocorrelation: np.ndarray
    degrees: int

    def effect_variance(self, contrast: np.ndarray) -> np.ndarray:
        """(V,) variance of a contrast (P,) of the coefficients."""
        own = np.einsum("p,gpq,q->g", contrast, self.inverses, contrast)
        return own[self.group] * self.variance


class Effect(NamedTuple):
    """(V,) size of a contrast, its variance, t or F, and z of equal p."""

    size: np.ndarray
    variance: np.ndarray
    statistic: np.ndarray
    z: np.ndarray


def fit_linear_model(series: np.ndarray, design: np.ndarray, noise: str = "ar1") -> LinearFit:
    """Coefficients by least squares, the noise whitened by each voxel's own autocorrelation.

    Parameters
    ----------
    series : (T, V) array
    design : (T, P) array
    noise : {"ar1", "white"}

    Raises
    ------
    InputError
        ``E-FREEDOM`` where no degree of freedom is left.

    Notes
    -----
    The autocorrelation is that of the residuals by Yule and Walker, taken to
    hundredths; y_t - rho y_{t-1} is fitted, the first frame as it is (as nilearn
    does). Of the whitened products

    X'WX(rho) = x0 x0' + X1'X1 - rho (X1'X0 + X0'X1) + rho^2 X0'X0,

    with X0 all frames but the last and X1 all but the first, all voxels share
    one matrix product with their data, whatever their rho.
    """
    series, design = np.asarray(series), np.asarray(design, dtype=np.float64)
    degrees = degrees_of_freedom(design)
    voxels = series.shape[1]
    shared, inverses = SharedProducts.of(design), WhitenedInverses(design)
    of_constant = np.linalg.lstsq(design, np.ones(len(design)), rcond=None)[0][:, None]
    coefficients, variance = np.empty((design.shape[1], voxels)), np.empty(voxels)
    rounded = np.zeros(voxels, dtype=np.int16)
    for start in range(0, voxels, VOXELS_AT_A_TIME):
        part = slice(start, start + VOXELS_AT_A_TIME)
        products = shared.with_data(series[:, part])
        if noise == "ar1":
            rounded[part] = _autocorrelation(products, design, inverses)
        moments, squares = products.whitened(rounded[part] / STEPS)
        solved = inverses.solved(rounded[part], moments)
        squares -= np.einsum("pv,pv->v", solved, moments)
        varies = products.power > 0
        variance[part] = np.where(varies, np.maximum(squares, 0.0) / degrees, np.nan)
        coefficients[:, part] = np.where(varies, solved + of_constant * products.mean, np.nan)
    present = np.bincount(rounded + STEPS) > 0
    values = np.flatnonzero(present) - STEPS
    group = (np.cumsum(present) - 1)[rounded + STEPS]
    return LinearFit(coefficients, variance, group, inverses.of(values), rounded / STEPS, degrees)


def degrees_of_freedom(design: np.ndarray) -> int:
    """Frames (T) less what a design (T, P) takes of them; ``E-FREEDOM`` where none is left."""
    frames, columns = design.shape
    degrees = frames - int(np.linalg.matrix_rank(design))
    if degrees < 1:
        raise InputError(
            "E-FREEDOM",
            f"{frames} frames cannot tell {columns} columns apart: no degree of freedom is left",
            fix="Use fewer nuisance columns, a lower high-pass frequency, or more frames.",
        )
    return degrees


def t_contrast(fit: LinearFit, contrast) -> Effect:
    """t of one combination (P,) of the coefficients; NaN in voxels that do not vary."""
    contrast = np.asarray(contrast, dtype=float)
    size, variance = contrast @ fit.coefficients, fit.effect_variance(contrast)
    t = np.divide(size, np.sqrt(variance), out=np.full(len(size), np.nan), where=variance > 0)
    return Effect(size, variance, t, z_of_t(t, fit.degrees))


def f_contrast(fit: LinearFit, contrasts) -> Effect:
    """F of several combinations (Q, P) together; its size is the root mean square of theirs."""
    contrasts = np.atleast_2d(np.asarray(contrasts, dtype=float))
    sizes, rank = contrasts @ fit.coefficients, np.linalg.matrix_rank(contrasts)
    inverse = np.stack([linalg.pinvh(contrasts @ own @ contrasts.T) for own in fit.inverses])
    squares = np.empty(sizes.shape[1])
    for number in range(len(inverse)):
        own = fit.group == number
        squares[own] = np.einsum("qv,qr,rv->v", sizes[:, own], inverse[number], sizes[:, own])
    f = np.divide(squares, rank * fit.variance, out=np.full(len(squares), np.nan), where=fit.variance > 0)
    p = special.fdtrc(rank, fit.degrees, np.where(np.isfinite(f), f, 0.0))
    z = np.where(np.isfinite(f), -special.ndtri(np.clip(p, 1e-300, 1 - 1e-16)), np.nan)
    return Effect(np.sqrt((sizes**2).mean(axis=0)), fit.variance.copy(), f, z)


def fixed_effects(sizes, variances, degrees: float) -> Effect:
    """One effect of several runs (R, V), each weighted by how well it is known; (V,) NaN runs do not count."""
    sizes, variances = np.asarray(sizes, dtype=float), np.asarray(variances, dtype=float)
    known = np.isfinite(sizes) & (variances > 0)
    weight = np.divide(1.0, variances, out=np.zeros(sizes.shape), where=known)
    total = weight.sum(axis=0)
    weighted = (weight * np.nan_to_num(sizes)).sum(axis=0)
    mean = np.divide(weighted, total, out=np.full(total.shape, np.nan), where=total > 0)
    variance = np.divide(1.0, total, out=np.full(total.shape, np.nan), where=total > 0)
    t = mean / np.sqrt(variance)
    return Effect(mean, variance, t, z_of_t(t, degrees))


def _autocorrelation(products: Products, design: np.ndarray, inverses: WhitenedInverses) -> np.ndarray:
    """(V,) of the residuals of a plain fit, in hundredths, cut towards zero."""
    frames = len(design)
    plain = inverses.of([0])[0] @ products.same
    power = products.power - np.einsum("pv,pv->v", plain, products.same)
    # r_t r_{t-1} of r = y - Xb, by the same products: no residual is ever made.
    neighbours = design[1:].T @ design[:-1]
    lagged = products.lagged - np.einsum("pv,pv->v", plain, products.apart - neighbours @ plain)
    rho = np.divide(
        lagged / (frames - 1), power / frames, out=np.zeros(len(power)), where=power > TINY * products.power
    )
    return np.trunc(np.clip(rho, -0.99, 0.99) * STEPS).astype(np.int16)
