"""A run as the analyses without a task take it: the voxels of the brain, without slow drift."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from ...context import Context
from ...data.series import Series
from ...data.volumes import LabelMap, Map
from ...declare import Advanced, FrameRole, Help, Input, Range, Unit
from ...errors import Finding, InputError, Severity
from ...numerics.bold.design import cosine_drift
from .brain import looked_at
from .run_data import as_volume, repetition_time, run_matrix

RUN = Input(
    "series", Series, min_frames=20, made_for=("bold",), help="One run, evenly sampled, best cleaned of motion."
)
BRAIN = Input("mask", LabelMap, optional=True, help="Brain; what is bright on the mean image when left out.")
FEW_FRAMES = 100


@dataclass(frozen=True)
class RunParameters:
    """What every analysis of a run does first."""

    high_pass: Annotated[
        float, Unit("Hz"), Range(0, 0.1), Help("Slower drift is taken out; 0 takes out the mean alone.")
    ] = 0.008
    smoothing: Annotated[float, Unit("mm"), Range(0, 30), Help("Full width of a Gaussian, within the mask.")] = 0.0
    skip: Annotated[
        int, Range(0, 100), Help("First frames that are left out, before magnetisation is steady."),
        FrameRole.SKIPPED_FIRST, Advanced(),
    ] = 0  # fmt: skip


@dataclass(frozen=True, eq=False)
class Run:
    """One run.

    values : (T, V) float32 without drift, of the voxels inside. level : (V,) mean signal. step : s between frames.
    """

    values: np.ndarray
    level: np.ndarray
    inside: np.ndarray
    step: float
    series: Series
    findings: tuple[Finding, ...]

    def map(self, values: np.ndarray, unit: str, name: str) -> Map:
        """Values of the voxels (V,) as a map."""
        return Map(as_volume(values, self.inside), self.series.geometry, unit, name)


def resting_run(series: Series, mask: LabelMap | None, parameters: RunParameters, context: Context) -> Run:
    """The run of a series.

    Raises
    ------
    InputError
        ``E-TIME-UNEVEN``, ``E-MASK-EMPTY``, ``E-NOT-FINITE``.
    """
    step = repetition_time(series)
    inside, findings = looked_at(series, mask)
    values = run_matrix(series, inside, parameters.smoothing, lambda done: context.progress(done, "smoothing"))
    level = values.mean(axis=0, dtype=np.float64)
    values -= level.astype(np.float32)
    drift = cosine_drift(series.times, parameters.high_pass).astype(np.float32)
    if drift.shape[1]:
        values -= drift @ (drift.T @ values)
    if series.frame_count < FEW_FRAMES:
        text = f"{series.frame_count} frames are few: what is measured of fluctuations is uncertain below {FEW_FRAMES}"
        findings = (*findings, Finding("W-FEW-FRAMES", Severity.WARN, text, series.name))
    return Run(values, level, inside, step, series, tuple(findings))


def region_signals(run: Run, regions: LabelMap) -> tuple[np.ndarray, list[str], list[int]]:
    """(T, R) mean signal of each region that has a voxel, the names of these regions, and their labels.

    Raises
    ------
    InputError
        ``E-REGIONS`` with fewer than two regions inside of the mask.
    """
    labels = regions.values[run.inside]
    names, kept, columns = [], [], []
    for value, label in sorted(regions.labels.items()):
        own = labels == value
        if own.any():
            columns.append(run.values[:, own].mean(axis=1, dtype=np.float64))
            names.append(label.name)
            kept.append(int(value))
    if len(columns) < 2:
        raise InputError(
            "E-REGIONS",
            f"{len(columns)} of {len(regions.labels)} regions hold voxels of the mask; two are needed",
            where=regions.name,
            fix="Choose regions on the grid of this series, inside of the brain.",
        )
    return np.stack(columns, axis=1), names, kept
