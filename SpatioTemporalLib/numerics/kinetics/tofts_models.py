"""The Tofts family: forward models, and the tables their fits need.

Inside this file rate constants are in 1/s and times in s.
"""

from __future__ import annotations

import numpy as np

from ..least_squares.separable.curve_family import CurveFamily, tabulate
from ..signal.exponential_convolution import exponential_convolution, running_integral, sampled_input
from ..signal.frame_sampling import FrameSampling

SECONDS_PER_MINUTE = 60.0


def extended_tofts_concentration(input_times, plasma, times, *, ktrans, ve, vp=0.0) -> np.ndarray:
    """Tissue concentration of the (extended) Tofts model.

    Parameters
    ----------
    input_times, plasma : (N,) arrays, s and mmol/L
        Plasma concentration, linear between samples, zero before the first.
    times : (T,) array, s
        Any spacing.
    ktrans : (...,) array or float, 1/min
    ve : (...,) array or float, 0..1
        Zero leaves the plasma term alone, it does not give NaN.
    vp : (...,) array or float, 0..1
        Zero gives the standard Tofts model.

    Returns
    -------
    (..., T) array, mmol/L

    Notes
    -----
    Tofts et al., J Magn Reson Imaging 10:223 (1999), eqs. 8 and 9. The
    convolution is exact for an input that is linear between its samples.
    """
    ktrans, ve, vp = np.broadcast_arrays(*(np.asarray(x, float) for x in (ktrans, ve, vp)))
    rate = ktrans / SECONDS_PER_MINUTE
    kep = np.divide(rate, ve, out=np.zeros_like(rate), where=ve > 0)
    exchanged = np.where(ve > 0, rate, 0.0)[..., None] * exponential_convolution(input_times, plasma, kep, times)
    return exchanged + vp[..., None] * sampled_input(input_times, plasma, times)


def patlak_concentration(input_times, plasma, times, *, ktrans, vp) -> np.ndarray:
    """Tissue concentration of the Patlak model, (..., T) mmol/L; arguments as in the extended Tofts model.

    Patlak et al., J Cereb Blood Flow Metab 3:1 (1983).
    """
    rate = np.asarray(ktrans, float)[..., None] / SECONDS_PER_MINUTE
    integral = running_integral(input_times, plasma, times)
    return rate * integral + np.asarray(vp, float)[..., None] * sampled_input(input_times, plasma, times)


def tofts_family(input_times, plasma, sampling: FrameSampling, *, kep_bounds, ve_max=1.0, vp_max=None) -> CurveFamily:
    """Table for fitting the Tofts model, or the extended one if `vp_max` is given.

    Parameters
    ----------
    kep_bounds : (low, high), 1/min
    ve_max : float
        Ktrans is kept within 0 and ``ve_max * kep``.
    vp_max : float or None

    Returns
    -------
    CurveFamily
        theta is kep in 1/s, the linear coefficient Ktrans in 1/s, the fixed one vp.
    """
    return tabulate(
        lambda kep: sampling.frames(exponential_convolution(input_times, plasma, kep, sampling.times)),
        tuple(k / SECONDS_PER_MINUTE for k in kep_bounds),
        fixed=None if vp_max is None else sampling.frames(sampled_input(input_times, plasma, sampling.times)),
        slope_limit=ve_max,
        fixed_limit=np.inf if vp_max is None else vp_max,
    )
