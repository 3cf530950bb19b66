"""Which regions are ahead of which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from ...data.curve import Table
from ...data.result import Display
from ...data.volumes import LabelMap, Map
from ...declare import Advanced, Help, Input, Output, Range, Unit, analysis
from ...errors import Finding, InputError, Severity
from ...numerics.bold.latency import lag_threads, lag_to, latency_matrix, latency_projection
from ...steps.bold.resting_run import BRAIN, RUN, RunParameters, region_signals, resting_run

MOST_REGIONS = 1000


@dataclass(frozen=True)
class LatencyParameters(RunParameters):
    longest: Annotated[float, Unit("s"), Range(0.1, 60), Help("Delays beyond are none.")] = 4.0
    weighted: Annotated[bool, Help("Whether the projection weights pairs by their correlation.")] = False
    orders: Annotated[int, Range(0, 10), Help("Orders of delays that are told apart."), Advanced()] = 3
    resamples: Annotated[int, Range(0, 1000), Help("Of blocks of the run, for standard errors; 0 for none.")] = 50
    block: Annotated[float, Unit("s"), Range(10, 600), Help("Length of the blocks that are drawn."), Advanced()] = 60.0


@analysis(
    id="bold.latency",
    title="Latency structure",
    citation="Mitra et al., J Neurophysiol 111:2374 (2014); Mitra et al., Proc Natl Acad Sci 112:E2235 (2015); Raut et "
    "al., NeuroImage 194:211 (2019)",
    inputs=[
        RUN,
        Input("regions", LabelMap, help="Regions whose mean signals are compared, as of an atlas."),
        BRAIN,
    ],
    outputs=[
        Output("projection", Map, unit="s", help="Mean delay of each region against the others; late ones above zero.",
               display=Display(colours="coolwarm", symbol="latency")),
        Output("lag", Map, unit="s", help="By which each voxel is later than the mean of all.",
               display=Display(colours="coolwarm", symbol="lag")),
        Output("correlation", Map, unit="1", help="With the mean, at that lag.", display=Display((-1, 1), "coolwarm")),
        Output("regions_table", Table, help="Of each region its delay with its standard error, and its threads."),
        Output("delays", Table, help="Delay in s between each pair; above zero where the column is later."),
        Output("threads", Table, optional=True, help="Share of the variance of delays that each thread explains."),
    ],
    parameters=LatencyParameters,
)  # fmt: skip
def latency(series, regions, mask=None, *, parameters, context):
    r"""Delays between regions from the extremes of their lagged covariances, and which regions are early or late.

    Notes
    -----
    .. math:: C_{ij}(k) = \frac1{n_k} \sum_t x_i(t)\, x_j(t + k), \qquad
       \tau_{ij} = \Delta t \left(k^* + \frac{y_{-1} - y_{+1}}{2 (y_{-1} - 2 y_0 + y_{+1})}\right)

    y are the values about the extreme k*. One run leaves delays uncertain by about
    as much as they are: look at the standard errors, which are those of blocks of
    the run drawn anew. Blood that arrives later is later too, whatever neurons do.
    """
    run = resting_run(series, mask, parameters, context.part(0, 0.2))
    signals, names, labels = region_signals(run, regions)
    if len(names) > MOST_REGIONS:
        raise InputError(
            "E-REGIONS", f"{len(names)} regions, {MOST_REGIONS} at most are compared in pairs", where=regions.name,
            fix="Join regions, or choose a coarser atlas.",
        )  # fmt: skip
    context.progress(0.2, "delays")
    found = latency_matrix(signals, run.step, parameters.longest)
    projection = latency_projection(found, parameters.weighted)
    errors = _standard_errors(signals, run.step, parameters, context.part(0.3, 0.8))
    count = min(parameters.orders, len(names) - 1)
    threads, share = lag_threads(found, count) if count else (np.empty((0, len(names))), np.empty(0))
    context.progress(0.8, "lag of every voxel")
    lag, correlation = lag_to(run.values, run.values.mean(axis=1, dtype=np.float64), run.step, parameters.longest)
    image = np.full(regions.values.shape, np.nan, dtype=np.float32)
    for label, value in zip(labels, projection):
        image[(regions.values == label) & run.inside] = value
    columns = {"region": names, "delay": projection.tolist(), "standard error": errors.tolist()}
    columns |= {f"thread {n + 1}": own.tolist() for n, own in enumerate(threads)}
    units = dict.fromkeys([name for name in columns if name != "region"], "s")
    lost = int(np.isnan(found.delay).sum()) // 2
    text = f"{lost} of {len(names) * (len(names) - 1) // 2} pairs have no delay within {parameters.longest:g} s"
    findings = [Finding("W-LATENCY", Severity.MASK, text, series.name)] if lost else []
    return {
        "projection": Map(image, series.geometry, "s", "projection"),
        "lag": run.map(lag, "s", "lag"),
        "correlation": run.map(correlation, "1", "correlation"),
        "regions_table": Table(columns, units, "regions"),
        "delays": Table({"region": names} | {n: c.tolist() for n, c in zip(names, found.delay.T)}, name="delays"),
        "threads": _threads(share),
        "findings": (*run.findings, *findings),
    }


def _standard_errors(signals: np.ndarray, step: float, parameters, context) -> np.ndarray:
    """(R,) s of the projection, from blocks drawn with replacement; lags never reach from one block into another."""
    if not parameters.resamples:
        return np.full(signals.shape[1], np.nan)
    length = max(int(parameters.block / step), 2 * int(parameters.longest / step) + 4)
    starts = np.arange(0, len(signals) - length + 1, max(length // 2, 1))
    if len(starts) < 3:
        return np.full(signals.shape[1], np.nan)
    drawn = []
    for n in range(parameters.resamples):
        context.progress(n / parameters.resamples, "standard errors")
        chosen = context.rng.choice(starts, max(len(signals) // length, 1))
        rows = np.concatenate([np.arange(s, s + length) for s in chosen])
        blocks = np.repeat(np.arange(len(chosen)), length)
        found = latency_matrix(signals[rows], step, parameters.longest, blocks)
        drawn.append(latency_projection(found, parameters.weighted))
    drawn = np.array(drawn)
    known = np.isfinite(drawn)
    count = known.sum(axis=0)
    mean = np.where(known, drawn, 0.0).sum(axis=0) / np.maximum(count, 1)
    spread = np.sqrt(np.where(known, (drawn - mean) ** 2, 0.0).sum(axis=0) / np.maximum(count - 1, 1))
    return np.where(count > 2, spread, np.nan)


def _threads(share: np.ndarray) -> Table | None:
    if not len(share):
        return None
    return Table({"thread": list(range(1, len(share) + 1)), "share of variance": share.tolist()}, name="threads")
