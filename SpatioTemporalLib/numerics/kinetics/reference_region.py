"""The linear reference region model: tissue from the curve of another tissue, without an artery.

With both tissues as the Tofts model has them, whatever the plasma does,

    C = R C_r + R k_r int C_r - k int C,

where R is Ktrans over that of the reference, k_r and k their efflux rates.
Cardenas-Rodriguez et al., Magn Reson Imaging 31:497 (2013), eq. 5; with k_r
known, Ahmed & Levesque, Magn Reson Med (2016), doi:10.1002/mrm.26530.

With plasma in the tissue (not in the reference) the equation is integrated
once more, so that no derivative of C_r is left, and has four coefficients:

    int C = A C_r + (A k_r + B) int C_r + B k_r int int C_r - k int int C,

where A is vp over the Ktrans of the reference and B = R + k A. Ahmed &
Levesque, NMR Biomed 31:e3924 (2018).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..bolus.smooth_integrals import smooth_integrals
from ..least_squares.linear_regression import regression


class ReferenceFit(NamedTuple):
    """(n,) arrays, NaN where the regressors do not determine them.

    ratio : Ktrans over the reference's. efflux, reference_efflux : 1/s.
    plasma : vp over the Ktrans of the reference, s. sse : of what is regressed.
    """

    ratio: np.ndarray
    efflux: np.ndarray
    reference_efflux: np.ndarray
    plasma: np.ndarray
    sse: np.ndarray


def running_integrals(times, curves: np.ndarray) -> np.ndarray:
    """(T, n) integrals from the first frame on, of curves linear between frames."""
    steps = np.diff(np.asarray(times, dtype=float))[:, None]
    areas = (curves[1:] + curves[:-1]) / 2 * steps
    return np.concatenate([np.zeros((1, curves.shape[1])), np.cumsum(areas, axis=0)])


def fit_reference_region(times, reference, tissue, bend=None) -> ReferenceFit:
    """The three coefficients of each tissue.

    Parameters
    ----------
    times : (T,) array, s
    reference : (T,) array, mmol/L
    tissue : (T, n) array, mmol/L
    bend : float, s, or None
        Where the tissues' curves bend between two frames (`arrival_bend`); here and below.
    """
    integral, _ = smooth_integrals(times, tissue, bend)
    fixed = [reference, smooth_integrals(times, reference[:, None])[0][:, 0]]
    (ratio, product, efflux), _, sse = regression(tissue, [*fixed, -integral])
    with np.errstate(divide="ignore", invalid="ignore"):
        return ReferenceFit(ratio, efflux, product / ratio, np.zeros_like(ratio), sse)


def fit_constrained_reference_region(times, reference, tissue, reference_efflux: float, bend=None) -> ReferenceFit:
    """The two coefficients that remain when the reference's efflux rate (1/s) is known; otherwise as above."""
    integral, _ = smooth_integrals(times, tissue, bend)
    driving = reference + reference_efflux * smooth_integrals(times, reference[:, None])[0][:, 0]
    (ratio, efflux), _, sse = regression(tissue, [driving, -integral])
    return ReferenceFit(ratio, efflux, np.full_like(ratio, reference_efflux), np.zeros_like(ratio), sse)


def fit_extended_reference_region(times, reference, tissue, bend=None) -> ReferenceFit:
    """The four coefficients of each tissue with plasma."""
    fixed = [reference, *(integral[:, 0] for integral in smooth_integrals(times, reference[:, None]))]
    regressed, twice = smooth_integrals(times, tissue, bend)
    (plasma, middle, last, efflux), _, sse = regression(regressed, [*fixed, -twice])
    # k_r and B / A are the roots of a quadratic equation; the tissue's own k + Ktrans / vp is the larger of them.
    with np.errstate(divide="ignore", invalid="ignore"):
        reference_efflux = 2 * last / (middle + np.sqrt(middle**2 - 4 * plasma * last))
        ratio = last / reference_efflux - efflux * plasma
    return ReferenceFit(ratio, efflux, reference_efflux, plasma, sse)


def fit_constrained_extended_reference_region(
    times, reference, tissue, reference_efflux: float, bend=None
) -> ReferenceFit:
    """The three coefficients that remain when the reference's efflux rate (1/s) is known."""
    once, twice = (integral[:, 0] for integral in smooth_integrals(times, reference[:, None]))
    regressors = [reference + reference_efflux * once, once + reference_efflux * twice]
    regressed, own = smooth_integrals(times, tissue, bend)
    (plasma, both, efflux), _, sse = regression(regressed, [*regressors, -own])
    return ReferenceFit(both - efflux * plasma, efflux, np.full_like(both, reference_efflux), plasma, sse)


def reference_transfer(times, reference, entered, reference_efflux: float, first: int) -> float:
    """Ktrans of the reference in 1/s from the tail of the input function, from frame `first` on.

    The mass balance of the reference between that frame and each later one is
    a line through zero, whose slope it is: Ahmed & Levesque, Magn Reson Med
    83:286 (2020). entered : (T,) running integral of the plasma's concentration
    at the frames, mmol/L*s.
    """
    left = smooth_integrals(times, reference[:, None])[0][:, 0]
    gained = (reference - reference[first] + reference_efflux * (left - left[first]))[first:]
    entered = (entered - entered[first])[first:]
    return float(entered @ gained / (entered @ entered))
