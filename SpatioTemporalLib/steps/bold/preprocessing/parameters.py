"""Parameters of the steps: each analysis has its own, the whole preparation has all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ....declare import Advanced, Choices, FrameRole, Help, Range, Unit
from ....numerics.bold.preprocessing.motion_series import EXPANSIONS, REFERENCES
from ....numerics.bold.preprocessing.nuisance_columns import DRIFTS
from ....numerics.bold.preprocessing.slice_shift import METHODS


@dataclass(frozen=True)
class DummyParameters:
    skip: Annotated[
        int, Range(0, 100), Help("First frames that are left out, before magnetisation is steady."),
        FrameRole.SKIPPED_FIRST,
    ] = 0  # fmt: skip


@dataclass(frozen=True)
class SliceTimingParameters:
    slice_times: Annotated[
        tuple[float, ...], Unit("s"), Range(0, 600),
        Help("When within a frame each slice was acquired, the first slice first, where the series does not say."),
    ] = ()  # fmt: skip
    slice_reference: Annotated[
        float | None, Unit("s"), Range(0, 60),
        Help("When within a frame all slices shall count; the middle of the frame when empty."),
        Advanced(),
    ] = None  # fmt: skip
    slice_method: Annotated[
        str, Choices(*METHODS), Help("Phase of each frequency, or cubic spline."), Advanced()
    ] = METHODS[0]  # fmt: skip


@dataclass(frozen=True)
class MotionParameters:
    motion_reference: Annotated[
        str, Choices(*REFERENCES), Help("What volumes are brought to: their mean, in two passes, or the middle one."),
        Advanced(),
    ] = REFERENCES[0]  # fmt: skip
    fd_threshold: Annotated[
        float, Unit("mm"), Range(0, 10), Help("Framewise displacement from which a frame counts as moved; 0 for none.")
    ] = 0.5  # fmt: skip


@dataclass(frozen=True)
class NuisanceParameters:
    low_edge: Annotated[
        float, Unit("Hz"), Range(0, 1), Help("Slower frequencies are taken out; 0 takes out none.")
    ] = 0.01  # fmt: skip
    high_edge: Annotated[
        float, Unit("Hz"), Range(0, 5), Help("Faster frequencies are taken out; 0 takes out none.")
    ] = 0.1  # fmt: skip
    drift: Annotated[
        str, Choices(*DRIFTS), Help("Slow drift: Legendre polynomials, one degree more each 150 s, or cosines slower "
                                    "than the band."),
        Advanced(),
    ] = "polynomials"  # fmt: skip
    motion_terms: Annotated[
        str, Choices(*EXPANSIONS), Help("Six parameters of motion, with their changes (12), and squares of both (24).")
    ] = "24"  # fmt: skip
    components: Annotated[
        int, Range(0, 50), Help("Principal courses of white matter, of fluid, and of the noisiest voxels, each.")
    ] = 5  # fmt: skip
    noisy_voxels: Annotated[
        float, Unit("%"), Range(0, 20), Help("Of the voxels, the noisiest, whose courses are taken out; 0 for none."),
        Advanced(),
    ] = 0.0  # fmt: skip
    dvars_threshold: Annotated[
        float, Unit("%"), Range(0, 100), Help("Change from frame to frame from which a frame is censored; 0 for none."),
        Advanced(),
    ] = 0.0  # fmt: skip
    global_signal: Annotated[
        bool, Help("Whether the mean over the mask is taken out too; it makes correlations negative that are not.")
    ] = False  # fmt: skip
    fewest_degrees: Annotated[
        int, Range(1, 10000), Help("Degrees of freedom that have to be left."), Advanced()
    ] = 20  # fmt: skip
    erosion: Annotated[
        int, Range(0, 5), Help("Layers of voxels that white matter and fluid are made smaller by."), Advanced()
    ] = 1  # fmt: skip
    keep_mean: Annotated[bool, Help("Whether each voxel keeps its mean."), Advanced()] = True


@dataclass(frozen=True)
class SpikeParameters:
    spike_window: Annotated[
        float, Unit("s"), Range(1, 300), Help("Of the running median that a frame is compared with."), Advanced()
    ] = 18.0  # fmt: skip
    spike_begins: Annotated[
        float, Range(1, 20), Help("Robust standard deviations from which a frame counts as a spike.")
    ] = 3.0  # fmt: skip
    spike_most: Annotated[
        float, Range(1.1, 40), Help("What no spike is more than afterwards, likewise."), Advanced()
    ] = 4.5  # fmt: skip


@dataclass(frozen=True)
class SmoothingParameters:
    smoothing: Annotated[float, Unit("mm"), Range(0, 30), Help("Full width of a Gaussian, within the mask.")] = 6.0
