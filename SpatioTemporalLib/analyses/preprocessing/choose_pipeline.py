"""Which way to prepare a run suits a person, by what halves of it say of one another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ...data.curve import Curve, Table
from ...data.events import Events
from ...data.report import Report
from ...data.result import Display
from ...data.series import Series
from ...data.volumes import LabelMap, Map
from ...declare import Advanced, Choices, Help, Input, Output, Range, Unit, analysis
from ...errors import Finding, InputError, Severity
from ...numerics.bold.preprocessing.motion_series import EXPANSIONS
from ...pictures.choice_page import choice_report
from ...steps.bold.brain import looked_at
from ...steps.bold.event_findings import checked_events
from ...steps.bold.preprocessing.candidates import candidates_of, runs_of
from ...steps.bold.preprocessing.parameters import DummyParameters
from ...steps.bold.preprocessing.pipeline_choice import choice_table, chosen_of, require_apart, tested, tried
from ...steps.bold.run_data import as_volume, repetition_time


@dataclass(frozen=True)
class Parameters(DummyParameters):
    conditions: Annotated[
        tuple[str, ...], Help("The two conditions that are told apart, comma-separated; the first two when empty.")
    ] = ()
    motion_terms: Annotated[
        tuple[str, ...], Choices(*EXPANSIONS), Help("Terms of motion that are tried, comma-separated.")
    ] = ("none", "6", "24")  # fmt: skip
    smoothing: Annotated[
        tuple[float, ...], Unit("mm"), Range(0, 30), Help("Full widths that are tried, comma-separated.")
    ] = (0.0, 6.0)  # fmt: skip
    high_pass: Annotated[
        tuple[float, ...], Unit("Hz"), Range(0, 0.1), Help("Frequencies of drift that are tried, comma-separated.")
    ] = (0.01,)  # fmt: skip
    try_without_correction: Annotated[bool, Help("Whether motion left uncorrected is tried as well.")] = True
    components: Annotated[
        tuple[int, ...], Range(1, 200), Help("Numbers of principal components, comma-separated."), Advanced()
    ] = (2, 4, 8, 12, 16, 24)  # fmt: skip
    artefact_limit: Annotated[
        float, Range(0, 1), Help("Correlation of a map with edges or motion from which it is rejected."), Advanced()
    ] = 0.4  # fmt: skip


SIGNED = Display(colours="coolwarm", symbol="z")


@analysis(
    id="preprocessing.choose_pipeline",
    title="Choice of a preparation (NPAIRS)",
    citation="Strother et al., NeuroImage 15:747 (2002); Churchill et al., Hum Brain Mapp 33:609 (2012); Churchill et "
    "al., PLoS One 10:e0131520 (2015)",
    inputs=[
        Input("series", Series, min_frames=40, made_for=("bold",), help="The run on which the choice is made."),
        Input("events", Events, help="Its events."),
        Input("mask", LabelMap, optional=True, help="Brain; what is bright on the mean image when left out."),
        Input("held_out", Series, optional=True, help="Another run of the person, on which the choice is tested."),
        Input("held_out_events", Events, optional=True, help="Its events."),
    ],
    outputs=[
        Output("pipelines", Table, help="All that were tried: reproducibility, prediction, likeness to artefacts."),
        Output("report", Report, help="The choice in a picture and the whole table."),
        Output("reproducible", Map, unit="1", help="What both halves share; no test, it took part in the choice.",
               display=SIGNED),
        Output("held_out_z", Map, unit="1", optional=True, help="Second condition less the first in the held-out run.",
               display=SIGNED),
        Output("curves", Curve, unit="1", help="Reproducibility and prediction by number of components, as chosen."),
    ],
    parameters=Parameters,
)  # fmt: skip
def choose_pipeline(
    series, events, mask=None, held_out=None, held_out_events=None, *, parameters, context
):  # fmt: skip
    r"""Ways to prepare a run compared by whether two halves of it give the same map and predict one another.

    Notes
    -----
    .. math::
       R = r(m_1, m_2), \qquad P = \overline{p(\text{true label} \mid \text{other half})}, \qquad
       D = \sqrt{(1 - P)^2 + (1 - R)^2}

    m_1 and m_2 are maps of a linear discriminant on principal components of the
    first and the second half of the run; the way with the smallest D is chosen.
    Where motion goes with the task it comes again as well: ways whose map
    follows edges of the image or what motion explains are rejected. The choice
    looks at the contrast, so a test of it on the same run would be circular:
    test it on held_out, which is never looked at before. What differs between the
    conditions has to show in principal components: a few small foci do not.
    """
    conditions = _conditions(parameters.conditions, events)
    if held_out is not None:
        _require_usable(series, held_out, held_out_events)
    inside, findings = looked_at(series, mask)
    events, odd = checked_events(events, series)
    corrections = (True, False) if parameters.try_without_correction else (True,)
    candidates = candidates_of(corrections, parameters.motion_terms, parameters.smoothing, parameters.high_pass)
    candidates.sort(key=lambda each: (not each.corrected, each.smoothing))
    runs = runs_of(series, inside, repetition_time(series), context.part(0.0, 0.4))
    results = tried(candidates, runs, events, conditions, parameters.components, context.part(0.4, 0.8))
    chosen = chosen_of(results, parameters.artefact_limit, series.name)
    text = f"{len(candidates)} ways were compared; the run took part in the choice: test it on another one"
    findings = [*findings, *odd, Finding("W-CIRCULAR", Severity.WARN, text, series.name)]
    table = choice_table(results, chosen, parameters.artefact_limit)
    outputs = {"pipelines": table, "reproducible": as_volume(chosen.found.map, inside)}
    if held_out is not None:
        there, _ = looked_at(held_out, mask)
        other = runs_of(held_out, there, repetition_time(held_out), context.part(0.8, 0.98))
        events_there, _ = checked_events(held_out_events, held_out)
        outputs["held_out_z"] = as_volume(tested(other, chosen.candidate, events_there, conditions), there)
    own = [each for each in results if each.candidate == chosen.candidate]
    counts = [each.components for each in own]
    curves = [
        Curve(counts, [getattr(each.found, name) for each in own], "1", name, axis="principal components [1]")
        for name in ("reproducibility", "prediction")
    ]
    report = choice_report(results, chosen, table, parameters.artefact_limit, findings)
    return {**outputs, "curves": tuple(curves), "report": report, "findings": tuple(findings)}


def _conditions(chosen: tuple[str, ...], events: Events) -> tuple[str, str]:
    names = tuple(name.strip() for name in chosen) or events.names[:2]
    unknown = [name for name in names if name not in events.names]
    if len(set(names)) != 2 or unknown:
        raise InputError(
            "E-EVENTS", f"two conditions are told apart, found {', '.join(names)}", where=events.name,
            fix=f"Give two of {', '.join(events.names)} as conditions.",
        )  # fmt: skip
    return names[0], names[1]


def _require_usable(series: Series, held_out: Series, events: Events | None) -> None:
    require_apart(series, held_out)
    series.geometry.require_match(held_out.geometry, series.name, held_out.name)
    if events is None:
        raise InputError(
            "E-INPUT-MISSING", "has no events", where=held_out.name, fix="Give its events as held_out_events.",
        )  # fmt: skip
