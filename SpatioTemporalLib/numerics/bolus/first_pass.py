"""What a first pass of contrast tells: flow, volume and delay from curves and residue functions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

CLEAR_PEAK = 5.0  # times the scatter of the baseline
UNEVEN = 1e-3  # part of an interval by which the others may differ before curves are resampled


@dataclass(frozen=True)
class UniformAxis:
    """A time axis with equal steps beside one that may have others.

    step : s. weights : (T', T) linear interpolation from the given axis, or None where it is uniform already.
    """

    step: float
    weights: np.ndarray | None = None

    def resampled(self, curves: np.ndarray) -> np.ndarray:
        """(T', n) curves at equal steps from (T, n) curves."""
        return curves if self.weights is None else self.weights @ curves


class Perfusion(NamedTuple):
    """(n,) flow in 1/s, volume as a fraction, and delay in s."""

    flow: np.ndarray
    volume: np.ndarray
    delay: np.ndarray


def uniform_axis(times) -> UniformAxis:
    """The axis of equal steps that spans the given times, with the step of most frames."""
    times = np.asarray(times, dtype=float)
    step = float(np.median(np.diff(times)))
    if np.abs(np.diff(times) - step).max() <= UNEVEN * step:
        return UniformAxis(step)
    wanted = np.arange(times[0], times[-1] + step / 2, step)
    return UniformAxis(step, np.stack([np.interp(wanted, times, unit) for unit in np.eye(len(times))], axis=1))


def perfusion(residues, tissue, artery, times, step: float, *, causal: bool) -> Perfusion:
    """Flow as the largest residue, volume as the ratio of areas, delay as the time of the largest residue.

    Parameters
    ----------
    residues : (L, n) array, 1/s
        Of flow times residue. Unless `causal`, the second half holds negative times.
    tissue, artery : (T, n) and (T,) arrays, in one unit, at (T,) `times` in s
    step : float, s
        Between the residues' samples.

    Notes
    -----
    Meier & Zierler, J Appl Physiol 6:731 (1954); Ostergaard et al., Magn Reson Med 36:715 (1996).
    """
    latest = residues.argmax(axis=0)
    lag = latest if causal else np.where(latest >= (len(residues) + 1) // 2, latest - len(residues), latest)
    return Perfusion(
        residues.max(axis=0), np.trapezoid(tissue, times, axis=0) / np.trapezoid(artery, times), step * lag
    )


def remaining_part(curves, baseline: slice) -> np.ndarray:
    """(n,) parts of their peak that (T, n) curves still have in their last two frames; 0 where there is no peak.

    baseline : frames before arrival, above whose scatter a peak must stand. A
    curve that falls with contrast is judged by its depth.
    """
    change = np.asarray(curves, dtype=float)
    change = change - change[baseline].mean(axis=0)
    noise = change[baseline].std(axis=0)
    # Of two frames each: the highest of many noisy frames lies above all others by chance.
    change = (change[1:] + change[:-1])[baseline.stop - 1 :] / 2
    peak = np.take_along_axis(change, np.abs(change).argmax(axis=0)[None], axis=0)[0]
    return np.divide(change[-1], peak, out=np.zeros(peak.shape), where=np.abs(peak) > CLEAR_PEAK * noise)
