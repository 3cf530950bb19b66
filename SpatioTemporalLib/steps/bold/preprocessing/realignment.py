"""A run with its volumes brought to one place."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ....context import Context
from ....data.curve import Table
from ....data.series import Series
from ....errors import Finding, InputError, Severity, counted
from ....numerics.bold.preprocessing.frames_in_threads import each_frame
from ....numerics.bold.preprocessing.motion_series import dvars, framewise_displacement, series_motion
from ....numerics.bold.preprocessing.resampling import brought_back
from ....numerics.bold.preprocessing.rigid_motion import axes_of
from .motion_table import motion_table
from .parameters import MotionParameters

FEWEST_VOXELS = 5
# A shift by so much of the image, or a turn by so many rad, is no motion of a head in its coil.
LARGEST_PART, LARGEST_RAD = 0.25, 0.35


@dataclass(frozen=True, eq=False)
class Realigned:
    """series : brought to one place. table : motion, one row a frame. parameters : (T, 6) in RAS, mm and rad."""

    series: Series
    table: Table
    parameters: np.ndarray
    findings: tuple[Finding, ...]


def realigned(series: Series, inside: np.ndarray, parameters: MotionParameters, context: Context) -> Realigned:
    """All volumes brought to their mean or the middle one, by cubic B-splines.

    inside : (K, J, I) bool, what is looked at for DVARS
    """
    geometry = series.geometry
    if min(geometry.shape[1:]) < FEWEST_VOXELS:
        raise InputError(
            "E-MOTION-SMALL", f"{geometry.shape[2]} x {geometry.shape[1]} voxels in a slice tell no motion",
            where=series.name, fix="Give whole slices.",
        )  # fmt: skip
    if not all(np.isfinite(frame).all() for frame in series.values):
        raise InputError(
            "E-NOT-FINITE", "some voxels hold values that are no numbers", where=series.name,
            fix="Replace them, with 0 where nothing was measured.",
        )  # fmt: skip
    found = series_motion(
        series.values, geometry.spacing, parameters.motion_reference, None,
        lambda done: context.progress(0.7 * done, "estimating motion"), context.threads,
    )  # fmt: skip
    values = np.empty(series.values.shape, np.float32)
    matrix = np.empty((len(values), int(inside.sum())), np.float32)

    def resample(n: int) -> None:
        values[n] = brought_back(series.values[n], found.frames[n], geometry.spacing)
        matrix[n] = values[n][inside]

    each_frame(resample, len(values), context.threads, lambda done: context.progress(0.7 + 0.3 * done, "resampling"))
    axes = axes_of(geometry.affine)
    in_ras = np.stack([motion.seen_along(axes).parameters for motion in found.frames])
    moved = framewise_displacement(in_ras) > (parameters.fd_threshold or np.inf)
    table = motion_table(series.times, in_ras, dvars(matrix), moved)
    findings = _findings(series, in_ras, found.rested, moved, parameters)
    return Realigned(replace(series, values=values, name="realigned", findings=()), table, in_ras, findings)


def _findings(series: Series, motion: np.ndarray, rested, moved, parameters: MotionParameters) -> tuple[Finding, ...]:
    geometry, name = series.geometry, series.name
    centre = geometry.ijk_to_ras((np.array(geometry.shape[::-1]) - 1) / 2)
    place = ", ".join(f"{round(x, 1) + 0.0:.1f}" for x in centre)
    text = (
        f"motion is where the {parameters.motion_reference} volume lies in each frame: shift and rotation vector along "
        f"R, A, S about the middle of the image, ({place}) mm RAS"
    )
    found = [Finding("I-MOTION", Severity.NOTE, text, name)]
    if geometry.shape[0] == 1:
        text = "one slice tells no motion across it: shifts and rotation within the slice only"
        found.append(Finding("W-MOTION-SLICE", Severity.WARN, text, name))
    if not rested.all():
        frames = ", ".join(str(n + 1) for n in np.flatnonzero(~rested)[:8])
        text = f"the search for motion did not come to rest in {counted(int((~rested).sum()), 'frame')} ({frames})"
        found.append(Finding("W-MOTION-REST", Severity.WARN, text, name))
    extent = min(n * s for n, s in zip(geometry.shape[::-1], geometry.spacing) if n > 1)
    shift, turn = np.abs(motion[:, :3]).max(axis=1), np.abs(motion[:, 3:]).max(axis=1)
    far = (shift > LARGEST_PART * extent) | (turn > LARGEST_RAD)
    if far.any():
        text = (
            f"{counted(int(far.sum()), 'frame')} seem to lie more than a quarter of the image away, or turned by "
            f"more than {LARGEST_RAD:g} rad, from frame {np.flatnonzero(far)[0] + 1} on; look at them"
        )
        found.append(Finding("W-MOTION-FAR", Severity.WARN, text, name))
    if moved.any():
        text = (
            f"{counted(int(moved.sum()), 'frame')} of {len(moved)} moved by more than {parameters.fd_threshold:g} mm "
            "from the frame before"
        )
        found.append(Finding("W-MOTION-FRAMES", Severity.WARN, text, name))
    return tuple(found)
