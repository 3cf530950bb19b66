"""Signal of a spoiled gradient echo train after inversion, and the fit of T1 and B1 to it and to flip angles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..least_squares.amplitude_fit import AmplitudeFit, fit_amplitude
from .spoiled_gradient_echo import spoiled_gradient_echo_signal

GROUPS = 3
CANDIDATES = (16, 9)  # in each group, of R1 and of B1


@dataclass(frozen=True)
class ReadoutTrain:
    """A train of pulses after an inversion, repeated without end.

    flip_angle : degrees. spacing : s between pulses. pulses : number of them.
    centre : part of the train after which the centre of k-space is read, 0..1.
    pause : s from the last pulse to the next inversion.
    """

    flip_angle: float
    spacing: float
    pulses: int
    centre: float = 0.5
    pause: float = 0.0


def inversion_prepared_signal(r1, b1, delay, train: ReadoutTrain):
    """Signal, with its sign, at the centre of k-space for unit signal at full relaxation and 90 degrees.

    Parameters
    ----------
    r1 : array, 1/s
    b1 : array                     Flip angle reached over the nominal one.
    delay : array, s               From the inversion, taken as perfect, to the first pulse.

    Notes
    -----
    Magnetisation relaxes freely between inversion and train, and within the
    train towards the steady state of the spoiled gradient echo by the factor
    E1 cos a with each pulse. In the periodic state it is the same before every
    inversion, which is a linear equation. Deoni, J Magn Reson Imaging 26:1106
    (2007), with the train of pulses not neglected.
    """
    angle = np.deg2rad(train.flip_angle * b1)
    e1 = np.exp(-train.spacing * r1)
    steady = (1 - e1) / (1 - e1 * np.cos(angle))
    factor = e1 * np.cos(angle)
    recovery, rest = np.exp(-delay * r1), np.exp(-train.pause * r1)
    after_all = factor**train.pulses
    # before = 1 + rest (steady + after_all (first - steady) - 1), with first = 1 - (1 + before) recovery.
    constant = 1 + rest * (steady - 1 + after_all * (1 - recovery - steady))
    before = constant / (1 + rest * after_all * recovery)
    first = 1 - (1 + before) * recovery
    return np.sin(angle) * (steady + factor ** (train.centre * train.pulses) * (first - steady))


def fit_with_b1(signals, flip_angles, repetition_time: float, delays, *, train: ReadoutTrain, bounds) -> AmplitudeFit:
    """Fit S0, R1 and B1 to magnitude signals at flip angles and after inversions.

    Parameters
    ----------
    signals : (N + M, n) array      At (N,) flip_angles in degrees, then at (M,) rising delays in s.
    bounds : ((low, high), (low, high))
        Of T1 in s and of B1.

    Returns
    -------
    AmplitudeFit
        The parameters are log R1 and log B1, the amplitude is S0.
    """
    (shortest, longest), (lowest, highest) = bounds
    low, high = np.log([1 / longest, lowest]), np.log([1 / shortest, highest])
    flip_angles, delays = np.asarray(flip_angles, float), np.asarray(delays, float)

    def shape(parameters, problem):
        r1, b1 = np.exp(parameters)[..., None]
        echoes = spoiled_gradient_echo_signal(r1, b1 * flip_angles, repetition_time)
        return np.concatenate([echoes, inversion_prepared_signal(r1, b1, delays, train)], axis=1)

    rates = np.linspace(low[0], high[0], GROUPS * CANDIDATES[0]).reshape(GROUPS, -1, 1)
    fields = np.linspace(low[1], high[1], CANDIDATES[1])[None, None]
    candidates = np.stack([part.reshape(GROUPS, -1) for part in np.broadcast_arrays(rates, fields)])
    best = None
    # The signals after inversion change sign once at most; with each number of negative ones the fit is smooth.
    for negative in range(len(delays) + 1):
        signed = np.array(signals, dtype=float)
        signed[len(flip_angles) : len(flip_angles) + negative] *= -1
        found = fit_amplitude(signed.T, shape, candidates, (low, high))
        best = found if best is None else _better(best, found)
    return best


def _better(first: AmplitudeFit, second: AmplitudeFit) -> AmplitudeFit:
    lower = second.sse < first.sse
    return AmplitudeFit(*(np.where(lower, new, old) for old, new in zip(first, second)))
