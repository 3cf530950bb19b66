"""Arterial input functions measured in populations.

Each is one entry of `POPULATIONS`. Inside this file the functions take minutes
since arrival, the unit in which all of them were published.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln

SECONDS_PER_MINUTE = 60.0
REFERENCE_DOSE = 0.1  # mmol/kg, of all studies below
SPREAD = 12.0  # standard deviations beyond which a gamma variate is zero in double precision


@dataclass(frozen=True)
class PopulationInput:
    """One population average.

    title : as shown to users. curve : mmol/L at (T,) minutes since arrival, none
    negative, for `REFERENCE_DOSE`. in_plasma : plasma rather than whole blood.
    """

    title: str
    curve: Callable[[np.ndarray], np.ndarray]
    in_plasma: bool = False


def population_concentration(name: str, times, *, arrival: float = 0.0, dose: float = REFERENCE_DOSE) -> np.ndarray:
    """Concentration after a bolus, zero before it arrives.

    Parameters
    ----------
    name : str                  One of `POPULATIONS`.
    times : (T,) array, s
    arrival : float, s          When the bolus arrives, on the clock of `times`.
    dose : float, mmol/kg       Concentration scales with the dose.

    Returns
    -------
    (T,) array, mmol/L          Of whole blood or of plasma, as the entry says.
    """
    minutes = (np.asarray(times, dtype=float) - arrival) / SECONDS_PER_MINUTE
    curve = POPULATIONS[name].curve(np.maximum(minutes, 0.0))
    return np.where(minutes >= 0, curve * (dose / REFERENCE_DOSE), 0.0)


def parker_blood_concentration(times, *, arrival: float = 0.0, dose: float = REFERENCE_DOSE) -> np.ndarray:
    """(T,) whole-blood concentration of Parker's average; arguments as in `population_concentration`."""
    return population_concentration("parker", times, arrival=arrival, dose=dose)


def _parker(t: np.ndarray) -> np.ndarray:
    """Parker et al., Magn Reson Med 56:993 (2006), eq. 1 and table 1.

    The formula gives 0.08 mmol/L at arrival, so the curve has a small step there.
    """
    first = 0.809 / (0.0563 * np.sqrt(2 * np.pi)) * np.exp(-((t - 0.17046) ** 2) / (2 * 0.0563**2))
    second = 0.330 / (0.132 * np.sqrt(2 * np.pi)) * np.exp(-((t - 0.365) ** 2) / (2 * 0.132**2))
    washout = 1.050 * np.exp(-0.1685 * t) / (1 + np.exp(-38.078 * (t - 0.483)))
    return first + second + washout


# The paper prints two decimals (0.37, 0.33, 10.06; 0.11, 1.17, 16.02; 5.26, 0.032, 0.129), with which the curve of
# its own supplement is missed by 3 %. These digits are those of a least-squares fit to that curve.
GEORGIOU_AMPLITUDES = (0.3743030938, 0.3311858867, 10.0608793683)  # mmol/L
GEORGIOU_RATES = (0.1126900808, 1.1745119748, 16.0196272138)  # 1/min
GEORGIOU_SHAPE, GEORGIOU_SCALE, GEORGIOU_PASSAGE = 5.2669677469, 0.0320789211, 0.1285561323  # 1, min, min


def _georgiou(t: np.ndarray) -> np.ndarray:
    """Georgiou et al., Magn Reson Med 81:1955 (2019): washout times the bolus' repeated passages.

    Each passage is a gamma variate with the shape ``(j + 1) a + j``, as the
    functional form of Horsfield et al., Phys Med Biol 54:2933 (2009), has it.
    """
    washout = sum(a * np.exp(-m * t) for a, m in zip(GEORGIOU_AMPLITUDES, GEORGIOU_RATES))
    passages = np.zeros_like(t)
    for j in range(int(t.max(initial=0.0) / GEORGIOU_PASSAGE) + 1):
        shape = (j + 1) * GEORGIOU_SHAPE + j
        since = t - j * GEORGIOU_PASSAGE
        mean, deviation = (shape + 1) * GEORGIOU_SCALE, np.sqrt(shape + 1) * GEORGIOU_SCALE
        seen = (since > 0) & (np.abs(since - mean) < SPREAD * deviation)
        scaled = since[seen] / GEORGIOU_SCALE
        # By logarithms: the gamma function itself overflows after thirty passages.
        passages[seen] += np.exp(shape * np.log(scaled) - scaled - gammaln(shape + 1)) / GEORGIOU_SCALE
    return washout * passages


def _weinmann(t: np.ndarray) -> np.ndarray:
    """Plasma: Weinmann et al., Physiol Chem Phys Med NMR 16:167 (1984), as Tofts & Kermode fitted it.

    Magn Reson Med 17:357 (1991), eq. 3: 3.99 and 4.78 kg/L times the dose.
    """
    return REFERENCE_DOSE * (3.99 * np.exp(-0.144 * t) + 4.78 * np.exp(-0.0111 * t))


def _fritz_hansen(t: np.ndarray) -> np.ndarray:
    """Fritz-Hansen et al., Magn Reson Med 36:225 (1996), as two exponentials.

    The constants and their reading as plasma concentration are those of the
    package dcemriS4, which prints 2.4 and 0.62 with a dose of one; they were not
    compared with the paper.
    """
    return REFERENCE_DOSE * (24.0 * np.exp(-3.0 * t) + 6.2 * np.exp(-0.016 * t))


def _orton(t: np.ndarray) -> np.ndarray:
    """Orton et al., Phys Med Biol 53:1225 (2008), model 2: a raised cosine and its washout.

    Its constants describe Parker's average, in whole blood.
    """
    height, speed, gain, washout = 2.84, 22.8, 1.36, 0.171  # mmol/L, 1/min, 1/min, 1/min
    duration = 2 * np.pi / speed
    during = np.minimum(t, duration)
    collected = (1 - np.exp(-washout * during)) / washout - (
        washout * np.cos(speed * during) + speed * np.sin(speed * during) - washout * np.exp(-washout * during)
    ) / (washout**2 + speed**2)
    bolus = height * (1 - np.cos(speed * during))
    return bolus + height * gain * collected * np.exp(-washout * (t - during))


def _preclinical(t: np.ndarray) -> np.ndarray:
    """McGrath et al., Magn Reson Med 61:1173 (2009), model B, in rats: a linear rise of 7 s, then two exponentials."""
    seconds = t * SECONDS_PER_MINUTE
    since = np.maximum(seconds - 7.0, 0.0)
    falling = 3.4 * np.exp(-0.045 * since) + 1.81 * np.exp(-0.0015 * since)
    return np.where(seconds <= 7.0, (3.4 + 1.81) * seconds / 7.0, falling)


POPULATIONS = {
    "parker": PopulationInput("Parker 2006", _parker),
    "georgiou": PopulationInput("Georgiou 2019", _georgiou),
    "weinmann": PopulationInput("Weinmann 1984, Tofts & Kermode 1991", _weinmann, in_plasma=True),
    "fritz_hansen": PopulationInput("Fritz-Hansen 1996", _fritz_hansen, in_plasma=True),
    "orton": PopulationInput("Orton 2008", _orton),
    "preclinical": PopulationInput("McGrath 2009, rats", _preclinical),
}
