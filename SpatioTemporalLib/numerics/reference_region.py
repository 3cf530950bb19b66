"""The linear reference region model: tissue from the curve of another tissue, without an artery.

With both tissues as the Tofts model has them, whatever the plasma does,

    C = R C_r + R k_r int C_r - k int C,

where R is Ktrans over that of the reference, k_r and k their efflux rates.
Cardenas-Rodriguez et al., Magn Reson Imaging 31:497 (2013), eq. 5; with k_r
known, Ahmed & Levesque, Magn Reson Med (2016), doi:10.1002/mrm.26530.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

SINGULAR = 1e-12  # of the determinant of unit-length regressors


class ReferenceFit(NamedTuple):
    """(n,) arrays: Ktrans over the reference's, efflux rates of tissue and reference in 1/s, sum of squares.

    NaN where the regressors do not determine them.
    """

    ratio: np.ndarray
    efflux: np.ndarray
    reference_efflux: np.ndarray
    sse: np.ndarray


def running_integrals(times, curves: np.ndarray) -> np.ndarray:
    """(T, n) integrals from the first frame on, of curves linear between frames."""
    steps = np.diff(np.asarray(times, dtype=float))[:, None]
    areas = (curves[1:] + curves[:-1]) / 2 * steps
    return np.concatenate([np.zeros((1, curves.shape[1])), np.cumsum(areas, axis=0)])


def fit_reference_region(times, reference, tissue) -> ReferenceFit:
    """The three coefficients of each tissue.

    Parameters
    ----------
    times : (T,) array, s
    reference : (T,) array, mmol/L
    tissue : (T, n) array, mmol/L
    """
    integral = running_integrals(times, tissue)
    fixed = [reference, running_integrals(times, reference[:, None])[:, 0]]
    ratio, product, efflux, sse = _regression(tissue, [*fixed, -integral])
    with np.errstate(divide="ignore", invalid="ignore"):
        return ReferenceFit(ratio, efflux, product / ratio, sse)


def fit_constrained_reference_region(times, reference, tissue, reference_efflux: float) -> ReferenceFit:
    """The two coefficients that remain when the reference's efflux rate (1/s) is known; otherwise as above."""
    integral = running_integrals(times, tissue)
    driving = reference + reference_efflux * running_integrals(times, reference[:, None])[:, 0]
    ratio, efflux, sse = _regression(tissue, [driving, -integral])
    return ReferenceFit(ratio, efflux, np.full_like(ratio, reference_efflux), sse)


def _regression(tissue: np.ndarray, regressors: list[np.ndarray]) -> list[np.ndarray]:
    """Least squares coefficients of each tissue, and the sums of squares; regressors are (T,) or (T, n)."""
    columns = [r if r.ndim == 2 else np.broadcast_to(r[:, None], tissue.shape) for r in regressors]
    lengths = [np.sqrt(np.einsum("tn,tn->n", c, c)) for c in columns]
    unit = [c / np.where(size > 0, size, 1.0) for c, size in zip(columns, lengths)]
    count = len(unit)
    gram = np.empty((tissue.shape[1], count, count))
    for i in range(count):
        for j in range(count):
            gram[:, i, j] = np.einsum("tn,tn->n", unit[i], unit[j])
    right = np.stack([np.einsum("tn,tn->n", u, tissue) for u in unit], axis=1)
    determined = np.abs(np.linalg.det(gram)) > SINGULAR
    gram[~determined] = np.eye(count)
    solved = np.linalg.solve(gram, right[..., None])[..., 0]
    residual = tissue - sum(s[None] * u for s, u in zip(solved.T, unit))
    sse = np.einsum("tn,tn->n", residual, residual)
    coefficients = [np.where(determined, s / np.where(n > 0, n, 1.0), np.nan) for s, n in zip(solved.T, lengths)]
    return [*coefficients, np.where(determined, sse, np.nan)]
