"""Brix's two compartments: relative enhancement after an infusion of constant rate.

With the amount that is infused, e, as a box of unit area, plasma follows as
``exp(-kel t)`` convolved with it, and tissue as ``kep exp(-kep t)`` convolved
with plasma; enhancement is an amplitude A times that. Hence

    S / S0 - 1 = A kep (E(kel) - E(kep)) / (kep - kel)

with E(k) the box convolved with ``exp(-k t)``, which is symmetric in the two
rates but for the factor kep. For a bolus it is A kep (exp(-kel t) - exp(-kep
t)) / (kep - kel). Brix et al., J Comput Assist Tomogr 15:621 (1991); Hoffmann
et al., Magn Reson Med 33:506 (1995).
"""

from __future__ import annotations

import numpy as np

TOGETHER = 1e-5  # rates closer than this part of the larger one are one


def infused(times: np.ndarray, rate: np.ndarray, duration: float) -> np.ndarray:
    """(n, T) box of unit area from time zero convolved with ``exp(-rate t)``, for (n,) rates in 1/s."""
    rate = rate[:, None]
    during = np.clip(times, 0.0, duration)
    since = np.maximum(times, 0.0) - during
    safe = np.where(rate > 0, rate, 1.0)
    filled = np.where(rate > 0, -np.expm1(-safe * during) / safe, during)
    return filled * np.exp(-rate * since) / duration


def brix_enhancement(times, *, amplitude, kep, kel, duration: float) -> np.ndarray:
    """(n, T) relative enhancement S / S0 - 1 at (T,) times in s after the start of the infusion.

    Parameters
    ----------
    amplitude, kep, kel : (n,) arrays, 1 and 1/s
    duration : float, s
        Of the infusion.
    """
    # Where the rates meet, a difference of a part in a hundred thousand gives the same curve.
    near = np.abs(kep - kel) <= TOGETHER * np.maximum(kep, kel)
    other = np.where(near, kel * (1 + 2 * TOGETHER) + 1e-12, kep)
    curve = (infused(times, kel, duration) - infused(times, other, duration)) / (other - kel)[:, None]
    return (amplitude * kep)[:, None] * curve
