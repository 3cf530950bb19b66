"""Which voxels of a functional series are looked at."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from ...data.series import Series
from ...data.volumes import LabelMap
from ...errors import Finding, InputError, Severity, counted

OF_OTSU = 0.5


def looked_at(series: Series, mask: LabelMap | None) -> tuple[np.ndarray, tuple[Finding, ...]]:
    """(K, J, I) bool: a mask that is given, or what is bright on the mean image; voxels that never vary are left out.

    Raises
    ------
    InputError
        ``E-MASK-EMPTY`` when no voxel is left.
    """
    mean, varies = _mean_and_variation(series)
    chosen = mask.foreground if mask is not None else bright(mean)
    left = chosen & varies
    if not left.any():
        raise InputError(
            "E-MASK-EMPTY",
            f"of {counted(int(chosen.sum()), 'voxel')} in the mask none varies over time",
            where=series.name,
            fix="Choose another mask, or check the series.",
        )
    findings = []
    if mask is None:
        text = f"no mask was given: the {counted(int(left.sum()), 'voxel')} that are bright on the mean image were used"
        findings.append(Finding("I-MASK", Severity.NOTE, text, series.name))
    constant = int((chosen & ~varies).sum())
    if constant:
        text = f"{counted(constant, 'voxel')} of the mask never vary over time, left out"
        findings.append(Finding("W-CONSTANT", Severity.MASK, text, series.name))
    return left, tuple(findings)


def bright(mean: np.ndarray) -> np.ndarray:
    """(K, J, I) bool: above half of Otsu's threshold (IEEE Trans Syst Man Cybern 9:62, 1979), holes filled."""
    import SimpleITK as sitk

    found = np.empty(0)
    finite = np.nan_to_num(mean).astype(np.float32)
    if np.ptp(finite) > 0:
        filter = sitk.OtsuThresholdImageFilter()
        filter.Execute(sitk.GetImageFromArray(finite))
        found = finite > OF_OTSU * filter.GetThreshold()
    if not found.any():
        return np.ones(mean.shape, dtype=bool)
    return np.stack([ndimage.binary_fill_holes(plane) for plane in found])


def _mean_and_variation(series: Series) -> tuple[np.ndarray, np.ndarray]:
    total = np.zeros(series.geometry.shape)
    low, high = np.full(total.shape, np.inf), np.full(total.shape, -np.inf)
    for frame in series.values:
        frame = np.asarray(frame, dtype=np.float64)
        total += frame
        np.fmin(low, frame, out=low)
        np.fmax(high, frame, out=high)
    finite = np.isfinite(total)
    return np.where(finite, total / series.frame_count, 0.0), finite & (high > low)
