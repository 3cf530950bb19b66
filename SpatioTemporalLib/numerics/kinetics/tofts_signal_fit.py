"""Least squares of the Tofts family on the signal itself, where the noise of all frames is alike."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..least_squares.bounded_gauss_newton import Linearised, minimise, normal_equations
from ..relaxation.spoiled_gradient_echo import LogSignal
from ..signal.tabulated_exponentials import TabulatedExponentials

MOST_STEPS = 100
BASELINE_FACTORS = (0.5, 2.0)
UNDETERMINED = 1e-12  # smallest eigenvalue, of the scaled normal equations, that counts as information


class SignalFit(NamedTuple):
    """Optimum of each of n curves: (4, n) log kep (of 1/s), ve, vp and baseline, and their (4, 4, n) covariance.

    The baseline is a factor of that measured before arrival.

    concentration_sse : (n,) sum of squares between the model and the given concentrations, there.
    converged : (n,) bool
    """

    parameters: np.ndarray
    covariance: np.ndarray
    concentration_sse: np.ndarray
    converged: np.ndarray


class ToftsCurves(NamedTuple):
    """The (extended) Tofts model on the frames of a series.

    table : gives the input convolved with exponentials. vascular : (T,) input on the frames; zero without vp.
    """

    table: TabulatedExponentials
    vascular: np.ndarray

    def at(self, parameters: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(n, T) concentrations, and their (3, n, T) derivatives, at the first three rows: log kep, ve and vp."""
        log_kep, ve, vp = parameters[:3]
        kep = np.exp(log_kep)[:, None]
        curve, slope = (coordinates @ self.table.basis.T for coordinates in self.table.at(np.exp(log_kep)))
        by_ve = kep * curve
        by_log_kep = ve[:, None] * (by_ve + kep**2 * slope)
        by_vp = np.broadcast_to(self.vascular, curve.shape)
        return ve[:, None] * by_ve + vp[:, None] * self.vascular, np.stack([by_log_kep, by_ve, by_vp])


def fit_signal(relative, response: LogSignal, concentration, curves: ToftsCurves, *, start, bounds, scale) -> SignalFit:
    """Fit signals over their baseline.

    Parameters
    ----------
    relative : (T, n) array
    response : LogSignal
        Of the n curves; gives the logarithm of what is fitted.
    concentration : (T, n) array, mmol/L
        What the signals were converted to; only compared with at the end.
    curves : ToftsCurves
    start : (3, n) array, log kep (of 1/s), ve and vp
    bounds : ((3,), (3,)) arrays, of these
    scale : (T,) array
        Roots of the frames' weights.

    Notes
    -----
    The baseline is fitted too. Its few frames are noisier than the whole curve
    can afford: held at their mean, that noise would double the scatter of Ktrans.
    """
    low, high = (np.append(bound, factor) for bound, factor in zip(bounds, BASELINE_FACTORS))
    start = np.vstack([start, np.ones_like(start[:1])])

    def model(parameters: np.ndarray, problems: np.ndarray) -> Linearised:
        tissue, jacobian = curves.at(parameters)
        value, slope = response.of(problems).value_and_slope(tissue.T)
        unit = scale * np.exp(value).T
        signal = parameters[3][:, None] * unit
        residual = signal - (scale[:, None] * relative[:, problems]).T
        return Linearised(residual, np.concatenate([jacobian * (signal * slope.T), unit[None]]))

    power = ((scale[:, None] * relative) ** 2).sum(axis=0)
    found = minimise(model, np.clip(start, low[:, None], high[:, None]), low, high, power=power, steps=MOST_STEPS)
    everything = np.arange(relative.shape[1])
    _, curvature, sse = normal_equations(model(found.parameters, everything))
    free = (found.parameters > low[:, None]) & (found.parameters < high[:, None])
    freedom = np.count_nonzero(scale) - np.count_nonzero(high > low)
    tissue = curves.at(found.parameters)[0].T
    misfit = ((scale[:, None] * (tissue - concentration)) ** 2).sum(axis=0)
    return SignalFit(found.parameters, _inverse(curvature, free) * sse / freedom, misfit, found.converged)


def _inverse(curvature: np.ndarray, free: np.ndarray) -> np.ndarray:
    """(P, P, n) inverses over the free parameters, zero for the others and NaN where they are not determined."""
    size = np.sqrt(np.einsum("iin->in", curvature))
    size = np.where(free & (size > 0), size, 1.0)
    matrix = np.where(free[:, None] & free[None], curvature / (size[:, None] * size[None]), 0.0)
    for i in range(len(matrix)):
        matrix[i, i] = 1.0
    values, vectors = np.linalg.eigh(np.moveaxis(matrix, -1, 0))
    inverse = np.einsum("nik,nk,njk->ijn", vectors, 1 / np.maximum(values, UNDETERMINED), vectors)
    inverse = inverse / (size[:, None] * size[None]) * (free[:, None] & free[None])
    return np.where(values.min(axis=1) > UNDETERMINED, inverse, np.nan)
