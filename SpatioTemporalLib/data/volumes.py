"""Images on a grid: quantities, labels, labels over time, and stacks over an acquisition setting."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..errors import Finding, InputError, counted
from ..system.plain_text import for_message
from .geometry import Geometry
from .series import Acquisition, checked_times, describe_times, require_real

LARGEST_LABEL = 2**31 - 1
MOST_LABELS = 2**16


@dataclass(frozen=True, eq=False)
class Map:
    """One quantity in each voxel; NaN where there is none.

    values : (K, J, I) array; unit : str, never empty ("1" for a ratio).
    findings : what was odd where the map came from.
    """

    values: np.ndarray
    geometry: Geometry
    unit: str
    name: str = "map"
    findings: tuple[Finding, ...] = ()

    def __post_init__(self):
        values = np.asanyarray(self.values)
        require_real(values, self.name)
        if not self.unit:
            raise InputError("E-UNIT", "a map needs a unit", where=self.name, fix='Give its unit; "1" for a ratio.')
        _require_shape(values, self.geometry, self.name)
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "findings", tuple(self.findings))

    def __str__(self) -> str:
        finite = self.values[np.isfinite(self.values)]
        if not finite.size:
            return f"{_called(self)}: no finite value; {self.geometry}"
        low, median, high = np.percentile(finite, (2, 50, 98))
        return f"{_called(self)}: median {median:.4g} (2–98 %: {low:.4g}–{high:.4g}); {self.geometry}"


def _called(value: Map) -> str:
    return f"{for_message(value.name)} [{for_message(value.unit)}]"


@dataclass(frozen=True)
class Code:
    """A coded concept: value, scheme ("DCM", "SCT", "UCUM") and meaning."""

    value: str
    scheme: str
    meaning: str


@dataclass(frozen=True)
class Label:
    """What one label value stands for.

    colour : (R, G, B), 0..1, or None for a colour chosen when shown.
    category, type : terminology codes for Slicer and DICOM segmentations.
    """

    name: str
    colour: tuple[float, float, float] | None = None
    category: Code | None = None
    type: Code | None = None


@dataclass(frozen=True, eq=False)
class LabelMap:
    """A whole number in each voxel, zero for background.

    values : (K, J, I) integer array. Values stored as floats are accepted when
    they lie within 1e-3 of a whole number.
    labels : dict of label value to `Label`; unnamed values get a name.
    findings : what was odd where the labels came from.
    """

    values: np.ndarray
    geometry: Geometry
    labels: dict[int, Label] = field(default_factory=dict)
    name: str = "mask"
    findings: tuple[Finding, ...] = ()

    def __post_init__(self):
        values = whole_numbers(np.asanyarray(self.values), self.name)
        _require_shape(values, self.geometry, self.name)
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "labels", _all_labels({int(v) for v in np.unique(values)}, self.labels, self.name))
        object.__setattr__(self, "findings", tuple(self.findings))

    @property
    def foreground(self) -> np.ndarray:
        """(K, J, I) bool, True where any label is set."""
        return self.values != 0

    def region(self, value: int) -> np.ndarray:
        """(K, J, I) bool, True where the label has this value."""
        return self.values == value

    def volume_ml(self, value: int) -> float:
        return float(np.count_nonzero(self.region(value))) * self.geometry.voxel_volume_ml

    def __str__(self) -> str:
        named = [f"{v} {for_message(label.name)}: {self.volume_ml(v):.4g} mL" for v, label in self.labels.items()]
        return f"{for_message(self.name)}: {', '.join(named) or 'empty'}; {self.geometry}"


@dataclass(frozen=True, eq=False)
class LabelSeries:
    """A label map for each frame of a series, on one grid.

    values : (T, K, J, I) integer array, zero for background; may be memory-mapped. Whole numbers that are stored as
    floats are accepted.
    times : (T,) s, strictly rising, on the clock that `time_source` names.
    labels : dict of label value to `Label`, the same in all frames; unnamed values get a name.
    findings : what was odd where the labels came from.
    """

    values: np.ndarray
    times: np.ndarray
    geometry: Geometry
    labels: dict[int, Label] = field(default_factory=dict)
    name: str = "labels"
    time_source: str = "given"
    findings: tuple[Finding, ...] = ()

    def __post_init__(self):
        values = np.asanyarray(self.values)
        if values.ndim != 4:
            raise InputError(
                "E-DIM",
                f"labels over time have four axes (time, slices, rows, columns), found shape {values.shape}",
                where=self.name,
                fix="Give one label map per time; a single one is no series.",
            )
        times = checked_times(self.times, len(values), self.name)
        times.setflags(write=False)
        _require_shape(values[0], self.geometry, self.name)
        if values.dtype.kind not in "iu":
            # Frame by frame: the whole of it in other numbers would take a multiple of the memory.
            whole = [whole_numbers(frame, f"frame {n} of {self.name}") for n, frame in enumerate(values)]
            values = np.stack(whole)
        present = {int(v) for frame in values for v in np.unique(frame)}
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "times", times)
        object.__setattr__(self, "labels", _all_labels(present, self.labels, self.name))
        object.__setattr__(self, "findings", tuple(self.findings))

    @property
    def frame_count(self) -> int:
        return len(self.times)

    @property
    def intervals(self) -> np.ndarray:
        """(T-1,) seconds between frames."""
        return np.diff(self.times)

    def frame(self, n: int) -> LabelMap:
        """The labels of one frame, with the names of all."""
        return LabelMap(self.values[n], self.geometry, self.labels, f"{self.name}, {self.times[n]:g} s")

    def volumes_ml(self, value: int) -> np.ndarray:
        """(T,) mL of a label."""
        return np.array([np.count_nonzero(frame == value) for frame in self.values]) * self.geometry.voxel_volume_ml

    def __str__(self) -> str:
        frames = counted(self.frame_count, "frame")
        named = ", ".join(f"{v} {for_message(label.name)}" for v, label in self.labels.items())
        return f"{for_message(self.name)}: {frames}, {describe_times(self.times)}; {named or 'empty'}; {self.geometry}"


@dataclass(frozen=True, eq=False)
class ImageStack:
    """Volumes on one grid that differ in an acquisition setting, not in time.

    values : (N, K, J, I) array
    settings : (N,) array in `setting_unit`, e.g. flip angles in degrees.
    findings : what was odd where the volumes came from.
    """

    values: np.ndarray
    settings: np.ndarray
    geometry: Geometry
    setting: str = "flip_angle"
    setting_unit: str = "deg"
    unit: str = "a.u."
    name: str = "stack"
    acquisition: Acquisition = field(default_factory=Acquisition)
    findings: tuple[Finding, ...] = ()

    def __post_init__(self):
        values = np.asanyarray(self.values)
        require_real(values, self.name)
        settings = np.array(self.settings, dtype=np.float64).reshape(-1)
        if values.ndim != 4 or len(values) != len(settings) or not np.isfinite(settings).all():
            raise InputError(
                "E-STACK",
                f"a stack needs one finite {self.setting} for each volume, "
                f"found {len(settings)} for values of shape {values.shape}",
                where=self.name,
                fix=f"Give each volume's {self.setting} in {self.setting_unit}.",
            )
        _require_shape(values[0], self.geometry, self.name)
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "settings", settings)
        object.__setattr__(self, "findings", tuple(self.findings))

    def __str__(self) -> str:
        listed = ", ".join(f"{s:g}" for s in self.settings)
        settings = for_message(f"{self.setting} {listed} {self.setting_unit}", 400)
        return f"{counted(len(self.settings), 'volume')}, {settings}; {self.geometry}"


def _all_labels(values: set[int], named: dict[int, Label], name: str) -> dict[int, Label]:
    """Labels by value, those of the voxels that have no name under one made of the image's."""
    present = sorted(values - {0})
    if len(present) > MOST_LABELS:
        raise InputError(
            "E-LABEL-VALUE",
            f"holds {len(present)} different values, at most {MOST_LABELS} labels are told apart",
            where=name,
            fix="Give a label map, not an image.",
        )
    names = [name] if len(present) == 1 else [f"{name} {v}" for v in present]
    return {v: Label(text) for v, text in zip(present, names)} | {int(k): v for k, v in named.items()}


def whole_numbers(values: np.ndarray, name: str) -> np.ndarray:
    """Label values as integers, or an error when they are not whole numbers."""
    require_real(values, name)
    if values.dtype.kind in "iub":
        return values.astype(np.uint8) if values.dtype.kind == "b" else values
    rounded = np.rint(values)
    # Beyond these an integer would silently become another.
    off = ~(np.abs(rounded) <= LARGEST_LABEL)
    if off.any():
        raise InputError(
            "E-LABEL-VALUE",
            f"{counted(np.count_nonzero(off), 'voxel is', 'voxels are')} no label, the first is {values[off].flat[0]}",
            where=name,
            fix="Give a label map (0 for background); threshold a probability map first.",
        )
    off = ~(np.abs(values - rounded) <= 1e-3)
    if off.any():
        raise InputError(
            "E-LABEL-VALUE",
            f"{counted(np.count_nonzero(off), 'voxel is', 'voxels are')} not whole numbers, "
            f"the first is {values[off].flat[0]}",
            where=name,
            fix="Give a label map (0 for background); threshold a probability map first.",
        )
    return rounded.astype(np.int32)


def _require_shape(values: np.ndarray, geometry: Geometry, name: str) -> None:
    if values.ndim != 3:
        raise InputError(
            "E-DIM",
            f"an image has three axes (slices, rows, columns), found shape {values.shape}",
            where=name,
            fix="Give a single volume.",
        )
    Geometry(values.shape, geometry.affine).require_match(geometry, name, "its geometry")
