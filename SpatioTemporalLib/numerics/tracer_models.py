"""Compartments of PET tracers: two tissue compartments, and tissue driven by a reference tissue.

Rates are in 1/s inside this file.
"""

from __future__ import annotations

import numpy as np

from .tabulated_exponentials import TabulatedExponentials

TOGETHER = 1e-6  # poles closer than this part of the larger one are one double pole


def two_tissue_curves(table: TabulatedExponentials, blood: np.ndarray, parameters: np.ndarray) -> np.ndarray:
    """(n, T) activity of two tissue compartments and the blood in them.

    Parameters
    ----------
    table : TabulatedExponentials
        Of the plasma input.
    blood : (T,) array
        Frames of the whole blood.
    parameters : (5, n) array
        K1, k2, k3 and k4, zero for irreversible trapping, in 1/s; blood volume fraction.

    Notes
    -----
    The transfer function from plasma is ``K1 (s + k3 + k4) / ((s + f)(s + g))``
    with f + g = k2 + k3 + k4 and f g = k2 k4: Gunn et al., J Cereb Blood Flow
    Metab 21:635 (2001).
    """
    k1, k2, k3, k4, vb = parameters
    # A sum of squares: the discriminant itself would cancel where the poles are close.
    root = np.sqrt((k2 + k3 - k4) ** 2 + 4 * k3 * k4)
    fast = (k2 + k3 + k4 + root) / 2
    slow = np.divide(k2 * k4, fast, out=np.zeros_like(fast), where=fast > 0)
    fast_curve, fast_slope = table.at(fast)
    slow_curve, _ = table.at(slow)
    gap = fast - slow
    apart = (gap > TOGETHER * fast)[:, None]
    difference = np.where(apart, (slow_curve - fast_curve) / np.where(apart, gap[:, None], 1.0), -fast_slope)
    tissue = fast_curve + (k3 + k4 - slow)[:, None] * difference
    return ((1 - vb) * k1)[:, None] * (tissue @ table.basis.T) + vb[:, None] * blood


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
