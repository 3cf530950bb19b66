"""Correlations that change while a run goes on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from ...data.curve import Curve, Table
from ...data.report import Report
from ...data.volumes import LabelMap
from ...declare import Advanced, Help, Input, Output, Range, Unit, analysis
from ...errors import Finding, ParameterError, Severity
from ...numerics.bold.dynamic_connectivity import phase_randomised, states_of, windowed
from ...pictures.matrix_page import connectivity_report
from ...steps.bold.networks import pairs_table
from ...steps.bold.resting_run import BRAIN, RUN, RunParameters, region_signals, resting_run

FEWEST_WINDOWS = 10


@dataclass(frozen=True)
class DynamicParameters(RunParameters):
    window: Annotated[
        float, Unit("s"), Range(10, 600), Help("Length of a window; 1 over the slowest frequency kept.")
    ] = 60.0
    stride: Annotated[float, Unit("s"), Range(0.1, 600), Help("From one window to the next.")] = 4.0
    taper: Annotated[float, Unit("s"), Range(0, 100), Help("By which the window's ends are smoothed."), Advanced()] = (
        6.0
    )
    states: Annotated[int, Range(1, 20), Help("States that windows are divided into.")] = 4
    surrogates: Annotated[int, Range(0, 1000), Help("Runs of the same spectra that do not change, for p.")] = 100


@analysis(
    id="bold.dynamic_connectivity",
    title="Dynamic connectivity of regions",
    citation="Allen et al., Cereb Cortex 24:663 (2014); Leonardi and Van De Ville, NeuroImage 104:430 (2015); Prichard "
    "and Theiler, Phys Rev Lett 73:951 (1994)",
    inputs=[
        RUN,
        Input("regions", LabelMap, help="Regions whose mean signals are compared, as of an atlas."),
        BRAIN,
    ],
    outputs=[
        Output("variability", Table, help="Of each pair: deviation of Fisher's z over windows, and p of surrogates."),
        Output("states", Table, help="Of each state: share of windows, mean stay in s, changes."),
        Output("course", Curve, help="State of each window."),
        Output("centres", Table, help="Mean correlation of each pair in each state."),
        Output("report", Report, help="Each state as a picture, and the most variable pairs."),
    ],
    parameters=DynamicParameters,
)
def dynamic_connectivity(series, regions, mask=None, *, parameters, context):
    r"""How the correlations between regions change from window to window, and the states they return to.

    Notes
    -----
    .. math:: z_w = \operatorname{artanh} r_w, \qquad s = \operatorname{sd}_w(z_w)

    Correlations of short windows change by chance too: p compares s with runs of
    the same spectra and the same mean correlations whose phases are random. A
    window shorter than the slowest fluctuation that was kept shows changes that
    are none.
    """
    run = resting_run(series, mask, parameters, context.part(0, 0.2))
    signals, names, _ = region_signals(run, regions)
    length, stride = max(int(parameters.window / run.step), 5), max(int(parameters.stride / run.step), 1)
    if (len(signals) - length) // stride + 1 < max(FEWEST_WINDOWS, 2 * parameters.states):
        raise ParameterError(
            "E-PARAMETER",
            f"window = {parameters.window:g} s every {parameters.stride:g} s gives too few windows in "
            f"{len(signals) * run.step:g} s",
            fix="Choose shorter windows, or nearer ones.",
        )
    taper = parameters.taper / run.step
    windows, starts = windowed(signals, length, stride, taper)
    deviation, exceeded = windows.std(axis=0), np.zeros(windows.shape[1])
    for n in range(parameters.surrogates):
        context.progress(0.2 + 0.7 * n / parameters.surrogates, f"surrogate {n + 1} of {parameters.surrogates}")
        other, _ = windowed(phase_randomised(signals, context.rng), length, stride, taper)
        exceeded += other.std(axis=0) >= deviation
    p = (1 + exceeded) / (1 + parameters.surrogates) if parameters.surrogates else np.full(len(deviation), np.nan)
    states = states_of(windows, parameters.states, context.rng)
    findings = _slow(parameters)
    matrices = {
        f"state {n + 1}": (_square(np.tanh(c), len(names)), names, (-1.0, 1.0)) for n, c in enumerate(states.centres)
    }
    pairs = pairs_table(_square(deviation, len(names)), names, "deviation of z", {"p": _square(p, len(names))})
    first, second = np.triu_indices(len(names), 1)
    centres = {"region": [names[n] for n in first], "other": [names[n] for n in second]}
    centres |= {f"state {n + 1}": np.tanh(c).tolist() for n, c in enumerate(states.centres)}
    text = f"{len(windows)} windows of {length * run.step:g} s, {stride * run.step:g} s apart."
    times = series.times[starts] + length * run.step / 2
    return {
        "variability": pairs,
        "states": _states_table(states, stride * run.step),
        "course": (Curve(times, states.of_window + 1.0, "1", "state", drawn="line"),),
        "centres": Table(centres, name="centres"),
        "report": connectivity_report("Dynamic connectivity", matrices, pairs, text, (*run.findings, *findings)),
        "findings": (*run.findings, *findings),
    }


def _slow(parameters) -> tuple[Finding, ...]:
    slowest = 1 / parameters.high_pass if parameters.high_pass > 0 else float("inf")
    if parameters.window >= slowest:
        return ()
    text = f"windows of {parameters.window:g} s are shorter than the slowest fluctuation that was kept, {slowest:.0f} s"
    return (Finding("W-WINDOW", Severity.WARN, text),)


def _states_table(states, stride: float) -> Table:
    count = len(states.shares)
    columns = {
        "state": list(range(1, count + 1)),
        "share of windows": states.shares.tolist(),
        "mean stay": (states.dwell * stride).tolist(),
    }
    return Table(columns, {"mean stay": "s"}, "states")


def _square(values: np.ndarray, size: int) -> np.ndarray:
    matrix = np.ones((size, size))
    first, second = np.triu_indices(size, 1)
    matrix[first, second] = matrix[second, first] = values
    return matrix
