"""Compartments of PET tracers: two tissue compartments, and tissue driven by a reference tissue.

Rates are in 1/s inside this file.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..signal.tabulated_exponentials import TabulatedExponentials

TOGETHER = 1e-6  # poles closer than this part of the larger one are one double pole


def two_tissue_curves(table: TabulatedExponentials, blood: np.ndarray, parameters: np.ndarray) -> np.ndarray:
    """(n, T) activity of two tissue compartments and the blood in them.

    Parameters
    ----------
    table : TabulatedExponentials
        Of the plasma input.
    blood : (T,) array, or (n, T)
        Frames of the whole blood.
    parameters : (5, n) array
        K1, k2, k3 and k4, zero for irreversible trapping, in 1/s; blood volume fraction.

    Notes
    -----
    The transfer function from plasma is ``K1 (s + k3 + k4) / ((s + f)(s + g))``
    with f + g = k2 + k3 + k4 and f g = k2 k4: Gunn et al., J Cereb Blood Flow
    Metab 21:635 (2001).
    """
    k1, vb = parameters[0], parameters[4]
    poles = _poles(parameters)
    tissue, _ = _impulse_response(table, poles)
    return ((1 - vb) * k1)[:, None] * table.frames(tissue) + vb[:, None] * blood


def two_tissue_slopes(
    table: TabulatedExponentials, blood: np.ndarray, parameters: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """What `two_tissue_curves` gives, and its (5, n, T) derivatives by the parameters."""
    k1, k2, _, k4, vb = parameters
    poles = _poles(parameters)
    shape, (by_fast, by_slow, by_beta) = _impulse_response(table, poles)
    entering = (1 - vb) * k1
    per_gap = np.where(poles.apart, 1 / np.where(poles.apart, poles.fast - poles.slow, 1.0), 0.0)
    one, zero = np.ones_like(k2), np.zeros_like(k2)
    derivatives = np.empty((5, len(k1), blood.shape[-1]))
    derivatives[0] = (1 - vb)[:, None] * table.frames(shape)
    # Of the sum and the product of the poles, and of beta = k3 + k4, by k2, k3 and k4.
    for n, (of_sum, of_product, of_beta) in enumerate(((one, k4, zero), (one, zero, one), (one, k2, one)), start=1):
        fast = (poles.fast * of_sum - of_product) * per_gap
        slow = (of_product - poles.slow * of_sum) * per_gap
        change = fast[:, None] * by_fast + slow[:, None] * by_slow + of_beta[:, None] * by_beta
        derivatives[n] = table.frames(entering[:, None] * change)
    tissue = k1[:, None] * table.frames(shape)
    derivatives[4] = blood - tissue
    return (1 - vb)[:, None] * tissue + vb[:, None] * blood, derivatives


class _Poles(NamedTuple):
    """(n,) rates in 1/s, whether they differ enough to be two, and beta - slow with beta = k3 + k4."""

    fast: np.ndarray
    slow: np.ndarray
    apart: np.ndarray
    excess: np.ndarray


def _poles(parameters: np.ndarray) -> _Poles:
    _, k2, k3, k4, _ = parameters
    # A sum of squares: the discriminant itself would cancel where the poles are close.
    root = np.sqrt((k2 + k3 - k4) ** 2 + 4 * k3 * k4)
    fast = (k2 + k3 + k4 + root) / 2
    slow = np.divide(k2 * k4, fast, out=np.zeros_like(fast), where=fast > 0)
    return _Poles(fast, slow, fast - slow > TOGETHER * fast, k3 + k4 - slow)


def _impulse_response(table: TabulatedExponentials, poles: _Poles):
    """(n, R) coordinates of ``(s + beta) / ((s + fast)(s + slow))``, and their derivatives by fast, slow and beta."""
    fast_curve, fast_slope = table.at(poles.fast)
    slow_curve, slow_slope = table.at(poles.slow)
    gap = np.where(poles.apart, poles.fast - poles.slow, 1.0)[:, None]
    per_gap = np.where(poles.apart[:, None], 1 / gap, 0.0)
    difference = np.where(poles.apart[:, None], (slow_curve - fast_curve) * per_gap, -fast_slope)
    excess = poles.excess[:, None]
    by_fast = fast_slope - excess * (fast_slope + difference) * per_gap
    # The excess is beta - slow, so that a larger slow rate takes the difference away once more.
    by_slow = excess * (slow_slope + difference) * per_gap - difference
    return fast_curve + excess * difference, (by_fast, by_slow, difference)


def reference_tissue_curves(table: TabulatedExponentials, reference: np.ndarray, parameters: np.ndarray) -> np.ndarray:
    """(n, T) activity of the simplified reference tissue model.

    Parameters
    ----------
    table : TabulatedExponentials
        Of the reference tissue as input.
    reference : (T,) array
        Its frames.
    parameters : (3, n) array
        R1, k2 in 1/s, and the distribution volume ratio 1 + BPnd.

    Notes
    -----
    Lammertsma & Hume, NeuroImage 4:153 (1996), eq. 7.
    """
    r1, k2, ratio = parameters
    apparent = k2 / ratio
    left = table.at(apparent)[0] @ table.basis.T
    return r1[:, None] * reference + (k2 - r1 * apparent)[:, None] * left
