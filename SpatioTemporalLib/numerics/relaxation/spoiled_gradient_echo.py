"""Signal of the spoiled gradient echo and its exact inverse."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..arrays import like, namespace

MOST_STEPS = 60
# Of the change of concentration in one step, as a part of 1 mmol/L or of the concentration.
SMALL_STEP = 1e-12


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
    e1 = 1 - a
    a *= -cosine
    a += 1
    e1 /= a
    if saturated.any():
        e1 = xp.where(saturated, np.nan, e1)
    # A signal below zero has E1 > 1: a relaxation rate below zero, kept as the noise it is. In place: memory is slow.
    concentration = xp.log(e1, out=e1)
    concentration /= -repetition_time * relaxivity
    concentration -= r1_baseline / relaxivity
    return concentration, saturated


def concentration_with_decay(
    signal, baseline, r1_baseline, *, flip_angle, repetition_time, relaxivity, echo_time, r2star_relaxivity
):
    """Contrast agent concentration where contrast also shortens T2*, as it does in arteries.

    Parameters
    ----------
    signal, baseline, r1_baseline, flip_angle, repetition_time, relaxivity
        As of `concentration_from_signal`.
    echo_time : float, s
    r2star_relaxivity : float, 1/(mM s)    Change of R2* with concentration.

    Returns
    -------
    concentration : (T, ...) array, mmol/L
        The smaller of the two concentrations that give a signal; NaN above the
        largest signal that any concentration gives.
    saturated : (T, ...) bool array
        True where the signal is at or above that.

    Notes
    -----
    The logarithm of the signal over its baseline is concave in concentration:
    once below the smaller root, Newton's steps come from below and cannot pass it.
    """
    xp = namespace(signal)
    facts = {"flip_angle": flip_angle, "repetition_time": repetition_time, "relaxivity": relaxivity}
    start, saturated = concentration_from_signal(signal, baseline, r1_baseline, **facts)
    decay = echo_time * r2star_relaxivity
    if decay == 0:
        return start, saturated
    cosine = like(np.cos(np.deg2rad(flip_angle)), signal)
    curve = LogSignal(repetition_time, relaxivity, xp.asarray(r1_baseline), cosine, decay)
    positive = (signal > 0) & (baseline > 0)
    target = xp.log(xp.where(positive, signal, 1.0) / xp.where(baseline > 0, baseline, 1.0))
    saturated = positive & (target >= curve.largest())
    # Without signal there is nothing that T2* could shorten.
    solvable = positive & ~saturated & xp.isfinite(start)
    solved = curve.inverse(target, xp.where(solvable, start, 0.0), solvable)
    return xp.where(saturated, np.nan, xp.where(solvable, solved, start)), saturated


class LogSignal(NamedTuple):
    """Logarithm of signal over baseline as a function of concentration; decay is TE times the relaxivity of R2*."""

    repetition_time: float
    relaxivity: float
    r1_baseline: np.ndarray
    cosine: np.ndarray
    decay: float

    def of(self, chosen) -> LogSignal:
        """That of some of the curves."""
        return self._replace(r1_baseline=self.r1_baseline[chosen], cosine=self.cosine[chosen])

    def value_and_slope(self, concentration):
        """At a concentration in mmol/L, and by it."""
        xp = namespace(concentration)
        e = xp.exp(-self.repetition_time * (self.r1_baseline + self.relaxivity * concentration))
        e0 = xp.exp(-self.repetition_time * self.r1_baseline)
        of_signal = xp.log((1 - e) / (1 - e * self.cosine)) - xp.log((1 - e0) / (1 - e0 * self.cosine))
        steepness = self.repetition_time * self.relaxivity * (1 - self.cosine) * e / ((1 - e) * (1 - e * self.cosine))
        return of_signal - self.decay * concentration, steepness - self.decay

    def largest(self):
        """The largest value, where relaxation gains what decay takes: a quadratic equation in exp(-TR R1)."""
        xp = namespace(self.r1_baseline)
        k = self.decay / (self.repetition_time * self.relaxivity * (1 - self.cosine))
        half = k * (1 + self.cosine) + 1
        e = 2 * k / (half + (half**2 - 4 * k**2 * self.cosine) ** 0.5)
        r1 = -xp.log(xp.asarray(e)) / self.repetition_time
        return self.value_and_slope((r1 - self.r1_baseline) / self.relaxivity)[0]

    def inverse(self, target, start, solvable):
        """The smaller concentration with this value, from a start below its largest."""
        xp = namespace(target)
        floor = -self.r1_baseline / self.relaxivity
        concentration = start
        for _ in range(MOST_STEPS):
            value, slope = self.value_and_slope(concentration)
            proposal = concentration - (value - target) / slope
            proposal = xp.where(proposal <= floor, (concentration + floor) / 2, proposal)
            step = xp.where(solvable, abs(proposal - concentration), 0.0)
            concentration = xp.where(solvable, proposal, start)
            if not (step > SMALL_STEP * (1 + abs(concentration))).any():
                break
        return concentration
