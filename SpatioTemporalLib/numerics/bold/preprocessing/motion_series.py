"""Motion of all volumes of a series, in two passes, and what is made of its parameters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .frames_in_threads import each_frame
from .motion_fit import CONVERGED_MM, levels_of, motion_of
from .resampling import brought_back
from .rigid_motion import NAMES, Rigid

REFERENCES = ("mean", "middle")
FIRST_PASS_MM, MEAN_OF = 5e-3, 64
# A sphere as large as a head, on whose surface turning is a distance (Power et al., NeuroImage 59:2142, 2012).
SPHERE_MM = 50.0
EXPANSIONS = ("none", "6", "12", "24")


@dataclass(frozen=True, eq=False)
class SeriesMotion:
    """frames : T motions, in the grid's axes. rested : (T,) bool, whether the search came to rest."""

    frames: tuple[Rigid, ...]
    rested: np.ndarray

    @property
    def parameters(self) -> np.ndarray:
        """(T, 6) mm and rad."""
        return np.stack([frame.parameters for frame in self.frames])


def series_motion(
    volumes: np.ndarray,
    spacing,
    reference: str = "mean",
    weight: np.ndarray | None = None,
    report: Callable[[float], None] = lambda fraction: None,
    threads: int = 1,
) -> SeriesMotion:
    """Where the reference lies in each volume of a series (T, K, J, I).

    Parameters
    ----------
    spacing : (I, J, K) mm
    reference : {"mean", "middle"}
        All volumes are first brought to the middle one; "mean" then brings them
        to the mean of those, of at most 64 evenly spread ones.
    weight : (K, J, I) bool, voxels that count
    """
    count, only = len(volumes), reference == "middle"
    levels = levels_of(np.asarray(volumes[count // 2], dtype=np.float32), spacing, weight)
    frames, rested, last = [], np.zeros(count, bool), Rigid.none()
    enough = CONVERGED_MM if only else FIRST_PASS_MM
    for n, volume in enumerate(volumes):
        report((1.0 if only else 0.5) * n / count)
        # A head mostly lies where it lay in the frame before; where that does not lead to rest, the search begins anew.
        motion, rested[n] = motion_of(volume, levels, last, enough=enough)
        if not rested[n]:
            motion, rested[n] = motion_of(volume, levels, Rigid.none(), enough=enough)
        last = motion if rested[n] else last
        frames.append(motion)
    if only:
        return SeriesMotion(tuple(frames), rested)
    chosen = np.unique(np.linspace(0, count - 1, min(count, MEAN_OF)).round().astype(int))
    mean = sum(brought_back(volumes[n], frames[n], spacing, order=1) for n in chosen) / len(chosen)
    levels = levels_of(mean, spacing, weight)

    def closer(n: int) -> tuple[Rigid, bool]:
        return motion_of(volumes[n], levels, frames[n], close=True)

    found = each_frame(closer, count, threads, lambda done: report(0.5 + 0.5 * done))
    return SeriesMotion(tuple(motion for motion, _ in found), np.array([rest for _, rest in found]))


def framewise_displacement(parameters: np.ndarray) -> np.ndarray:
    """(T,) mm from the frame before: sum of what translations (mm) and rotations (rad) differ by; 0 in the first."""
    steps = np.abs(np.diff(np.asarray(parameters, dtype=float), axis=0))
    return np.concatenate([[0.0], steps[:, :3].sum(axis=1) + SPHERE_MM * steps[:, 3:].sum(axis=1)])


def dvars(matrix: np.ndarray) -> np.ndarray:
    """(T,) % of the mean: root mean square over voxels of the change from the frame before; 0 in the first.

    matrix : (T, V)
    """
    level = abs(float(np.mean(matrix, dtype=np.float64))) or 1.0
    found = np.zeros(len(matrix))
    for n in range(1, len(matrix)):
        step = matrix[n].astype(np.float64) - matrix[n - 1]
        found[n] = 100.0 * np.sqrt(np.mean(step**2)) / level
    return found


def expanded(parameters: np.ndarray, expansion: str) -> dict[str, np.ndarray]:
    """Columns (T,) by name: the six parameters, with what they change by (12), and squares of both (24).

    Friston et al., Magn Reson Med 35:346 (1996); Satterthwaite et al., NeuroImage 64:240 (2013).
    """
    if expansion == "none":
        return {}
    columns = dict(zip(NAMES, np.asarray(parameters, dtype=float).T))
    if expansion in ("12", "24"):
        columns |= {f"{n}_derivative1": np.append(0.0, np.diff(c)) for n, c in list(columns.items())}
    if expansion == "24":
        columns |= {f"{n}_power2": c**2 for n, c in list(columns.items())}
    return columns
