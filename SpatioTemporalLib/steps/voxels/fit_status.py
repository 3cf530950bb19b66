"""Why a voxel has the value it has: one reason code per voxel."""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from ...data.geometry import Geometry
from ...data.volumes import Label, LabelMap
from ...errors import Finding, Severity, counted


class FitStatus(IntEnum):
    """Reason codes."""

    OUTSIDE = 0
    FITTED = 1
    VP_AT_LIMIT = 2
    VE_AT_LIMIT = 3
    NOT_IDENTIFIED = 4
    NO_UPTAKE = 5
    NOT_CONVERGED = 6
    SATURATED = 7
    NO_BASELINE = 8
    NONFINITE = 9
    DELAY_AT_LIMIT = 10


LABELS = {
    FitStatus.FITTED: Label("fitted", (0.20, 0.60, 0.30)),
    FitStatus.VP_AT_LIMIT: Label("vp, or the only volume, at its upper limit", (0.85, 0.75, 0.20)),
    FitStatus.VE_AT_LIMIT: Label("ve at its upper limit", (0.95, 0.60, 0.15)),
    FitStatus.NOT_IDENTIFIED: Label("rates or flow not identified by the data", (0.55, 0.45, 0.80)),
    FitStatus.NO_UPTAKE: Label("no uptake", (0.35, 0.55, 0.80)),
    FitStatus.NOT_CONVERGED: Label("fit did not converge", (0.80, 0.10, 0.10)),
    FitStatus.SATURATED: Label("signal above what any concentration gives", (0.90, 0.20, 0.50)),
    FitStatus.NO_BASELINE: Label("baseline signal not positive", (0.50, 0.50, 0.50)),
    FitStatus.NONFINITE: Label("signal or T1 not a finite number", (0.15, 0.15, 0.15)),
    FitStatus.DELAY_AT_LIMIT: Label("delay at the edge of the search", (0.30, 0.75, 0.80)),
}


WITHOUT_FIT = (FitStatus.OUTSIDE, FitStatus.SATURATED, FitStatus.NO_BASELINE, FitStatus.NONFINITE)


def is_fitted(codes: np.ndarray) -> np.ndarray:
    """Where reason codes stand for a fit, good or bad."""
    return ~np.isin(codes, WITHOUT_FIT)


def status_map(codes: np.ndarray, geometry: Geometry) -> LabelMap:
    """Reason codes as a label map whose labels say what they mean."""
    present = {int(code): LABELS[FitStatus(code)] for code in np.unique(codes) if code}
    return LabelMap(codes, geometry, present, "fit_status")


def status_counts(codes: np.ndarray) -> dict[str, int]:
    """How many voxels have each reason."""
    values, counts = np.unique(codes[codes > 0], return_counts=True)
    return {LABELS[FitStatus(value)].name: int(count) for value, count in zip(values, counts)}


def status_findings(codes: np.ndarray, name: str) -> tuple[Finding, ...]:
    """How many voxels of an image, by its name, were not fitted without remark, and why."""
    counts = status_counts(codes)
    fine = counts.pop(LABELS[FitStatus.FITTED].name, 0)
    listed = ", ".join(f"{count} {reason}" for reason, count in counts.items())
    text = f"{counted(fine, 'voxel')} fitted without remark; {listed}"
    return (Finding("W-FIT", Severity.MASK, text, name),) if counts else ()
