"""The artery of a series, found by the shape of its curves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from ...context import Context
from ...data.series import Series
from ...data.volumes import Code, Label, LabelMap
from ...declare import Advanced, Help, Range
from ...errors import InputError
from ...numerics.bolus.artery_detection import LARGEST_AREA_PART, arterial_curves
from ..conversion.enhancement_curves import above_background
from ..voxels.voxelwise import map_voxels

ARTERY = Label(
    "artery", (0.85, 0.1, 0.1), Code("123037004", "SCT", "Anatomical Structure"), Code("51114001", "SCT", "Artery")
)
# A rise that stands less far above the scatter of the baseline may be noise of a voxel without signal.
CLEAR_RISE = 8.0
FEWEST_BASELINE = 3  # frames that show their scatter
# The bolus of an artery is at its height within this time of its arrival, or so many frames where they are long.
PEAK_WITHIN, FRAMES_TO_PEAK = 60.0, 3  # s
BACKGROUND = 10.0  # %, of the brightest tissue before contrast
WITHOUT_LEVEL = ("mmol/L", "1/s", "HU")  # units of series that are zero, or anything, before contrast
CANDIDATES = (100, 50_000)  # fewest and most
Conversion = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class ArteryParameters:
    """How large an artery that is found may become."""

    most_artery_voxels: Annotated[
        int,
        Range(3, 1000),
        Help("At most so many voxels are taken for the artery when it is found automatically."),
        Advanced(),
    ] = 50


def find_artery(
    series: Series,
    conversion: Conversion,
    baseline: slice,
    parameters: ArteryParameters,
    context: Context,
    *,
    within: LabelMap | None = None,
) -> LabelMap:
    """The voxels whose curves look most like those of an artery.

    Parameters
    ----------
    conversion : callable(curves, index)
        Gives (T, n) concentrations and (n,) reasons why there are none, 0 where there are.
    baseline : slice
        Frames before arrival.
    within : LabelMap, optional
        Where to look; everywhere if not given.

    Raises
    ------
    InputError
        ``E-ARTERY`` when no curve looks like that of an artery.
    """

    area = _arterial_areas(series, conversion, baseline, within, context)
    rising = np.flatnonzero(area > 0)
    looked_at = np.count_nonzero(np.isfinite(area))
    count = int(np.clip(LARGEST_AREA_PART * looked_at, *CANDIDATES))
    candidates = np.sort(rising[np.argsort(area[rising])[-count:]])
    frames = series.values.reshape(series.frame_count, -1)
    concentration, _ = conversion(np.asarray(frames[:, candidates], dtype=float), candidates)
    found = arterial_curves(series.times, concentration, part=1.0, most=parameters.most_artery_voxels)
    if not found.any():
        raise InputError(
            "E-ARTERY",
            f"no artery was found: of {looked_at} voxels {rising.size} rise clearly, and none like an artery",
            where=series.name,
            fix="Draw the artery and give it as aif_mask, or use input_function = parker.",
        )
    labels = np.zeros(area.size, dtype=np.uint8)
    labels[candidates[found]] = 1
    return LabelMap(labels.reshape(series.geometry.shape), series.geometry, {1: ARTERY}, "artery")


def _arterial_areas(series: Series, conversion: Conversion, baseline: slice, within, context: Context) -> np.ndarray:
    """(n,) areas below the curves of all voxels; NaN where they are late, not clear, or of a voxel without signal."""
    interval = float(np.median(series.intervals))
    latest = series.times[baseline.stop - 1] + max(PEAK_WITHIN, FRAMES_TO_PEAK * interval)

    def measure(curves, index):
        concentration, reason = conversion(curves, index)
        early = series.times[concentration.argmax(axis=0)] <= latest
        area = np.where((reason == 0) & early, _area(series.times, concentration, baseline), np.nan)
        return {"area": area, "level": np.asarray(curves[baseline], float).mean(axis=0)}

    maps, _ = map_voxels(measure, series.values, mask=within, context=context, message="looking for an artery")
    if series.unit not in WITHOUT_LEVEL:
        # Voxels of air are noise around zero, of which some look like anything.
        maps["area"][~above_background(maps["level"], BACKGROUND)] = np.nan
    return maps["area"].reshape(-1)


def _area(times: np.ndarray, concentration: np.ndarray, baseline: slice) -> np.ndarray:
    """(n,) area below each curve, NaN where it does not rise clearly above the scatter of its baseline."""
    area = np.trapezoid(concentration, times, axis=0)
    before = concentration[baseline]
    if len(before) < FEWEST_BASELINE:
        return area
    return np.where(concentration.max(axis=0) > CLEAR_RISE * before.std(axis=0, ddof=1), area, np.nan)
