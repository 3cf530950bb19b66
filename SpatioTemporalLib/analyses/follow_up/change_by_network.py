"""New and vanished lesions between two visits, by a trained network."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np

from ...data.curve import Table
from ...data.follow_up import FollowUp
from ...data.grids.label_grid import labels_on_grid
from ...data.result import Display
from ...data.volumes import Label, LabelMap, Map
from ...declare import Advanced, Choices, Described, FileOrFolder, Help, Input, Output, Range, Unit, analysis
from ...errors import Finding, InputError, Severity
from ...numerics.spatial.covering_grid import on_grid
from ...steps.follow_up.changed_lesions import changed_lesions, without_small_ones
from ...steps.follow_up.visit_pair import pair_of
from ...system.packages import require

TASK = "change"
STATES = {1: Label("new", (0.84, 0.15, 0.16)), 2: Label("vanished", (0.20, 0.45, 0.80))}
AS_TRAINED = "as trained"


def _described(bundle: str) -> Described:
    # Imported when a bundle is chosen: listing the analyses must stay quick.
    from ...networks.bundle.metadata import described_bundle

    return described_bundle(bundle, TASK)


@dataclass(frozen=True)
class ChangeParameters:
    bundle: Annotated[
        str,
        Help("Folder or .zip of a trained network; change-demo is shipped, trained on simulated heads."),
        FileOrFolder(endings=(".zip",), words=("change-demo",), describe=_described),
    ] = "change-demo"
    registration: Annotated[
        str,
        Choices(AS_TRAINED, "none", "rigid"),
        Help("Turn the earlier visit onto the later one first, or take them as they lie."),
    ] = AS_TRAINED
    threshold: Annotated[
        float, Range(0, 1), Help("Probability from which a voxel has changed; 0 takes the bundle's.")
    ] = 0.0
    smallest: Annotated[
        float, Unit("mL"), Range(0, 1000), Help("Smaller lesions are left out, for noise looks like them.")
    ] = 0.0
    overlap: Annotated[
        float,
        Range(0.1, 0.9),
        Help("Of the windows that go over a large image; more is smoother and slower."),
        Advanced(),
    ] = 0.25


@analysis(
    id="follow_up.change_by_network",
    title="New and vanished lesions by a trained network",
    citation="Kelly et al., medRxiv 2024.04.05.24305386 (2024); DuSTiLNet, Sci Rep (2025), "
    "doi:10.1038/s41598-025-14592-x, or the network of the bundle",
    inputs=[
        Input("visits", FollowUp, min_visits=2, help="Two visits or more, the last two of which are compared."),
        Input(
            "region",
            LabelMap,
            optional=True,
            own_grid=True,
            help="Where change is looked for, as the brain, drawn on the later visit; all of it when left out.",
        ),
    ],
    outputs=[
        Output("changes", LabelMap, help="What is new at the later visit and what has vanished, on its grid."),
        Output("lesions", Table, help="One row a lesion: what became of it, volume, longest diameter, place."),
        Output(
            "new",
            Map,
            unit="1",
            help="Probability that a voxel is part of something new; not calibrated.",
            display=Display((0, 1), "viridis", symbol="P(new)"),
        ),
        Output(
            "vanished",
            Map,
            unit="1",
            help="Probability that a voxel is part of something that has gone; not calibrated.",
            display=Display((0, 1), "viridis", symbol="P(vanished)"),
        ),
        Output(
            "difference",
            Map,
            unit="1",
            help="Later less earlier visit, each in standard deviations from its median: what any change is seen by.",
            display=Display((-5, 5), "coolwarm", symbol="z"),
        ),
    ],
    parameters=ChangeParameters,
)
def change_by_network(visits, region=None, *, parameters, context):
    r"""What a trained network takes for new or vanished between the last two visits, as segments, maps and a table.

    Notes
    -----
    Each visit is brought to median 0 and standard deviation 1, by the median absolute deviation, of what is brighter
    than its mean. With scores z of the classes unchanged, new and vanished, and networks m of M,

    .. math:: P_c \propto \exp \left( \frac{1}{M} \sum_{m=1}^M \ln \frac{e^{z_{m,c}}}{\sum_k e^{z_{m,k}}} \right)

    A voxel is new or vanished where that is the likeliest class and its P reaches the threshold. A lesion is a
    connected part.
    """
    require("torch", package="torch", extra="networks", purpose="A network")
    from ...networks.bundle.reading import read_bundle
    from ...networks.bundle.shipped import bundle_path
    from ...networks.inference.change import log_probabilities
    from ...networks.inference.prediction import automatic_device

    context.progress(0.0, "reading the bundle")
    bundle = read_bundle(bundle_path(parameters.bundle), TASK)
    shown = bundle.facts.shown
    if parameters.registration != AS_TRAINED:
        shown = replace(shown, registration=parameters.registration)
    later = visits.with_image(shown.image).visits[-1].images[shown.image]
    inside, findings = _inside(region, later)
    pair = pair_of(visits, shown, context.part(0.0, 0.4), _looked_at(region, later, inside))
    device = context.used_device = automatic_device(context.device)
    scores = log_probabilities(
        bundle.networks, pair.images, pair.days, shown.shape, device, context.part(0.4, 0.9), overlap=parameters.overlap
    )
    context.progress(0.9, "measuring")
    chances = [on_grid(part, pair.grid, later.geometry) for part in np.exp(scores - np.logaddexp.reduce(scores))]
    found = _found(chances, inside, parameters.threshold or bundle.facts.threshold)
    found = without_small_ones(found, later.geometry, parameters.smallest)
    kinds = {number: label for number, label in STATES.items() if (found == number).any()} or STATES
    labels = LabelMap(found, later.geometry, kinds, "changes")
    difference = on_grid(pair.images[1] - pair.images[0], pair.grid, later.geometry)
    return {
        "changes": labels,
        "lesions": changed_lesions(found, later.geometry, {number: label.name for number, label in STATES.items()}),
        "new": Map(chances[1] * inside, later.geometry, "1", "new"),
        "vanished": Map(chances[2] * inside, later.geometry, "1", "vanished"),
        "difference": Map(difference, later.geometry, "1", "difference"),
        "findings": (*findings, *pair.findings, *bundle.warnings, *_far(bundle.facts, pair.days)),
    }


def _inside(region: LabelMap | None, later: Map) -> tuple[np.ndarray, tuple[Finding, ...]]:
    if region is None:
        return np.ones(later.geometry.shape, bool), ()
    region, findings = labels_on_grid(region, later.geometry, later.name)
    if not region.foreground.any():
        raise InputError(
            "E-MASK-EMPTY", "nothing of it lies in the later visit", where=region.name,
            fix="Draw the region on the later visit, or leave it out.",
        )  # fmt: skip
    return region.foreground, findings


def _looked_at(region: LabelMap | None, later: Map, inside: np.ndarray) -> LabelMap:
    """The region, or without one what is not background: windows need not go over air."""
    where = inside if region is not None else np.asarray(later.values) > np.mean(later.values)
    return LabelMap(where.astype(np.uint8), later.geometry, name="looked at")


def _found(chances: list[np.ndarray], inside: np.ndarray, threshold: float) -> np.ndarray:
    """(K, J, I) 0, 1 new or 2 vanished."""
    likeliest = np.argmax(chances, axis=0)
    sure = np.take_along_axis(np.stack(chances), likeliest[None], axis=0)[0] >= threshold
    return np.where(inside & sure, likeliest, 0).astype(np.uint8)


def _far(facts, days: float) -> list[Finding]:
    from ...networks.bundle.facts import far_from_training

    if not far_from_training(facts.training, days):
        return []
    low, high = facts.training.days
    text = f"the visits are {days:.0f} days apart, those of training {low:.0f} to {high:.0f}"
    return [Finding("W-INTERVAL", Severity.WARN, text)]
