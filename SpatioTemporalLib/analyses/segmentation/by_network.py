"""Segmentation of a dynamic series by a trained network that knows when each phase was acquired."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from scipy import special

from ...data.curve import Table
from ...data.result import Display
from ...data.series import Series
from ...data.volumes import Label, LabelMap, Map
from ...declare import Advanced, Described, FileOrFolder, Help, Input, Output, Range, Unit, analysis
from ...errors import Finding, InputError, Severity
from ...steps.bolus.acquired_phases import chosen_phases, covering_grid, on_grid, scaled_phases, shown_times
from ...system.packages import require

TASK = "segmentation"


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
        Output("phases", Table, help="Which frames were shown, with their times after injection; and the volume."),
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
    of the structure where P reaches the threshold.
    """
    require("torch", package="torch", extra="networks", purpose="A network")
    from ...networks.bundle.reading import read_bundle
    from ...networks.bundle.shipped import bundle_path
    from ...networks.inference.prediction import automatic_device
    from ...networks.inference.segmentation import logit_map

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
    times = shown_times(seconds[chosen])
    logits = logit_map(
        bundle.networks,
        scaled_phases(phases),
        times,
        shown.shape,
        device,
        context.part(0.1, 1.0),
        together=shown.together,
    )
    logits = on_grid(logits, grid, series.geometry)
    probability = special.expit(facts.calibration.slope * logits + facts.calibration.intercept).astype(np.float32)
    found = probability >= (parameters.threshold or facts.threshold)
    name = facts.training.outcome
    labels = LabelMap(found.astype(np.uint8), series.geometry, {1: Label(name, (0.9, 0.2, 0.2))}, name)
    return {
        "segmentation": labels,
        "probability": Map(probability, series.geometry, "1", "probability"),
        "phases": _phases(chosen, seconds, labels, bundle),
        "findings": (*findings, *bundle.warnings),
    }


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


def _phases(chosen: list[int], seconds: np.ndarray, labels: LabelMap, bundle) -> Table:
    names = ["before contrast", "first after contrast", *["later"] * (len(chosen) - 2)]
    columns = {
        "phase": names,
        "frame": [n + 1 for n in chosen],
        "time after injection": [float(seconds[n]) for n in chosen],
        "volume found": [labels.volume_ml(1)] * len(chosen),
        "network": [bundle.facts.architecture.name] * len(chosen),
        "bundle": [bundle.name] * len(chosen),
    }
    return Table(columns, {"time after injection": "s", "volume found": "mL"}, "phases")
