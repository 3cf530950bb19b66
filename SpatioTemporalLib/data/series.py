"""One examination with a time axis."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace

import numpy as np

from ..errors import Finding, InputError, counted
from ..system.plain_text import for_message
from .geometry import Geometry


@dataclass(frozen=True)
class Acquisition:
    """How the images were acquired; None where it is not known.

    Attributes
    ----------
    modality : str           DICOM's letters: "MR", "CT", "US", "PT"
    examination : str        one of `EXAMINATIONS`: "dce", "bold", "pet", ...
    repetition_time : float  s
    echo_time : float        s
    inversion_time : float   s
    flip_angle : float       degrees
    field_strength : float   T
    agent : str              contrast agent
    dose : float             mmol/kg
    half_life : float        s, of the tracer
    decay_corrected : bool   whether activity was corrected for decay
    decay_corrected_to : float
        s on the clock of the series: the time to which it was corrected
    slice_times : tuple of float
        s from the start of a frame to when each slice along K was acquired
    """

    modality: str | None = None
    repetition_time: float | None = None
    echo_time: float | None = None
    inversion_time: float | None = None
    flip_angle: float | None = None
    field_strength: float | None = None
    agent: str | None = None
    dose: float | None = None
    half_life: float | None = None
    decay_corrected: bool | None = None
    decay_corrected_to: float | None = None
    examination: str | None = None
    slice_times: tuple[float, ...] | None = None

    def __post_init__(self):
        if self.slice_times is not None:
            object.__setattr__(self, "slice_times", tuple(float(seconds) for seconds in self.slice_times))

    def known(self) -> dict[str, object]:
        """The facts that are known, by name."""
        return {f.name: getattr(self, f.name) for f in fields(self) if getattr(self, f.name) is not None}


@dataclass(frozen=True, eq=False)
class Series:
    """Volumes over time on one grid.

    Attributes
    ----------
    values : (T, K, J, I) array
        May be memory-mapped; never modified.
    times : (T,) array, s
        Strictly rising, any spacing, on the clock that `time_source` names.
        Where frames are means over an interval, as in PET, the time is its start.
    geometry : Geometry
    unit : str
        Of `values`, e.g. "mmol/L", "HU", "a.u.".
    name : str
        For messages and for naming results; holds no patient's name.
    acquisition : Acquisition
    time_source : str
        Where the times came from, e.g. "DICOM TriggerTime".
    findings : tuple of Finding
        What was odd about the input and what was done about it.
    durations : (T,) array, s, or None
        How long each frame lasts, where that is known.

    Raises
    ------
    InputError
        For values that are complex or not numeric, a number of times that
        differs from the number of frames, or times that do not rise.
    GeometryError
        If the shape of the values is not that of the geometry.
    """

    values: np.ndarray
    times: np.ndarray
    geometry: Geometry
    unit: str = "a.u."
    name: str = "series"
    acquisition: Acquisition = field(default_factory=Acquisition)
    time_source: str = "given"
    findings: tuple[Finding, ...] = ()
    durations: np.ndarray | None = None

    def __post_init__(self):
        values = np.asanyarray(self.values)
        require_real(values, self.name)
        if values.ndim != 4:
            raise InputError(
                "E-DIM",
                f"a series has four axes (time, slices, rows, columns), found shape {values.shape}",
                where=self.name,
                fix="Give one volume per time; a single volume is no series.",
            )
        times = checked_times(self.times, values.shape[0], self.name)
        times.setflags(write=False)
        Geometry(values.shape[1:], self.geometry.affine).require_match(self.geometry, self.name, "its geometry")
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "times", times)
        object.__setattr__(self, "findings", tuple(self.findings))
        if self.durations is not None:
            durations = checked_durations(self.durations, values.shape[0], self.name)
            durations.setflags(write=False)
            object.__setattr__(self, "durations", durations)

    @classmethod
    def from_curves(cls, times, curves, **facts) -> Series:
        """A series of V voxels in a row from (T,) or (T, V) curves.

        Whatever works on a volume works on one measured curve this way.
        """
        curves = np.asarray(curves)
        values = curves.reshape(len(curves), 1, 1, -1)
        return cls(values, times, Geometry.from_spacing(values.shape[1:]), **facts)

    def frames(self, kept: np.ndarray) -> Series:
        """The series of some frames only, by a (T,) bool; without first frames it is a view, else a copy."""
        first = int(np.argmax(kept))
        rest = kept[first:].all()
        durations = self.durations
        if durations is None and not rest:
            # Without it a frame would seem to last until the next that is kept.
            durations = np.append(self.intervals, self.intervals[-1:])
        return replace(
            self,
            values=self.values[first:] if rest else self.values[kept],
            times=self.times[kept],
            durations=None if durations is None else durations[kept],
        )

    @property
    def frame_count(self) -> int:
        return len(self.times)

    @property
    def intervals(self) -> np.ndarray:
        """(T-1,) seconds between frames."""
        return np.diff(self.times)

    @property
    def nbytes(self) -> int:
        return self.values.nbytes

    def __str__(self) -> str:
        frames, unit = counted(self.frame_count, "frame"), for_message(self.unit)
        return f"{frames}, {describe_times(self.times)}; {self.geometry}; unit {unit}"


def describe_times(times: np.ndarray) -> str:
    """Span and spacing of times in seconds, as a person would say them."""
    if len(times) < 2:
        return f"at {times[0]:g} s"
    steps = np.diff(times)
    span = f"{times[0]:g}–{times[-1]:g} s"
    if np.ptp(steps) <= 1e-3 * np.median(steps):
        return f"{span}, every {np.median(steps):.4g} s"
    return f"{span}, every {steps.min():.4g} to {steps.max():.4g} s"


def require_real(values: np.ndarray, name: str) -> None:
    """Refuse complex, structured or non-numeric voxel values."""
    if np.iscomplexobj(values):
        raise InputError(
            "E-COMPLEX",
            "the image holds complex numbers",
            where=name,
            fix="Convert it to magnitude first (absolute value).",
        )
    if values.dtype.kind not in "fiub":
        raise InputError(
            "E-DTYPE",
            f"voxel values of type {values.dtype} are not real numbers",
            where=name,
            fix="Colour and vector images have no single value per voxel; convert to grey values first.",
        )


def checked_times(times, frame_count: int, name: str) -> np.ndarray:
    """Times as float64, or an `InputError` naming the first that is wrong."""
    try:
        times = np.array(times, dtype=np.float64).reshape(-1)
    except (TypeError, ValueError) as error:
        raise InputError(
            "E-TIME-VALUE", f"frame times must be numbers in seconds ({error})", where=name, fix="Correct the times."
        ) from error
    if len(times) != frame_count:
        raise InputError(
            "E-TIME-COUNT",
            f"{counted(len(times), 'frame time')} for {counted(frame_count, 'frame')}",
            where=name,
            fix="Give exactly one time in seconds for each frame.",
        )
    if frame_count == 0:
        raise InputError("E-NO-FRAMES", "there are no frames", where=name, fix="Give at least one volume.")
    bad = np.flatnonzero(~np.isfinite(times))
    if bad.size:
        raise InputError(
            "E-TIME-VALUE",
            f"the time of frame {bad[0]} is {times[bad[0]]}",
            where=name,
            fix="Give a finite time in seconds for each frame.",
        )
    wrong = np.flatnonzero(np.diff(times) <= 0)
    if wrong.size:
        _refuse_order(times, int(wrong[0]), name)
    return times


def checked_durations(durations, frame_count: int, name: str) -> np.ndarray:
    """Durations of frames as float64, or an `InputError` naming the first that is wrong."""
    try:
        durations = np.array(durations, dtype=np.float64).reshape(-1)
    except (TypeError, ValueError) as error:
        raise InputError(
            "E-TIME-DURATION", f"durations must be numbers in seconds ({error})", where=name, fix="Correct them."
        ) from error
    if len(durations) != frame_count:
        raise InputError(
            "E-TIME-DURATION",
            f"{counted(len(durations), 'frame duration')} for {counted(frame_count, 'frame')}",
            where=name,
            fix="Give exactly one duration in seconds for each frame.",
        )
    bad = np.flatnonzero(~(np.isfinite(durations) & (durations > 0)))
    if bad.size:
        raise InputError(
            "E-TIME-DURATION",
            f"frame {bad[0]} lasts {durations[bad[0]]:g} s, a duration above zero was expected",
            where=name,
            fix="Give each frame's duration in seconds.",
        )
    return durations


def _refuse_order(times: np.ndarray, frame: int, name: str) -> None:
    first, second = times[frame], times[frame + 1]
    if np.ptp(times) == 0:
        raise InputError(
            "E-TIME-CONSTANT",
            f"all {len(times)} frames have the same time, {first:g} s",
            where=name,
            fix="Give the frame times or the frame interval in seconds.",
        )
    code = "E-TIME-DUP" if first == second else "E-TIME-ORDER"
    raise InputError(
        code,
        f"times must rise strictly: frame {frame} is at {first:g} s, frame {frame + 1} at {second:g} s",
        where=name,
        fix="Remove the frame that stands twice, or sort frames and times together.",
    )
