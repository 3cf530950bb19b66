"""Segmentation of a dynamic series by a trained network that knows when each phase was acquired."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from ...data.curve import Table
from ...data.result import Display
from ...data.series import Series
from ...data.volumes import Label, LabelMap, Map
from ...declare import Advanced, Described, FileOrFolder, Help, Input, Output, Range, Unit, analysis
from ...errors import Finding, InputError, Severity
from ...numerics.spatial.covering_grid import covering_grid, on_grid
from ...steps.bolus.acquired_phases import chosen_phases, scaled_phases, shown_times
from ...system.packages import require

TASK = "segmentation"
INTERVAL = (2.5, 97.5)  # percentiles


def _described(bundle: str) -> Described:
    # Imported when a bundle is chosen: listing the analyses must stay quick.
    from ...networks.bundle.metadata import described_bundle

    return described_bundle(bundle, TASK)


@dataclass(frozen=True)
class ByNetworkParameters:
    bundle: Annotated[
        str,
        Help("Folder or .zip of a trained network; dce-demo is shipped, trained on simulated lesions."),
        FileOrFolder(endings=(".zip",), words=("dce-demo",), describe=_described),
    ] = "dce-demo"
    injection: Annotated[
        float, Unit("s"), Range(-3600, 3600), Help("When contrast was injected, on the clock of the series.")
    ] = 0.0
    threshold: Annotated[
        float, Range(0, 1), Help("Probability from which a voxel is part of the structure; 0 takes the bundle's.")
    ] = 0.0
    later_phases: Annotated[
        int, Range(1, 100), Help("Later phases over which the answer is averaged, at most."), Advanced()
    ] = 4
    passes: Annotated[
        int,
        Range(0, 200),
        Help("Random passes for the uncertainty, of networks with scans or dropout; 0 takes networks or later phases."),
        Advanced(),
    ] = 0


@analysis(
    id="segmentation.by_network",
    title="Segmentation by a trained network, by acquisition times",
    citation="Acquisition time-informed breast tumor segmentation from dynamic contrast-enhanced MRI, "
    "arXiv 2511.16498 (2025), or the network of the bundle",
    inputs=[
        Input(
            "series",
            Series,
            min_frames=3,
            intervals=(0.1, 900.0),
            made_for=("dce",),
            help="Dynamic contrast-enhanced series with a frame before injection and two or more after it.",
        )
    ],
    outputs=[
        Output("segmentation", LabelMap, help="The structure that the network was trained to find."),
        Output(
            "probability",
            Map,
            unit="1",
            help="Probability of the structure, mean over the later phases and networks in the log-odds; not "
            "calibrated.",
            display=Display((0, 1), "viridis", symbol="P"),
        ),
        Output(
            "uncertainty",
            Map,
            unit="1",
            optional=True,
            help="Standard deviation of the probability over networks, later phases or random passes: a lower bound.",
            display=Display((0, 0.5), "inferno", symbol="SD(P)"),
        ),
        Output(
            "volume", Table, help="Volume found, the interval that the spread leaves, and what it is the spread of."
        ),
        Output("phases", Table, help="Which frames were shown, with their times after injection."),
    ],
    parameters=ByNetworkParameters,
)
def by_network(series, *, parameters, context):
    r"""The structure that a trained network finds in the frames before and after injection, knowing their times.

    Notes
    -----
    .. math:: P = \frac{1}{1 + e^{-(a \bar{x} + b)}}, \quad \bar{x} = \frac{1}{M N} \sum_{m=1}^M \sum_{n=1}^N (z_{m,n,1}
        - z_{m,n,0})

    z are the two scores of a voxel by network m of M, shown the frame before contrast, the first after it and the later
    frame n of N, each with its time after injection; a and b are the slope and intercept of the bundle. A voxel is part
    of the structure where P reaches the threshold. The uncertainty is the standard deviation of P over the networks of
    the bundle, over the later frames where there is one network, or over random passes; the interval of the volume goes
    from the 2.5th to the 97.5th percentile of what they find. It holds what differs between them and nothing else.
    """
    require("torch", package="torch", extra="networks", purpose="A network")
    from ...networks.bundle.reading import read_bundle
    from ...networks.bundle.shipped import bundle_path
    from ...networks.inference.prediction import automatic_device
    from ...networks.inference.segmentation_spread import Shown, segmented

    context.progress(0.0, "reading the bundle")
    bundle = read_bundle(bundle_path(parameters.bundle), TASK)
    shown, facts = bundle.facts.shown, bundle.facts
    seconds = series.times - parameters.injection
    chosen, findings = _frames(seconds, facts, parameters, series.name)
    grid = covering_grid(series.geometry, shown.spacings[0])
    phases = np.stack([on_grid(series.values[n], series.geometry, grid) for n in chosen])
    if not np.isfinite(phases).all():
        raise InputError(
            "E-NOT-FINITE", "a frame holds values that are no numbers", where=series.name, fix="Fill them first."
        )
    device = context.used_device = automatic_device(context.device)
    threshold = parameters.threshold or facts.threshold
    shown_phases = Shown(scaled_phases(phases), shown_times(seconds[chosen]), device)
    answer = segmented(bundle.networks, facts, shown_phases, threshold, parameters.passes, context.part(0.1, 1.0))
    logits = on_grid(answer.logits, grid, series.geometry)
    probability = facts.calibration.probability(logits).astype(np.float32)
    found = probability >= threshold
    name = facts.training.outcome
    labels = LabelMap(found.astype(np.uint8), series.geometry, {1: Label(name, (0.9, 0.2, 0.2))}, name)
    return {
        "segmentation": labels,
        "probability": Map(probability, series.geometry, "1", "probability"),
        "uncertainty": _uncertainty(answer, grid, series.geometry),
        "volume": _volume(labels, answer, grid.voxel_volume_ml, bundle),
        "phases": _phases(chosen, seconds, bundle),
        "findings": (*findings, *_of_other_unit(series, shown.unit), *bundle.warnings),
    }


def _of_other_unit(series: Series, trained: str) -> list[Finding]:
    """Concentrations, or HU, take another course than the signal that a network has learned."""
    if series.unit == trained:
        return []
    text = f"the series is in {series.unit}, the network was trained on images in {trained}"
    return [Finding("W-UNIT", Severity.WARN, text, series.name)]


def _frames(seconds: np.ndarray, facts, parameters, where: str) -> tuple[list[int], list[Finding]]:
    """Numbers of the frames to be shown, and what is odd about their times."""
    before, first, later = chosen_phases(seconds, facts.shown.first_post, where)
    low, high = facts.training.days
    # Frames of a fine series may lie a little beside the times of training.
    inside = [n for n in later if low - 1 <= seconds[n] <= high + 1]
    odd = []
    if not inside:
        inside = [min(later, key=lambda n: max(low - seconds[n], seconds[n] - high))]
        text = f"the later frame is at {seconds[inside[0]]:.0f} s, those of training at {low:.0f} to {high:.0f} s"
        odd.append(Finding("W-INTERVAL", Severity.WARN, text, where))
    if not 0.5 * facts.shown.first_post <= seconds[first] <= 2 * facts.shown.first_post:
        text = f"the first frame after injection is at {seconds[first]:.0f} s, in training {facts.shown.first_post:g} s"
        odd.append(Finding("W-INTERVAL", Severity.WARN, text, where))
    most = facts.visits[1] - 2 if facts.shown.together else len(inside)
    count = min(parameters.later_phases, most, len(inside))
    spread = np.unique(np.linspace(0, len(inside) - 1, count).round().astype(int))
    return [before, first, *(inside[n] for n in spread)], odd


def _uncertainty(answer, grid, geometry) -> Map | None:
    if answer.deviation is None:
        return None
    return Map(on_grid(answer.deviation, grid, geometry), geometry, "1", "uncertainty")


def _volume(labels: LabelMap, answer, voxel_ml: float, bundle) -> Table:
    """One row: the volume, and between which percentiles of the samples it lies; NaN where nothing differs."""
    volumes = answer.voxels * voxel_ml
    low, high = np.percentile(volumes, INTERVAL) if len(volumes) > 1 else (np.nan, np.nan)
    columns = {
        "structure": [labels.name], "volume": [labels.volume_ml(1)], "lower": [float(low)], "upper": [float(high)],
        "spread of": [answer.spread_of], "network": [bundle.facts.architecture.name], "bundle": [bundle.name],
    }  # fmt: skip
    return Table(columns, dict.fromkeys(("volume", "lower", "upper"), "mL"), "volume")


def _phases(chosen: list[int], seconds: np.ndarray, bundle) -> Table:
    names = ["before contrast", "first after contrast", *["later"] * (len(chosen) - 2)]
    columns = {
        "phase": names,
        "frame": [n + 1 for n in chosen],
        "time after injection": [float(seconds[n]) for n in chosen],
        "network": [bundle.facts.architecture.name] * len(chosen),
        "bundle": [bundle.name] * len(chosen),
    }
    return Table(columns, {"time after injection": "s"}, "phases")
