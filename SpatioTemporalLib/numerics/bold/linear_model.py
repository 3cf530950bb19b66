"""A linear model of many voxels' series whose noise remembers the frame before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import linalg, special

from ...errors import InputError

NOISES = ("ar1", "white")
# Autocorrelations are taken to whole hundredths, so that voxels can share a matrix.
STEPS = 100
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
    three matrix products with their data, whatever their rho.
    """
    series, design = np.asarray(series), np.asarray(design, dtype=np.float64)
    degrees = degrees_of_freedom(design)
    coefficients, variance, rounded = _fitted(series, design, noise, degrees)
    values, group = np.unique(rounded, return_inverse=True)
    inverses = np.stack([linalg.pinvh(_whitened_square(design, rho)) for rho in values / STEPS])
    return LinearFit(coefficients, variance, group.reshape(-1), inverses, rounded / STEPS, degrees)


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


def z_of_t(t: np.ndarray, degrees: float) -> np.ndarray:
    """The normal deviate of the same one-sided p; exact far out too, where p itself is zero to a computer."""
    t = np.asarray(t, dtype=float)
    size = np.abs(np.nan_to_num(t))
    p = special.stdtr(degrees, -size)
    with np.errstate(divide="ignore"):
        near = -special.ndtri(p)
    # Where p underflows: Wallace, Ann Math Stat 30:1124 (1959), good to 1e-3 there.
    tiny = p <= 1e-290
    far = size[tiny]
    near[tiny] = np.sqrt(degrees * np.log1p(far**2 / degrees)) * (8 * degrees + 1) / (8 * degrees + 3)
    return np.where(np.isfinite(t), np.copysign(near, t), np.nan)


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


def _fitted(series: np.ndarray, x: np.ndarray, noise: str, degrees: int):
    products = _Products.of(x, series)
    rounded = _autocorrelation(products, x) if noise == "ar1" else np.zeros(series.shape[1], dtype=np.int16)
    moments, total = products.whitened(rounded / STEPS)
    # Voxels of one matrix stand together, so that each is solved where its neighbours are.
    order = np.argsort(rounded, kind="stable")
    moments, rounded_in_order = moments[:, order], rounded[order]
    solved = np.empty_like(moments)
    starts = np.flatnonzero(np.diff(rounded_in_order, prepend=-STEPS))
    for start, end in zip(starts, [*starts[1:], len(order)]):
        inverse = linalg.pinvh(_whitened_square(x, rounded_in_order[start] / STEPS))
        np.matmul(inverse, moments[:, start:end], out=solved[:, start:end])
    coefficients, squares = np.empty_like(solved), total
    coefficients[:, order] = solved
    squares[order] -= np.einsum("pv,pv->v", solved, moments)
    coefficients += np.linalg.lstsq(x, np.ones(len(x)), rcond=None)[0][:, None] * products.mean
    varies = products.power > 0
    variance = np.where(varies, np.maximum(squares, 0.0) / degrees, np.nan)
    coefficients[:, ~varies] = np.nan
    return coefficients, variance, rounded


@dataclass(frozen=True, eq=False)
class _Products:
    """All that a fit needs of the data y (T, V): with the design (P, V) at the same frame and one apart, with itself.

    mean : (V,) that y is less of: squares of a mean of 10,000 would drown a signal of 100. same : X'y. apart : X'y one
    frame later and earlier, summed. power, lagged : (V,) y'y and y'y one frame apart. last : (V,) y of the last frame,
    whose row of the design is x_last.
    """

    mean: np.ndarray
    same: np.ndarray
    apart: np.ndarray
    power: np.ndarray
    lagged: np.ndarray
    last: np.ndarray
    x_last: np.ndarray

    @classmethod
    def of(cls, x: np.ndarray, series: np.ndarray) -> _Products:
        neighbours = np.zeros_like(x)
        neighbours[:-1] += x[1:]
        neighbours[1:] += x[:-1]
        both = np.ascontiguousarray(np.concatenate([x, neighbours], axis=1).T)
        frames, voxels = series.shape
        found = np.empty((len(both), voxels))
        mean, power, lagged, last = (np.empty(voxels) for _ in range(4))
        for start in range(0, voxels, VOXELS_AT_A_TIME):
            part = slice(start, start + VOXELS_AT_A_TIME)
            y = series[:, part].astype(np.float64)
            mean[part] = y.mean(axis=0)
            y -= mean[part]
            found[:, part] = both @ y
            power[part], lagged[part] = np.einsum("tv,tv->v", y, y), np.einsum("tv,tv->v", y[1:], y[:-1])
            last[part] = y[-1]
        columns = x.shape[1]
        return cls(mean, found[:columns], found[columns:], power, lagged, last, x[-1])

    def whitened(self, rho: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """X'Wy (P, V) and y'Wy (V,) with the autocorrelation (V,) of each."""
        last = rho**2 * self.last
        moments = self.same * (1 + rho**2) - rho * self.apart
        moments -= self.x_last[:, None] * last
        return moments, self.power * (1 + rho**2) - 2 * rho * self.lagged - last * self.last


def _autocorrelation(products: _Products, x: np.ndarray) -> np.ndarray:
    """(V,) of the residuals of a plain fit, in hundredths, cut towards zero."""
    frames = len(x)
    plain = linalg.pinvh(x.T @ x) @ products.same
    power = products.power - np.einsum("pv,pv->v", plain, products.same)
    # r_t r_{t-1} of r = y - Xb, by the same products: no residual is ever made.
    neighbours = x[1:].T @ x[:-1]
    lagged = products.lagged - np.einsum("pv,pv->v", plain, products.apart - neighbours @ plain)
    rho = np.divide(
        lagged / (frames - 1), power / frames, out=np.zeros(len(power)), where=power > TINY * products.power
    )
    return np.trunc(np.clip(rho, -0.99, 0.99) * STEPS).astype(np.int16)


def _whitened_square(x: np.ndarray, rho: float) -> np.ndarray:
    whitened = x.copy()
    whitened[1:] -= rho * x[:-1]
    return whitened.T @ whitened
