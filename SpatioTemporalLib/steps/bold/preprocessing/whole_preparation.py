"""All steps of preparing a functional run, in their order."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ....context import Context
from ....data.curve import Table
from ....data.series import Series
from ....data.volumes import LabelMap
from ....errors import Finding, Severity
from ..brain import looked_at
from ..run_data import repetition_time, run_matrix
from .denoising import Denoised, NoiseSources, denoised
from .motion_table import motion_parameters
from .nuisance import Nuisance, nuisance_of, tissue_courses
from .quality import temporal_snr
from .realignment import Realigned, realigned
from .slice_correction import slices_corrected
from .spikes_and_smoothing import smoothed, without_spikes

PURPOSES = ("connectivity", "task")
SLICE_TIMING = ("where known", "always", "never")


@dataclass(frozen=True, eq=False)
class Prepared:
    """A prepared run and what is to be known of it.

    series : as it leaves the last step. moved : after realignment. inside : (K, J, I) bool. confounds : one row a
    frame. summary : one row. snr_before, snr_after : (V,). before, after : (T, V) matrices, for pictures. censored :
    (T,) bool. steps : a sentence each.
    """

    series: Series
    moved: Realigned
    inside: np.ndarray
    confounds: Table
    summary: Table
    snr_before: np.ndarray
    snr_after: np.ndarray
    before: np.ndarray
    after: np.ndarray
    censored: np.ndarray
    steps: tuple[str, ...]
    findings: tuple[Finding, ...]


def prepared(series: Series, mask: LabelMap | None, sources: NoiseSources, parameters, context: Context) -> Prepared:
    """Spikes, slice timing, motion, nuisance and smoothing, as parameters ask for; of tasks nuisance is only listed."""
    raw, steps, findings = series, [], []
    if parameters.despike:
        inside, _ = looked_at(series, mask)
        series, part, _, told = without_spikes(series, inside, parameters)
        steps.append(f"Spikes: {part.mean():.2f} % of all values pulled in.")
        findings += told
    series, said = _slice_timed(series, parameters, findings, context.part(0.0, 0.1))
    steps.append(said)
    moved = realigned(series, looked_at(series, mask)[0], parameters, context.part(0.1, 0.8))
    inside, told = looked_at(moved.series, mask)
    findings += [*told, *moved.findings]
    displacement = moved.table.columns["framewise_displacement"]
    steps.append(f"Motion: brought to the {parameters.motion_reference} volume; largest displacement between frames "
                 f"{max(displacement):.2f} mm, mean {np.mean(displacement):.2f} mm.")  # fmt: skip
    sources = replace(sources, motion=moved.table)
    context.progress(0.8, "nuisance")
    found = _without_nuisance(moved.series, inside, sources, parameters, steps)
    findings += found.findings
    result = found.series
    if parameters.smoothing > 0:
        part = context.part(0.85, 0.98)
        result = smoothed(result, inside, parameters.smoothing, lambda done: part.progress(done, "smoothing"))
        steps.append(f"Smoothing: {parameters.smoothing:g} mm within the mask.")
    before, after = run_matrix(raw, inside, 0.0), run_matrix(result, inside, 0.0)
    mean = run_matrix(moved.series, inside, 0.0).mean(axis=0, dtype=np.float64)
    degrees = found.degrees if parameters.purpose == PURPOSES[0] else None
    snr = temporal_snr(before), temporal_snr(after, degrees, mean)
    summary = _summary(found.summary, moved.table, snr)
    return Prepared(
        replace(result, name="preprocessed", findings=()), moved, inside, found.confounds, summary, *snr, before, after,
        found.censored, tuple(steps), tuple(findings),
    )  # fmt: skip


def _slice_timed(series: Series, parameters, findings: list, context: Context) -> tuple[Series, str]:
    if parameters.slice_timing == SLICE_TIMING[2]:
        return series, "Slice timing: not done."
    known = parameters.slice_times or series.acquisition.slice_times
    if not known and parameters.slice_timing == SLICE_TIMING[0]:
        text = "nothing says when the slices were acquired: slice timing was left out"
        findings.append(Finding("W-SLICE-TIMES-UNKNOWN", Severity.WARN, text, series.name))
        return series, "Slice timing: left out, since nothing says when the slices were acquired."
    found, at, told = slices_corrected(series, parameters, lambda done: context.progress(done, "slice timing"))
    findings.extend(told)
    return found, f"Slice timing: all slices count at {at:.4g} s of each frame."


@dataclass(frozen=True, eq=False)
class _Nuisance:
    """What nuisance leaves, or what is listed of it."""

    series: Series
    confounds: Table
    summary: Table
    degrees: int
    censored: np.ndarray
    findings: tuple[Finding, ...]


def _without_nuisance(series: Series, inside, sources: NoiseSources, parameters, steps: list) -> _Nuisance:
    threshold = parameters.fd_threshold
    if parameters.purpose == PURPOSES[0]:
        found: Denoised = denoised(series, inside, sources, parameters, threshold)
        censored = np.array(found.confounds.columns["censored"], bool)
        steps.append(
            f"Nuisance: {found.summary.columns['rank'][0]} of {series.frame_count} dimensions taken out at once, "
            f"{found.degrees} degrees of freedom left, {int(censored.sum())} frames censored."
        )
        return _Nuisance(found.series, _bare(found.confounds), found.summary, found.degrees, censored, found.findings)
    # Of a task, drift and band are the linear model's: its events would be filtered apart from the data otherwise.
    listed = replace(parameters, low_edge=0.0, high_edge=0.0, drift="none")
    nuisance = _listed(series, inside, sources, listed)
    steps.append(
        f"Nuisance: {len(nuisance.columns)} columns listed for the linear model (confounds), none taken out, "
        f"{int(nuisance.censored.sum())} frames censored."
    )
    counts = {"frames": series.frame_count, "columns": len(nuisance.columns), "censored": int(nuisance.censored.sum())}
    summary = Table({name: [count] for name, count in counts.items()}, name="summary")
    table = _bare(nuisance.table(series.times))
    return _Nuisance(series, table, summary, series.frame_count - 1, nuisance.censored, nuisance.findings)


def _listed(series: Series, inside: np.ndarray, sources: NoiseSources, parameters) -> Nuisance:
    labels = {"white matter": sources.white_matter, "fluid": sources.fluid}
    courses = {n: tissue_courses(series.values, label, parameters.erosion) for n, label in labels.items()}
    return nuisance_of(
        run_matrix(series, inside, 0.0), repetition_time(series), parameters,
        motion=motion_parameters(sources.motion, series.frame_count), fd_threshold=parameters.fd_threshold,
        tissues={n: c for n, c in courses.items() if c is not None}, given={}, name=series.name,
    )  # fmt: skip


def _bare(table: Table) -> Table:
    """Only what a linear model can use: the columns themselves."""
    return Table({n: c for n, c in table.columns.items() if n not in ("time", "censored")}, {}, "confounds")


def _summary(table: Table, motion: Table, snr: tuple[np.ndarray, np.ndarray]) -> Table:
    displacement = np.array(motion.columns["framewise_displacement"])
    columns = table.columns | {
        "mean displacement": [float(displacement.mean())],
        "largest displacement": [float(displacement.max())],
        "tSNR before": [float(np.median(snr[0]))],
        "tSNR after": [float(np.median(snr[1]))],
    }
    return Table(columns, table.units | {"mean displacement": "mm", "largest displacement": "mm"}, "summary")
