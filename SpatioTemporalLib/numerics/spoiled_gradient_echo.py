"""Signal of the spoiled gradient echo and its exact inverse."""

from __future__ import annotations

import numpy as np

from .arrays import like, namespace


def spoiled_gradient_echo_signal(r1, flip_angle, repetition_time, s0=1.0):
    """Steady-state signal at TE much shorter than T2*.

    Parameters
    ----------
    r1 : array, 1/s
    flip_angle : array or float, degrees
    repetition_time : float, s
    s0 : array or float, a.u.     Signal at full relaxation and 90 degrees.

    Returns
    -------
    array, a.u.                   Broadcast of the arguments.

    Notes
    -----
    Ernst & Anderson, Rev Sci Instrum 37:93 (1966).
    """
    angle = np.deg2rad(flip_angle)
    e1 = np.exp(-repetition_time * np.asarray(r1))
    return s0 * np.sin(angle) * (1 - e1) / (1 - e1 * np.cos(angle))


def concentration_from_signal(signal, baseline, r1_baseline, *, flip_angle, repetition_time, relaxivity):
    """Contrast agent concentration, the exact inverse of the steady-state signal.

    Parameters
    ----------
    signal : (T, ...) array, a.u.
    baseline : (...) array, a.u.       Mean signal before arrival.
    r1_baseline : (...) array or float, 1/s
    flip_angle : (...) array or float, degrees
    repetition_time : float, s
    relaxivity : float, 1/(mM s)

    Returns
    -------
    concentration : (T, ...) array, mmol/L
        Negative values are noise around zero and are kept: clamping them
        would bias every model fitted later. NaN where the signal is above
        what any concentration can give, or where the baseline is not positive.
    saturated : (T, ...) bool array
        True where the signal is at or above the limit of the inverse.

    Notes
    -----
    Assumes fast water exchange and TE much shorter than T2*. With
    A = (S/S_b) (1 - E10) / (1 - E10 cos a), E1 = (1 - A) / (1 - A cos a),
    which has a relaxation rate only for A < 1.
    """
    xp = namespace(signal)
    cosine = like(np.cos(np.deg2rad(flip_angle)), signal)
    baseline, r1_baseline = xp.asarray(baseline), xp.asarray(r1_baseline)
    e10 = xp.exp(-repetition_time * r1_baseline)
    usable = baseline > 0
    scale = xp.where(usable, (1 - e10) / (1 - e10 * cosine) / xp.where(usable, baseline, 1.0), np.nan)
    a = signal * scale
    saturated = a >= 1
    e1 = (1 - a) / (1 - a * cosine)
    # A signal below zero has E1 > 1: a relaxation rate below zero, kept as the noise it is.
    r1 = -xp.log(xp.where(saturated | ~(e1 > 0), np.nan, e1)) / repetition_time
    return (r1 - r1_baseline) / relaxivity, saturated
