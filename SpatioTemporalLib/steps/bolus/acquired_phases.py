"""Which phases of a dynamic series a network is shown: before contrast, the first after it, and later ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...errors import InputError, ParameterError

BEFORE_S = -1.0
BRIGHT = 99.0  # percentile


@dataclass(frozen=True)
class PhaseSettings:
    """How phases are shown, part of what a trained network carries with it.

    Attributes
    ----------
    image : str
        Name of the image of a phase; a phase with a single image needs no name.
    shape : (K, J, I)
        Voxels that are looked at together; larger images are gone over.
    spacings : one triple (I, J, K) of mm
    unit : str
    first_post : float, s
        After injection; the phase nearest to it is the first after contrast.
    together : bool
        Whether all later phases are shown at once, or one of them at a time.

    Raises
    ------
    ParameterError
        ``E-PHASES``
    """

    image: str = "mr"
    shape: tuple[int, int, int] = (32, 32, 32)
    spacings: tuple[tuple[float, float, float], ...] = ((1.0, 1.0, 1.0),)
    unit: str = "a.u."
    first_post: float = 30.0
    together: bool = False

    def __post_init__(self):
        problems = []
        if len(self.shape) != 3 or not all(isinstance(n, int) and 4 <= n <= 512 for n in self.shape):
            problems.append(f"shape {self.shape} is not three whole numbers from 4 to 512")
        if len(self.spacings) != 1 or len(self.spacings[0]) != 3 or not all(0.05 <= x <= 50 for x in self.spacings[0]):
            problems.append(f"spacings {self.spacings} are not one triple of 0.05 to 50 mm")
        if not 0 < self.first_post <= 3600:
            problems.append(f"first_post {self.first_post} is not 0 to 3600 s")
        if problems:
            raise ParameterError("E-PHASES", "; ".join(problems), fix="Correct the settings of the phases.")


def chosen_phases(seconds: np.ndarray, first_post: float, where: str) -> tuple[int, int, list[int]]:
    """Numbers of the last phase before injection, the one nearest to `first_post` after it, and of all later ones.

    Parameters
    ----------
    seconds : (T,) after injection, rising; what is not above zero is before it

    Raises
    ------
    InputError
        ``E-PHASES`` when there is none of a kind.
    """
    seconds = np.asarray(seconds, dtype=float)
    before, after = np.flatnonzero(seconds <= 0), np.flatnonzero(seconds > 0)
    if not before.size or after.size < 2:
        listed = ", ".join(f"{s:g}" for s in seconds[:8])
        raise InputError(
            "E-PHASES",
            f"{before.size} phases before injection and {after.size} after it, one and two are needed "
            f"(seconds after injection: {listed})",
            where=where,
            fix="Give the seconds after injection; the phase before contrast is at zero or below.",
        )
    # A later one must remain.
    first = int(after[:-1][np.argmin(np.abs(seconds[after[:-1]] - first_post))])
    return int(before[-1]), first, [int(n) for n in after if n > first]


def scaled_phases(phases: np.ndarray, reference: int = 2) -> np.ndarray:
    """Phases (T, ...) brought to 0..1 by least value and 99th percentile of the first `reference` of them.

    All alike, for each on its own would lose how they differ; and not by the
    later ones, so that the same phase looks the same whichever is shown with it.
    """
    low, high = float(phases[:reference].min()), float(np.percentile(phases[:reference], BRIGHT))
    return ((phases - low) / max(high - low, np.finfo(np.float32).tiny)).astype(np.float32)


def shown_times(seconds: np.ndarray) -> np.ndarray:
    """Seconds as a network is told them: -1 for all that is before injection."""
    return np.where(np.asarray(seconds) <= 0, BEFORE_S, seconds).astype(np.float32)
