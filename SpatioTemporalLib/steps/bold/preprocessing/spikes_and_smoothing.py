"""Runs with spikes pulled in, and smoothed ones."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ....data.curve import Table
from ....data.series import Series
from ....errors import Finding, ParameterError, Severity
from ....numerics.bold.preprocessing.despiking import despiked
from ..run_data import repetition_time, run_matrix
from .parameters import SpikeParameters
from .series_of_matrix import with_voxels

MANY_PERCENT = 5.0


def without_spikes(
    series: Series, inside: np.ndarray, parameters: SpikeParameters
) -> tuple[Series, np.ndarray, Table, tuple[Finding, ...]]:
    """The series, (V,) % of frames changed in each voxel, a table of voxels changed in each frame, and findings."""
    if parameters.spike_most <= parameters.spike_begins:
        raise ParameterError(
            "E-PARAMETER",
            f"spike_most = {parameters.spike_most:g} is not above spike_begins = {parameters.spike_begins:g}",
            fix="Give a larger spike_most.",
        )
    interval = repetition_time(series)
    window = 2 * max(1, int(round(parameters.spike_window / interval / 2))) + 1
    matrix, spikes = despiked(run_matrix(series, inside, 0.0), window, parameters.spike_begins, parameters.spike_most)
    part = 100.0 * spikes.mean(axis=1)
    table = Table(
        {"time": series.times.tolist(), "voxels changed": part.tolist()}, {"time": "s", "voxels changed": "%"}, "spikes"
    )
    text = f"{100 * spikes.mean():.2f} % of all values changed; running median over {window} frames"
    findings = [Finding("I-SPIKES", Severity.NOTE, text, series.name)]
    if 100 * spikes.mean() > MANY_PERCENT:
        text = f"{100 * spikes.mean():.1f} % of all values count as spikes: raise spike_begins, or look at the run"
        findings.append(Finding("W-SPIKES", Severity.WARN, text, series.name))
    changed = with_voxels(series, matrix, inside, "despiked")
    return changed, 100.0 * spikes.mean(axis=0), table, tuple(findings)


def smoothed(
    series: Series, inside: np.ndarray, fwhm: float, report: Callable[[float], None] = lambda fraction: None
) -> Series:
    """The series smoothed within a mask by `fwhm` mm; zero outside of it."""
    return with_voxels(series, run_matrix(series, inside, fwhm, report), inside, "smoothed", "zero")
