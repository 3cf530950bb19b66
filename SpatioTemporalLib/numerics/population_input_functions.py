"""Arterial input functions measured in populations."""

from __future__ import annotations

import numpy as np

SECONDS_PER_MINUTE = 60.0
PARKER_DOSE = 0.1  # mmol/kg


def parker_blood_concentration(times, *, arrival: float = 0.0, dose: float = PARKER_DOSE) -> np.ndarray:
    """Whole-blood concentration after a bolus, zero before it arrives.

    Parameters
    ----------
    times : (T,) array, s
    arrival : float, s          When the bolus arrives, on the clock of `times`.
    dose : float, mmol/kg       Concentration scales with the dose.

    Returns
    -------
    (T,) array, mmol/L          Divide by (1 - hematocrit) for plasma.

    Notes
    -----
    Parker et al., Magn Reson Med 56:993 (2006), eq. 1 and table 1. The formula
    gives 0.08 mmol/L at arrival, so the curve has a small step there.
    """
    t = (np.asarray(times, dtype=float) - arrival) / SECONDS_PER_MINUTE
    since = np.maximum(t, 0.0)
    first = 0.809 / (0.0563 * np.sqrt(2 * np.pi)) * np.exp(-((since - 0.17046) ** 2) / (2 * 0.0563**2))
    second = 0.330 / (0.132 * np.sqrt(2 * np.pi)) * np.exp(-((since - 0.365) ** 2) / (2 * 0.132**2))
    washout = 1.050 * np.exp(-0.1685 * since) / (1 + np.exp(-38.078 * (since - 0.483)))
    return np.where(t >= 0, (first + second + washout) * dose / PARKER_DOSE, 0.0)
