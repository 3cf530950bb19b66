"""Ways to prepare a run of which one is chosen, and what each makes of the run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from ....context import Context
from ....data.events import Events
from ....data.series import Series
from ....errors import InputError, ParameterError
from ....numerics.bold.design import cosine_drift, design_matrix
from ....numerics.bold.preprocessing.motion_series import expanded
from ....numerics.bold.preprocessing.projection import projected, projection_of
from ..run_data import run_matrix
from .parameters import MotionParameters
from .realignment import realigned

MOST_CANDIDATES = 200
FEWEST_FRAMES = 5


@dataclass(frozen=True)
class Candidate:
    """corrected : whether motion is. terms : of motion, that are taken out. smoothing : mm. high_pass : Hz."""

    corrected: bool
    terms: str
    smoothing: float
    high_pass: float

    def __str__(self) -> str:
        parts = ["motion corrected" if self.corrected else "motion left", f"{self.terms} motion terms"]
        return ", ".join([*parts, f"{self.smoothing:g} mm", f"{self.high_pass:g} Hz"])


def candidates_of(corrections, terms, smoothings, high_passes) -> list[Candidate]:
    """Every combination; ``E-PARAMETER`` for more than can be tried."""
    once = [tuple(dict.fromkeys(own)) for own in (corrections, terms, smoothings, high_passes)]
    found = [Candidate(*each) for each in product(*once)]
    if not 2 <= len(found) <= MOST_CANDIDATES:
        raise ParameterError(
            "E-PARAMETER", f"{len(found)} ways to prepare the run, 2 to {MOST_CANDIDATES} can be compared",
            fix="Give more or fewer values of motion_terms, smoothing, high_pass and try_without_correction.",
        )  # fmt: skip
    return found


@dataclass(frozen=True, eq=False)
class Runs:
    """A run as it was and as motion correction leaves it, in the voxels of a mask.

    series : by whether motion is corrected. inside : (K, J, I). motion : (T, 6). interval : s
    """

    series: dict[bool, Series]
    inside: np.ndarray
    motion: np.ndarray
    interval: float

    def matrix(self, candidate: Candidate) -> np.ndarray:
        """(T, V) smoothed, nothing taken out."""
        return run_matrix(self.series[candidate.corrected], self.inside, candidate.smoothing)

    def columns(self, candidate: Candidate, rows: slice = slice(None)) -> np.ndarray:
        """(n, P) motion and drift of some frames."""
        motion = list(expanded(self.motion, candidate.terms).values())
        times = np.arange(len(self.motion))[rows] * self.interval
        drift = cosine_drift(times, candidate.high_pass)
        return np.column_stack([*(column[rows] for column in motion), drift])


def runs_of(series: Series, inside: np.ndarray, interval: float, context: Context) -> Runs:
    """The run as it is and realigned to its mean."""
    found = realigned(series, inside, MotionParameters(), context)
    return Runs({False: series, True: replace(found.series, name=series.name)}, inside, found.parameters, interval)


def labels_of(times: np.ndarray, events: Events, conditions: tuple[str, str]) -> np.ndarray:
    """(T,) 0 or 1 where the answer to that condition is the larger one and above half of its most; else -1."""
    design = design_matrix(times, events, high_pass=0.0)
    answers = np.stack([design.matrix[:, design.names.index(name)] for name in conditions])
    high = answers > 0.5 * answers.max(axis=1, keepdims=True)
    larger = answers.argmax(axis=0)
    return np.where(high[larger, np.arange(len(times))], larger, -1)


def halves_of(labels: np.ndarray, conditions: tuple[str, str], name: str) -> list[np.ndarray]:
    """Frames (n,) of the first and of the second half of the run that have a label.

    Raises
    ------
    InputError
        ``E-HALVES`` when a half holds hardly any of a condition.
    """
    middle = len(labels) // 2
    halves = []
    for number, rows in enumerate((np.arange(middle), np.arange(middle, len(labels)))):
        for label, condition in enumerate(conditions):
            count = int((labels[rows] == label).sum())
            if count < FEWEST_FRAMES:
                raise InputError(
                    "E-HALVES",
                    f"the {('first', 'second')[number]} half of the run holds {count} frames of {condition}, "
                    f"{FEWEST_FRAMES} are needed",
                    where=name,
                    fix="Give a longer run, one in which conditions take turns, or two other conditions.",
                )
        halves.append(rows[labels[rows] >= 0])
    return halves


def prepared_half(matrix: np.ndarray, runs: Runs, candidate: Candidate, half: int, frames: np.ndarray) -> np.ndarray:
    """(n, V) frames of one half, motion and drift of this half taken out at once, each voxel with mean 0 over them."""
    middle = len(matrix) // 2
    rows = slice(0, middle) if half == 0 else slice(middle, None)
    cleaned = projected(matrix[rows], projection_of(runs.columns(candidate, rows)))
    # Voxels count by percent, not by how bright they are.
    level = np.maximum(matrix[rows].mean(axis=0, dtype=np.float64), 1e-6)
    chosen = (cleaned / level)[frames - (rows.start or 0)]
    return (chosen - chosen.mean(axis=0)).astype(np.float32)
