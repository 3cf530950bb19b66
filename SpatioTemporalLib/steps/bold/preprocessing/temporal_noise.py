"""Independent courses of a long run, and which of them are noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ....data.curve import Table
from ....numerics.bold.preprocessing.independent_components import TemporalComponents


@dataclass(frozen=True, eq=False)
class Judged:
    """Why each component is noise or not.

    noise : (n,) bool. like_confounds, fast, global_share : (n,). like : name of the confound each is most like.
    """

    noise: np.ndarray
    like_confounds: np.ndarray
    like: tuple[str, ...]
    fast: np.ndarray
    global_share: np.ndarray

    def table(self, found: TemporalComponents) -> Table:
        """One row a component, with how much of what all explain is its own."""
        power = (found.maps.astype(np.float64) ** 2).sum(axis=1)
        columns = {
            "component": list(range(1, len(self.noise) + 1)),
            "explains": (100 * power / power.sum()).tolist(),
            "like confounds": self.like_confounds.tolist(),
            "most like": list(self.like),
            "fast": (100 * self.fast).tolist(),
            "same sign": (100 * self.global_share).tolist(),
            "noise": [int(n) for n in self.noise],
        }
        return Table(columns, dict.fromkeys(("explains", "fast", "same sign"), "%"), "components")


def judged(
    found: TemporalComponents, confounds: dict[str, np.ndarray], interval: float, limit: float, above_hz: float
) -> Judged:
    """Components are noise that are like a confound, or of which more than half lies above a frequency.

    Parameters
    ----------
    confounds : (T,) each, standardised
    limit : correlation
    above_hz : Hz; 0 for none
    """
    frames, count = found.courses.shape
    likeness, names = np.zeros(count), [""] * count
    if confounds:
        correlations = np.abs(np.stack(list(confounds.values())) @ found.courses) / frames
        likeness = correlations.max(axis=0)
        names = [list(confounds)[n] for n in correlations.argmax(axis=0)]
    power = np.abs(np.fft.rfft(found.courses, axis=0)[1:]) ** 2
    frequency = np.fft.rfftfreq(frames, interval)[1:]
    fast = power[frequency > above_hz].sum(axis=0) / power.sum(axis=0) if above_hz > 0 else np.zeros(count)
    total = np.abs(found.maps).sum(axis=1, dtype=np.float64)
    share = np.abs(found.maps.sum(axis=1, dtype=np.float64)) / np.where(total > 0, total, 1.0)
    return Judged((likeness > limit) | (fast > 0.5), likeness, tuple(names), fast, share)


def without_noise(matrix: np.ndarray, found: TemporalComponents, noise: np.ndarray) -> np.ndarray:
    """(T, V) float32 without what noise alone explains; what it shares with other components stays.

    Courses are uncorrelated, so that taking out some leaves the others as they were.
    """
    taken = found.courses[:, noise].astype(np.float32) @ found.maps[noise]
    return matrix.astype(np.float32, copy=False) - taken
