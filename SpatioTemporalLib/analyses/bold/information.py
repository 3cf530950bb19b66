"""Maps of what the signal says of a task, without a model of the response."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from ...data.events import Events
from ...data.result import Display
from ...data.volumes import LabelMap, Map
from ...declare import Choices, Help, Input, Output, Range, Unit, analysis
from ...errors import Finding, InputError, Severity
from ...numerics.bold.information import condition_of_frames, copula_information
from ...numerics.bold.information import information as binned
from ...steps.bold.event_findings import checked_events
from ...steps.bold.resting_run import BRAIN, RUN, RunParameters, resting_run

METHODS = ("bins", "Gaussian copula")
ALIKE = 0.8


@dataclass(frozen=True)
class InformationParameters(RunParameters):
    conditions: Annotated[
        tuple[str, ...],
        Help("Conditions told apart, comma-separated; others count as rest, as frames without an event do. All "
             "when empty."),
    ] = ()  # fmt: skip
    method: Annotated[str, Choices(*METHODS), Help("Bins find any relation; the copula those that rise or fall.")] = (
        METHODS[0]
    )
    bins: Annotated[int, Range(2, 12), Help("Of the signal, each with equally many frames.")] = 4
    longest: Annotated[float, Unit("s"), Range(0, 60), Help("Longest delay that is looked at.")] = 14.0
    surrogates: Annotated[int, Range(0, 5000), Help("Circular shifts of the task, for p; 0 for none.")] = 100
    level: Annotated[float, Range(1e-4, 0.5), Help("p below which a voxel carries information.")] = 0.05


@analysis(
    id="bold.information",
    title="Information about a task",
    citation="Fuhrmann Alpert et al., NeuroImage 34:1545 (2007); Panzeri and Treves, Network 7:87 (1996); Ince et al., "
    "Hum Brain Mapp 38:1541 (2017)",
    inputs=[
        RUN,
        Input("events", Events, help="Onset and duration in s from the first frame, and trial_type, as BIDS has them."),
        BRAIN,
    ],
    outputs=[
        Output("information", Map, unit="bit", help="Largest over the delays, less its bias.",
               display=Display(colours="inferno", symbol="I")),
        Output("preferred_time", Map, unit="s", help="Delay at which it is largest.",
               display=Display(colours="viridis", symbol="tau")),
        Output("width", Map, unit="s", help="Over which it is above 95 % of that; wide ones leave the delay open."),
        Output("amplitude", Map, unit="%", help="Mean signal change in the conditions, at the preferred time.",
               display=Display(colours="coolwarm", symbol="amplitude")),
        Output("normalised", Map, unit="1", help="Of the entropy of conditions.", display=Display((0, 1), "inferno")),
        Output("p", Map, unit="1", optional=True, help="Of circular shifts, each with its largest over all delays."),
        Output("informative", LabelMap, optional=True, help="Voxels whose p is below the level."),
    ],
    parameters=InformationParameters,
)  # fmt: skip
def information(series, events, mask=None, *, parameters, context):
    r"""Bits that the signal of each voxel holds of the condition some seconds before, and after how many it holds most.

    Notes
    -----
    .. math:: I(\tau) = \sum_{s, r} p(s, r) \log_2 \frac{p(s, r)}{p(s)\,p(r)}

    of conditions s and the quantised signal r a time tau later, less the bias of
    few frames. The null shifts the task in a circle, which keeps what the signal
    remembers of itself, and takes the largest over all delays as the map does.
    With blocks the delay is known to their length only: see the width.
    """
    events, odd = checked_events(events, series)
    run = resting_run(series, mask, parameters, context.part(0, 0.1))
    labels = _labels(series, events, parameters)
    most = min(int(np.floor(parameters.longest / run.step + 1e-6)), series.frame_count // 4)
    shared = {"surrogates": parameters.surrogates, "rng": context.rng}
    report = lambda done: context.progress(0.1 + 0.9 * done, "information")  # noqa: E731
    if parameters.method == METHODS[0]:
        found = binned(run.values, labels, most, bins=parameters.bins, report=report, **shared)
    else:
        found = copula_information(run.values, labels, most, report=report, **shared)
    share = np.bincount(labels) / len(labels)
    entropy = float(-(share[share > 0] * np.log2(share[share > 0])).sum())
    outputs = {
        "information": run.map(found.best, "bit", "information"),
        "preferred_time": run.map(found.delay * run.step, "s", "preferred_time"),
        "width": run.map(found.width * run.step, "s", "width"),
        "amplitude": run.map(_amplitude(run, labels, found), "%", "amplitude"),
        "normalised": run.map(np.clip(found.best / max(entropy, 1e-9), 0, 1), "1", "normalised"),
        "findings": (*run.findings, *odd, *_repeating(labels, most, parameters)),
    }
    if parameters.surrogates:
        outputs["p"] = run.map(found.p, "1", "p")
        chosen = np.zeros(run.inside.shape, dtype=np.uint8)
        chosen[run.inside] = found.p < parameters.level
        outputs["informative"] = LabelMap(chosen, series.geometry, name="informative")
    return outputs


def _repeating(labels: np.ndarray, most: int, parameters) -> tuple[Finding, ...]:
    """A task that repeats itself is restored by a shift of its period, which makes the null as good as the truth."""
    if not parameters.surrogates:
        return ()
    alike = [float((np.roll(labels, s) == labels).mean()) for s in range(most + 1, len(labels) - most - 1)]
    if not alike or max(alike) < ALIKE:
        return ()
    text = f"the task repeats itself: one of the shifts restores {100 * max(alike):.0f} % of it, so that p is too large"
    return (Finding("W-PERIODIC", Severity.WARN, text),)


def _labels(series, events: Events, parameters) -> np.ndarray:
    unknown = sorted(set(parameters.conditions) - set(events.names))
    if unknown:
        raise InputError(
            "E-EVENTS", f"there is no condition {unknown[0]!r}", where=events.name,
            fix=f"Choose of {', '.join(events.names)}.",
        )  # fmt: skip
    labels = condition_of_frames(series.times, events)
    if parameters.conditions:
        for n, name in enumerate(events.names, start=1):
            if name not in parameters.conditions:
                labels[labels == n] = 0
    values, dense = np.unique(labels, return_inverse=True)
    if len(values) < 2:
        raise InputError(
            "E-EVENTS", "all frames are of one condition, of which nothing can be told", where=events.name,
            fix="Give two conditions, or one and rest.",
        )  # fmt: skip
    return dense


def _amplitude(run, labels: np.ndarray, found) -> np.ndarray:
    """(V,) % by which the mean of frames that follow any event, at each voxel's own delay, lies above the mean."""
    task = labels > 0 if (labels == 0).any() else labels == labels.max()
    place = np.rint(found.delay).astype(int)
    amplitude = np.full(len(place), np.nan)
    for delay in np.unique(place):
        own = place == delay
        frames = np.flatnonzero(task[: len(task) - delay]) + delay
        amplitude[own] = run.values[np.ix_(frames, own)].mean(axis=0)
    return 100 * np.divide(amplitude, run.level, out=np.full(len(place), np.nan), where=run.level > 0)
