"""Relaxation of tissue whose cell water exchanges at a finite rate with the water around it.

Water relaxes at two rates, the eigenvalues of the exchange of two pools; the
slower one, which carries nearly all signal, is seen. With the same relaxation
rate in both pools before contrast, the rise y of the observed rate above it
does not depend on that rate: it is the smaller root of

    y^2 - (kie + kei + x) y + kie x = 0,

where x is the rise in the interstitium, kie one over the time that water stays
in a cell, and kei = kie p_i / p_e with the water's parts p. Yankeelov et al.,
Magn Reson Med 50:1151 (2003); Li et al., Magn Reson Med 54:1351 (2005).
"""

from __future__ import annotations

import numpy as np

from ..signal.frame_sampling import FrameSampling
from ..signal.tabulated_exponentials import TabulatedExponentials

SHORTEST_STAY = 1e-6  # s, below which exchange is as fast as can be
SMALLEST_VE = 1e-6


def observed_rise(interstitial_rise: np.ndarray, *, outside: np.ndarray, stay: np.ndarray) -> np.ndarray:
    """Rise of the observed relaxation rate, 1/s.

    Parameters
    ----------
    interstitial_rise : (n, T) array, 1/s
        Relaxivity times concentration in the interstitium.
    outside : (n,) array, 0..1
        Part of the water that lies outside of cells.
    stay : (n,) array, s
        Mean lifetime of water in a cell. Zero is the fast exchange limit.
    """
    leaving = (1 / np.maximum(stay, SHORTEST_STAY))[:, None]
    entering = leaving * ((1 - outside) / outside)[:, None]
    total = leaving + entering + interstitial_rise
    # Not as a difference, which would cancel where exchange is fast.
    return 2 * leaving * interstitial_rise / (total + np.sqrt(total**2 - 4 * leaving * interstitial_rise))


def shutter_speed_curves(
    table: TabulatedExponentials, sampling: FrameSampling, parameters: np.ndarray, *, relaxivity: float, water: float
) -> np.ndarray:
    """(n, T) frames of the apparent concentration: the rise of the observed rate over relaxivity, mmol/L.

    Parameters
    ----------
    table : TabulatedExponentials
        Of the plasma input at the sampling's times.
    parameters : (3, n) array
        Ktrans in 1/s, ve, and the lifetime of water in cells in s.
    relaxivity : float, 1/(mM s)
    water : float
        Volume fraction that water can reach.
    """
    ktrans, ve, stay = parameters
    ve = np.maximum(ve, SMALLEST_VE)
    interstitial = (ktrans / ve)[:, None] * (table.at(ktrans / ve)[0] @ table.basis.T)
    outside = np.minimum(ve / water, 1.0)
    # What the table leaves of rounding must not be negative under the root.
    rise = observed_rise(relaxivity * np.maximum(interstitial, 0.0), outside=outside, stay=stay)
    return sampling.frames(rise / relaxivity)
