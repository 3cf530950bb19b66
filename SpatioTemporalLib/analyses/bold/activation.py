"""Task activation of one run by a linear model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from ...data.curve import Table
from ...data.events import Events
from ...data.report import Report
from ...data.result import Display
from ...data.series import Series
from ...data.volumes import LabelMap, Map
from ...declare import Advanced, Choices, FrameRole, Help, Input, Output, Range, Unit, analysis
from ...errors import Finding, InputError, Severity
from ...numerics.bold.clusters import clusters_above, largest_by_chance
from ...numerics.bold.design import BASES, HIGH_PASS_HZ, Design, dependent_columns, design_matrix
from ...numerics.bold.linear_model import (
    NOISES,
    LinearFit,
    degrees_of_freedom,
    f_contrast,
    fit_linear_model,
    t_contrast,
)
from ...numerics.bold.responses import RESPONSES
from ...pictures.activation_page import ActivationPage, activation_report
from ...steps.bold.active_clusters import METHODS, Active, active_clusters, threshold_of
from ...steps.bold.brain import looked_at
from ...steps.bold.confounds import confound_columns
from ...steps.bold.contrasts import Contrast, contrast_of
from ...steps.bold.event_findings import checked_events
from ...steps.bold.run_data import as_volume, repetition_time, run_matrix

FEW_DEGREES = 20


@dataclass(frozen=True)
class ActivationParameters:
    contrasts: Annotated[
        tuple[str, ...],
        Help("What is compared, comma-separated, as face - house; several divided by ; are tested together (F). Each "
             "condition against rest when empty."),
    ] = ()  # fmt: skip
    smoothing: Annotated[float, Unit("mm"), Range(0, 30), Help("Full width of a Gaussian, within the mask.")] = 0.0
    threshold: Annotated[str, Choices(*METHODS), Help("How voxels are called active among so many.")] = METHODS[0]
    level: Annotated[float, Range(1e-6, 0.5), Help("Share of false discoveries, or p, that is allowed.")] = 0.05
    response: Annotated[str, Choices(*RESPONSES), Help("Form of the haemodynamic response.")] = "glover"
    basis: Annotated[
        str, Choices(*BASES), Help("What each condition is modelled with; derivatives allow another delay and width.")
    ] = BASES[0]
    high_pass: Annotated[float, Unit("Hz"), Range(0, 0.1), Help("Slower drift is taken out.")] = HIGH_PASS_HZ
    skip: Annotated[
        int, Range(0, 100), Help("First frames that are left out, before magnetisation is steady."),
        FrameRole.SKIPPED_FIRST,
    ] = 0  # fmt: skip
    acquired: Annotated[
        float, Unit("s"), Range(0, 20),
        Help("When within each frame its slices count; half a repetition time after slice timing to the middle."),
        Advanced(),
    ] = 0.0  # fmt: skip
    confound_columns: Annotated[
        tuple[str, ...], Help("Columns of the confounds that are used, comma-separated; all when empty.")
    ] = ()
    noise: Annotated[str, Choices(*NOISES), Help("Whether noise remembers the frame before."), Advanced()] = NOISES[0]
    fewest_voxels: Annotated[int, Range(1, 100000), Help("Of a cluster that is told."), Advanced()] = 5
    forming_p: Annotated[
        float, Range(1e-6, 0.01), Help("Uncorrected p by which clusters are formed for permutation."), Advanced()
    ] = 0.001
    permutations: Annotated[int, Range(20, 20000), Help("Of frames, for cluster sizes by chance."), Advanced()] = 500
    two_sided: Annotated[bool, Help("Whether less signal is looked for as well as more."), Advanced()] = True
    impulses: Annotated[int, Range(1, 100), Help("Frames after onset of finite impulses."), Advanced()] = 10


def _several(name: str, kind: type, help: str, **more) -> Output:
    return Output(name, kind, help=f"{help} One for each contrast.", several=True, **more)


SIGNED = {"colours": "coolwarm"}


@analysis(
    id="bold.activation",
    title="Task activation (linear model)",
    citation="Friston et al., Hum Brain Mapp 2:189 (1995); Worsley et al., NeuroImage 15:1 (2002); Benjamini and "
    "Hochberg, J R Stat Soc B 57:289 (1995); Winkler et al., NeuroImage 92:381 (2014)",
    inputs=[
        Input("series", Series, min_frames=10, made_for=("bold",), help="One run, evenly sampled."),
        Input("events", Events, help="Onset and duration in s from the first frame, and trial_type, as BIDS has them."),
        Input("mask", LabelMap, optional=True, help="Brain; what is bright on the mean image when left out."),
        Input("confounds", Table, optional=True, help="Nuisance columns, one row a frame, such as motion."),
    ],
    outputs=[
        _several(
            "active", Map, "z where voxels are active.", unit="1", optional=True,
            display=Display(symbol="active", **SIGNED),
        ),
        _several("z", Map, "Normal deviate of the contrast.", unit="1", display=Display(symbol="z", **SIGNED)),
        _several("clusters", LabelMap, "Active voxels, a segment each cluster, the largest first."),
        _several("statistic", Map, "t or F.", unit="1", display=Display(symbol="t", **SIGNED)),
        _several("effect", Map, "Size of the contrast.", unit="%", display=Display(symbol="effect", **SIGNED)),
        _several(
            "effect_variance", Map, "Variance of the effect, for fixed effects over runs.", unit="%^2",
            display=Display(symbol="variance"),
        ),
        Output("cluster_table", Table, help="Size, peak and its place of each cluster of each contrast."),
        Output("design", Table, help="The design matrix, one row a frame."),
        Output("autocorrelation", Map, unit="1", help="Of the noise, frame to frame.", display=Display(symbol="rho")),
        Output("report", Report, help="Design, contrasts and clusters on one page, with pictures."),
    ],
    parameters=ActivationParameters,
)  # fmt: skip
def activation(series, events, mask=None, confounds=None, *, parameters, context):
    r"""Voxels that follow a task: contrasts of conditions, tested against noise that remembers the frame before.

    Notes
    -----
    .. math::
       y = X \beta + e, \qquad e_t = \rho \, e_{t-1} + w_t, \qquad
       t = \frac{c \hat\beta}{\sqrt{\hat\sigma^2 \, c \, (X' W X)^{-1} c'}}

    Columns of X are the events of each condition convolved with a response, the
    confounds, cosines slower than the high-pass frequency, and a constant. The
    autocorrelation is each voxel's own, in hundredths. Derivatives are orthogonal
    to the response of their condition, which alone contrasts are about; of finite
    impulses their mean is.
    """
    inside, findings = looked_at(series, mask)
    events, odd = checked_events(events, series)
    repetition_time(series)
    times = series.times + parameters.acquired
    columns, told = confound_columns(confounds, parameters.confound_columns, series.frame_count)
    design = design_matrix(
        times, events, response=parameters.response, basis=parameters.basis, high_pass=parameters.high_pass,
        impulses=parameters.impulses, nuisance=columns,
    )  # fmt: skip
    degrees = degrees_of_freedom(design.matrix)
    contrasts = _contrasts(parameters.contrasts or events.names, design, events)
    findings = [*findings, *odd, *told, *_design_findings(design, degrees, series)]
    data = run_matrix(series, inside, parameters.smoothing, lambda done: context.progress(0.3 * done, "smoothing"))
    context.progress(0.3, "fitting")
    fit = fit_linear_model(data, design.matrix, parameters.noise)
    level = data.mean(axis=0, dtype=np.float64)
    scale = np.divide(100.0, level, out=np.full(level.shape, np.nan), where=level > 0)
    outputs = {name: {} for name in ("active", "z", "clusters", "statistic", "effect", "effect_variance")}
    found: dict[str, Active] = {}
    for n, contrast in enumerate(contrasts):
        part = context.part(0.4 + 0.6 * n / len(contrasts), 0.4 + 0.6 * (n + 1) / len(contrasts))
        part.progress(0.0, contrast.text)
        effect = t_contrast(fit, contrast.rows[0]) if contrast.statistic == "t" else f_contrast(fit, contrast.rows)
        active = _active(effect.z, contrast, (data, design, fit), (inside, series.geometry), parameters, part)
        maps = {"z": effect.z, "statistic": effect.statistic, "effect": effect.size * scale}
        maps["effect_variance"] = effect.variance * scale**2
        for name, values in maps.items():
            unit = {"effect": "%", "effect_variance": "%^2"}.get(name, "1")
            outputs[name][contrast.name] = Map(as_volume(values, inside), series.geometry, unit, name)
        outputs["clusters"][contrast.name] = active.labels
        if active.labels.foreground.any():
            shown = np.where(active.labels.foreground, outputs["z"][contrast.name].values, np.float32(np.nan))
            outputs["active"][contrast.name] = Map(shown, series.geometry, "1", "active")
        found[contrast.text] = active
    table = _all_clusters(found)
    page = ActivationPage(design, contrasts, found, table, outputs["z"], series, fit.degrees, tuple(findings))
    return {
        **{name: values for name, values in outputs.items() if values},
        "cluster_table": table,
        "design": Table(
            {"time": times.tolist()} | {n: c.tolist() for n, c in zip(design.names, design.matrix.T)},
            {"time": "s"},
            "design",
        ),
        "autocorrelation": Map(as_volume(fit.autocorrelation, inside), series.geometry, "1", "autocorrelation"),
        "report": activation_report(page),
        "findings": tuple(findings),
    }


def _contrasts(texts, design: Design, events: Events) -> list[Contrast]:
    contrasts = [contrast_of(text, design, events.names) for text in texts]
    names = [contrast.name for contrast in contrasts]
    if len(set(names)) < len(names):
        raise InputError("E-CONTRAST", f"two contrasts are called {sorted(names)[0]}", fix="Leave one of them out.")
    return contrasts


def _design_findings(design: Design, degrees: int, series: Series) -> list[Finding]:
    found = []
    dependent = dependent_columns(design)
    if dependent:
        text = f"columns follow from one another, so that they cannot be told apart: {', '.join(dependent)}"
        found.append(Finding("W-RANK", Severity.WARN, text, series.name))
    if degrees < FEW_DEGREES:
        text = (
            f"{degrees} degrees of freedom are left of {len(design.times)} frames and {design.matrix.shape[1]} columns"
        )
        found.append(Finding("W-FREEDOM", Severity.WARN, text, series.name))
    return found


def _active(z: np.ndarray, contrast: Contrast, fitted: tuple, where: tuple, parameters, context) -> Active:
    (data, design, fit), (inside, geometry) = fitted, where
    two_sided = parameters.two_sided and contrast.statistic == "t"
    threshold = threshold_of(z, parameters.threshold, parameters.level, parameters.forming_p, two_sided)
    volume = as_volume(z, inside)
    chance = None
    if parameters.threshold == METHODS[3]:
        chance = _chance(data, design, contrast, fit, (inside, threshold, two_sided), parameters, context)
    return active_clusters(
        volume, geometry, threshold, name=contrast.text, fewest=parameters.fewest_voxels, two_sided=two_sided,
        chance=chance, level=parameters.level,
    )  # fmt: skip


def _chance(data, design: Design, contrast: Contrast, fit: LinearFit, how: tuple, parameters, context) -> np.ndarray:
    inside, threshold, two_sided = how
    if contrast.statistic == "F":
        raise InputError(
            "E-CONTRAST", f"{contrast.text} is an F contrast, of which frames cannot be permuted here",
            fix="Choose another way to threshold, or test its parts one by one.",
        )  # fmt: skip

    def largest(t: np.ndarray) -> int:
        _, clusters = clusters_above(as_volume(t, inside), threshold, 1, two_sided)
        return clusters[0].voxels if clusters else 0

    return largest_by_chance(
        data, design.matrix, contrast.rows[0], fit, largest, count=parameters.permutations, rng=context.rng,
        report=lambda done: context.progress(done, f"permuting for {contrast.text}"),
    )  # fmt: skip


def _all_clusters(found: dict[str, Active]) -> Table:
    first = next(iter(found.values())).table
    columns: dict[str, list] = {"contrast": [], **{name: [] for name in first.columns}, "threshold z": []}
    for text, active in found.items():
        count = active.table.row_count
        columns["contrast"] += [text] * count
        columns["threshold z"] += [active.threshold] * count
        for name, cells in active.table.columns.items():
            columns[name] += cells
    return Table(columns, first.units, "clusters")
