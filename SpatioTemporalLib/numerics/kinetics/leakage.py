"""Contrast that leaks out of the vessels during a first pass, and the curves without it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Leakage(NamedTuple):
    """What part of each of n curves is leakage.

    leakage : (n,) 1/s, K2; positive where T1 shortening hides the fall of the
    signal, negative where leaked contrast adds to it.
    vascular : (n,) K1, the curve without leakage over the reference.
    corrected : (T, n) curves without their leakage.
    """

    leakage: np.ndarray
    vascular: np.ndarray
    corrected: np.ndarray


def without_leakage(times, curves, reference) -> Leakage:
    """Curves corrected for contrast that leaks.

    Parameters
    ----------
    times : (T,) array, s
    curves : (T, n) array
        Change of R2*, up to a factor all curves share.
    reference : (T,) array
        Mean curve of tissue that does not leak.

    Notes
    -----
    Each curve is fitted by ``K1 r(t) - K2 integral of r``, and the second term
    taken away: Boxerman, Schmainda & Weisskoff, AJNR 27:859 (2006), eq. 1-3.
    """
    # Here, because it takes long to import.
    from scipy.integrate import cumulative_trapezoid

    integral = cumulative_trapezoid(reference, times, initial=0.0)
    vascular, leakage = np.linalg.pinv(np.stack([reference, -integral], axis=1)) @ curves
    return Leakage(leakage, vascular, curves + leakage * integral[:, None])
