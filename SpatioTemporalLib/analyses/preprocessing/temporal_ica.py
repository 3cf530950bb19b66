"""Noise that all of the brain shares, told by independent courses of a very long run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from ...data.curve import Table
from ...data.result import Display
from ...data.series import Series
from ...data.volumes import LabelMap, Map
from ...declare import Advanced, Help, Input, Output, Range, Unit, analysis
from ...errors import Finding, InputError, Severity
from ...numerics.bold.preprocessing.independent_components import temporal_components
from ...numerics.bold.preprocessing.projection import variance_removed
from ...steps.bold.brain import looked_at
from ...steps.bold.confounds import confound_columns
from ...steps.bold.preprocessing.parameters import DummyParameters
from ...steps.bold.preprocessing.series_of_matrix import with_voxels
from ...steps.bold.preprocessing.temporal_noise import judged, without_noise
from ...steps.bold.run_data import as_volume, repetition_time, run_matrix

FEWEST_FRAMES, FRAMES_A_COMPONENT = 1000, 20


@dataclass(frozen=True)
class Parameters(DummyParameters):
    components: Annotated[int, Range(2, 200), Help("Independent courses that are looked for.")] = 30
    limit: Annotated[
        float, Range(0.05, 1), Help("Correlation with a confound from which a component is noise.")
    ] = 0.5  # fmt: skip
    above: Annotated[
        float, Unit("Hz"), Range(0, 5), Help("A component with most of its power above is noise; 0 for none."),
        Advanced(),
    ] = 0.0  # fmt: skip


@analysis(
    id="preprocessing.temporal_ica",
    title="Temporal independent components",
    citation="Glasser et al., NeuroImage 181:692 (2018); Hyvärinen, IEEE Trans Neural Netw 10:626 (1999)",
    inputs=[
        Input("series", Series, min_frames=10, made_for=("bold",), help="A run of 1000 frames and more, cleaned."),
        Input("confounds", Table, help="What noise is told by, one row a frame: motion, breathing, DVARS."),
        Input("mask", LabelMap, optional=True, help="Brain; what is bright on the mean image when left out."),
    ],
    outputs=[
        Output("cleaned", Series, unit="{series.unit}", help="The run without noise; zero outside of the mask."),
        Output("components", Table, help="How much each component explains, and why it counts as noise."),
        Output("courses", Table, help="Course of each component, one row a frame."),
        Output(
            "removed", Map, unit="%", help="Part of the variance that was taken out.",
            display=Display((0.0, 100.0), "inferno", symbol="removed"),
        ),
    ],
    parameters=Parameters,
)  # fmt: skip
def temporal_ica(series, confounds, mask=None, *, parameters, context):
    r"""Components that are independent over time, of which those that go with confounds are taken out.

    Notes
    -----
    .. math:: X \approx A S, \qquad \hat X = X - A_{noise} S_{noise}

    The columns of A, courses over time, are independent; S are their maps.
    Noise that all of the brain shares, as of breathing, is a component of its
    own then, and can go without the global signal of nerve cells that
    regression on the mean takes out as well. That needs thousands of frames:
    fewer than 1000 are refused, and so are fewer than 20 for each component.
    """
    _require_long(series, parameters.components)
    inside, findings = looked_at(series, mask)
    columns, told = confound_columns(confounds, (), series.frame_count)
    columns.pop("time", None)
    matrix = run_matrix(series, inside, 0.0)
    mean = matrix.mean(axis=0, dtype=np.float64).astype(np.float32)
    context.progress(0.2, "looking for independent courses")
    found = temporal_components(matrix - mean, parameters.components, context.rng)
    verdict = judged(found, columns, repetition_time(series), parameters.limit, parameters.above)
    cleaned = without_noise(matrix - mean, found, verdict.noise)
    removed = variance_removed(matrix, cleaned)
    text = f"{int(verdict.noise.sum())} of {len(verdict.noise)} components are noise and taken out"
    findings = [*findings, *told, Finding("I-COMPONENTS", Severity.NOTE, text, series.name)]
    if not found.rested:
        text = "the search for independent courses did not come to rest: ask for fewer components"
        findings.append(Finding("W-ICA-REST", Severity.WARN, text, series.name))
    courses = {f"component {n + 1}": course.tolist() for n, course in enumerate(found.courses.T)}
    return {
        "cleaned": with_voxels(series, cleaned + mean, inside, "cleaned", "zero"),
        "components": verdict.table(found),
        "courses": Table({"time": series.times.tolist()} | courses, {"time": "s"}, "courses"),
        "removed": as_volume(removed, inside),
        "findings": tuple(findings),
    }


def _require_long(series: Series, components: int) -> None:
    frames = series.frame_count
    if frames >= max(FEWEST_FRAMES, FRAMES_A_COMPONENT * components):
        return
    raise InputError(
        "E-FRAMES",
        f"{frames} frames do not tell {components} independent courses: {FEWEST_FRAMES} and {FRAMES_A_COMPONENT} for "
        "each component are needed",
        where=series.name,
        fix="Give a longer run or fewer components; short runs are cleaned by preprocessing.denoise.",
    )
