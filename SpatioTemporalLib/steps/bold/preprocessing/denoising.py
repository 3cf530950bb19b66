"""A run without nuisance, by one projection, and how much freedom that leaves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ....data.curve import Table
from ....data.series import Series
from ....data.volumes import LabelMap
from ....errors import Finding, InputError, Severity, counted
from ....numerics.bold.preprocessing.projection import projected, projection_of, variance_removed
from ..confounds import confound_columns
from ..run_data import repetition_time, run_matrix
from .motion_table import motion_parameters
from .nuisance import Nuisance, nuisance_of, tissue_courses
from .parameters import NuisanceParameters
from .series_of_matrix import with_voxels


@dataclass(frozen=True, eq=False)
class Denoised:
    """series : cleaned. confounds : one row a frame. summary : one row. degrees : that are left.

    matrix : (T, V) cleaned. removed : (V,) % of the variance that was taken out.
    """

    series: Series
    confounds: Table
    summary: Table
    degrees: int
    matrix: np.ndarray
    removed: np.ndarray
    findings: tuple[Finding, ...]


@dataclass(frozen=True, eq=False)
class NoiseSources:
    """Where nuisance comes from, beside the run itself; each may be None."""

    motion: Table | None = None
    confounds: Table | None = None
    white_matter: LabelMap | None = None
    fluid: LabelMap | None = None


def denoised(
    series: Series, inside: np.ndarray, sources: NoiseSources, parameters: NuisanceParameters, fd_threshold: float,
) -> Denoised:  # fmt: skip
    """All nuisance that parameters ask for taken out of the voxels of a mask at once; the others are zero.

    Raises
    ------
    InputError
        ``E-FREEDOM`` when fewer degrees of freedom are left than are asked for.
    """
    interval, frames = repetition_time(series), series.frame_count
    matrix = run_matrix(series, inside, 0.0)
    given, told = confound_columns(sources.confounds, (), frames)
    labels = {"white matter": sources.white_matter, "fluid": sources.fluid}
    courses = {n: tissue_courses(series.values, label, parameters.erosion) for n, label in labels.items()}
    nuisance = nuisance_of(
        matrix, interval, parameters,
        motion=None if sources.motion is None else motion_parameters(sources.motion, frames),
        fd_threshold=fd_threshold, tissues={n: c for n, c in courses.items() if c is not None},
        given={n: c for n, c in given.items() if n != "time"}, name=series.name,
    )  # fmt: skip
    projection = projection_of(nuisance.matrix)
    _require_freedom(projection.degrees, nuisance, frames, parameters, series.name)
    cleaned = projected(matrix, projection, parameters.keep_mean)
    removed = variance_removed(matrix, cleaned)
    name = "cleaned_without_global_signal" if parameters.global_signal else "cleaned"
    summary = Table(
        {
            "frames": [frames], "columns": [len(nuisance.columns) + 1], "rank": [projection.rank],
            "degrees of freedom": [projection.degrees], "censored": [int(nuisance.censored.sum())],
            "low edge": [parameters.low_edge], "high edge": [parameters.high_edge],
            "global signal removed": [int(parameters.global_signal)],
        },
        {"low edge": "Hz", "high edge": "Hz"}, "summary",
    )  # fmt: skip
    text = f"{projection.rank} of {frames} dimensions are taken out, {projection.degrees} degrees of freedom are left"
    findings = (*told, *nuisance.findings, Finding("I-FREEDOM", Severity.NOTE, text, series.name))
    table = nuisance.table(series.times)
    cleaned_series = with_voxels(series, cleaned, inside, name, "zero")
    return Denoised(cleaned_series, table, summary, projection.degrees, cleaned, removed, findings)


def _require_freedom(degrees: int, nuisance: Nuisance, frames: int, parameters: NuisanceParameters, name: str) -> None:
    if degrees >= parameters.fewest_degrees:
        return
    band = sum(column.endswith(" Hz") for column in nuisance.columns)
    spikes, others = int(nuisance.censored.sum()), len(nuisance.columns)
    raise InputError(
        "E-FREEDOM",
        f"{frames} frames less {band} columns of frequencies, {counted(spikes, 'censored frame')} and "
        f"{others - band - spikes} other columns leave {degrees} degrees of freedom, {parameters.fewest_degrees} were "
        "asked for",
        where=name,
        fix="Widen the band (high_edge = 0 leaves fast frequencies in), use fewer motion_terms or components, censor "
        "fewer frames, or give a longer run.",
    )
