"""Malignancy of a nodule from its visits and clinical covariates, by a trained network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from ...data.curve import Table
from ...data.follow_up import FollowUp
from ...data.point import Point
from ...data.report import Report
from ...data.result import Display
from ...data.volumes import LabelMap, Map
from ...declare import (
    Advanced,
    Choices,
    Described,
    FileOrFolder,
    Help,
    Input,
    NamedValues,
    Output,
    Range,
    Unit,
    analysis,
)
from ...errors import ParameterError, counted
from ...steps.follow_up.known_covariates import known_covariates
from ...steps.follow_up.lesion_growth import growth_of_masks
from ...steps.follow_up.visit_crops import centre_of_mask, centres_of
from ...steps.voxels.named_segment import named_segment, visits_with_segment
from ...system.packages import require

TASK = "classification"
NOT_TO_BE_USED = {"W-REGISTRATION-CHANCE", "W-REGISTRATION-WORSE"}
DOUBTFUL = {"W-REGISTRATION-POOR", "W-REGISTRATION-DOUBTFUL", "W-REGISTRATION-FOLD"}
MAP_HELP = "On the grid of what the network saw of each visit, in that visit's own coordinates."


def _described(bundle: str) -> Described:
    # Imported when a bundle is chosen: listing the analyses must stay quick.
    from ...networks.bundle.metadata import described_bundle

    return described_bundle(bundle, TASK)


@dataclass(frozen=True)
class MalignancyParameters:
    bundle: Annotated[
        str,
        Help("Folder or .zip of a trained network; demo is the one that is shipped, trained on simulated nodules."),
        FileOrFolder(endings=(".zip",), words=("demo",), describe=_described),
    ] = "demo"
    covariates: Annotated[
        tuple[str, ...],
        Help("What is known of the patient, comma-separated, as age=63, sex=F; the bundle says what it takes."),
        NamedValues(source="bundle"),
    ] = ()
    segment: Annotated[
        str | None, Help("Name of the segment that is the nodule, where several are drawn; empty takes all as one.")
    ] = None
    nodule_visit: Annotated[
        int,
        Range(0, 1000),
        Help("Visit that the segment or point lies on, 1 the first; 0 finds it by its grid, or takes the latest."),
    ] = 0
    layer_cam: Annotated[bool, Help("Show where what is new since the first visit speaks for the outcome.")] = True
    grad_cam: Annotated[
        bool,
        Help("Show where the network's last map speaks for the outcome; coarse, often beside the nodule."),
        Advanced(),
    ] = False
    integrated_gradients: Annotated[bool, Help("Show what each voxel adds to the log-odds.")] = True
    occlusion: Annotated[bool, Help("Show how far the log-odds fall when a part is covered; slow.")] = False
    baseline: Annotated[
        str,
        Choices("carry_forward", "blurred", "mean", "zero"),
        Help("What integrated gradients compare with; carry_forward, the first visit, asks what changed."),
        Advanced(),
    ] = "carry_forward"
    samples: Annotated[
        int, Range(2, 10000), Help("Of dropout, for the uncertainty of a single network."), Advanced()
    ] = 50
    measurement_error: Annotated[
        float, Unit("%"), Range(0, 100), Help("Standard deviation of one volume, for growth."), Advanced()
    ] = 9.0


def _map(name: str, symbol: str, help: str, colours: str = "coolwarm") -> Output:
    """What the answer rests on, a map for each visit."""
    display = Display(colours=colours, symbol=symbol)
    shared = {"optional": True, "several": True, "per_visit": True}
    return Output(name, Map, unit="1", help=f"{help} {MAP_HELP}", display=display, **shared)


@analysis(
    id="follow_up.malignancy",
    title="Malignancy of a nodule from follow-up images",
    citation="Shen et al., CSF-Net, arXiv 2501.16400 (2025), or the network of the bundle",
    inputs=[
        Input("visits", FollowUp, help="The examinations; masks of theirs say where the nodule is and how it grew."),
        Input(
            "nodule",
            LabelMap,
            optional=True,
            own_grid=True,
            help="The nodule at one visit, where the visits have no masks; the others are registered to it.",
        ),
        Input("point", Point, optional=True, help="The middle of the nodule at one visit, in place of a segment."),
        Input("patient", Table, optional=True, help="One row: what is known of the patient, a column each."),
    ],
    outputs=[
        Output("prediction", Table, help="Probability of the outcome, its spread, and whence the network is."),
        Output("visits", Table, help="Of each visit: where the nodule was taken to be, and its influence."),
        Output("growth", Table, optional=True, help="Volumes, diameters and the doubling time."),
        _map("layer_cam", "LayerCAM", "LayerCAM of the log-odds: what rose since the first visit.", colours="inferno"),
        _map("grad_cam", "Grad-CAM", "Grad-CAM of the log-odds.", colours="inferno"),
        _map("integrated_gradients", "integrated gradients", "Share of each voxel in the log-odds."),
        _map("occlusion", "occlusion", "Fall of the log-odds when a part is covered."),
        Output("report", Report, help="All of it on one page, with pictures."),
    ],
    parameters=MalignancyParameters,
)
def malignancy(visits, nodule=None, point=None, patient=None, *, parameters, context):
    r"""Probability of malignancy from two or more examinations, how sure it is, and what in which visit it rests on.

    Notes
    -----
    .. math:: p = \frac{1}{1 + e^{-(a \bar{x} + b)}}, \quad \bar{x} = \frac{1}{M} \sum_{m=1}^M (z_{m,1} - z_{m,0})

    z are the two scores that each of the M networks of the bundle gives, a and b its calibration (Platt, Advances in
    Large Margin Classifiers, 1999). The interval goes from the 2.5th to the 97.5th percentile of the same formula for
    the networks one by one, or for samples of dropout where there is one network. The influence of a visit is how far x
    falls when the visit shows what its neighbour showed.
    """
    require("torch", package="torch", extra="networks", purpose="A network")
    from ...networks.bundle.reading import read_bundle
    from ...networks.bundle.shipped import bundle_path
    from ...networks.inference.follow_up_report import Page, follow_up_report
    from ...networks.inference.patient import Wishes, assess

    context.progress(0.0, "reading the bundle")
    bundle = read_bundle(bundle_path(parameters.bundle), TASK)
    wishes = Wishes(
        **{name: getattr(parameters, name) for name in ("layer_cam", "grad_cam", "integrated_gradients", "occlusion")},
        baseline=parameters.baseline,
        samples=parameters.samples,
        device=context.device,
    )
    visits, unsure = visits_with_segment(visits, parameters.segment)
    if nodule is not None:
        nodule, more = named_segment(nodule, parameters.segment)
        unsure += more
    centres = _centres(visits, nodule, point, parameters.nodule_visit)
    names = [covariate.name for covariate in bundle.facts.covariates]
    known = known_covariates(names, visits, patient, parameters.covariates)
    found = assess(bundle, visits, centres, known, wishes, context)
    grown, left_out = growth_of_masks(visits, parameters.measurement_error / 100)
    findings = (*unsure, *found.findings, *left_out, *bundle.warnings)
    tables = {"prediction": _prediction(bundle, found), "visits": _visits(found), "growth": grown}
    maps = {
        name: {n + 1: Map(values[n], found.crops.grids[n], "1", name) for n in range(len(values))}
        for name, values in found.maps.items()
    }
    report = follow_up_report(Page(bundle, found, **tables, findings=findings))
    return {**tables, **maps, "report": report, "findings": findings}


def _centres(visits: FollowUp, nodule: LabelMap | None, point: Point | None, number: int) -> list[np.ndarray | None]:
    """Where the nodule is: as the segment or point says at its visit, as masks say at the others."""
    centres = centres_of(visits)
    place = centre_of_mask(nodule) if nodule is not None else np.array(point.ras) if point is not None else None
    if place is None:
        return centres
    if number > len(visits.visits):
        raise ParameterError(
            "E-PARAMETER",
            f"nodule_visit = {number}, of {counted(len(visits.visits), 'visit')}",
            fix="Give the number of the visit that the segment or point lies on.",
        )
    centres[number - 1 if number else _visit_of(visits, nodule)] = place
    return centres


def _visit_of(visits: FollowUp, nodule: LabelMap | None) -> int:
    """The one visit on whose grid a segment lies, else the latest."""
    grids = [next(iter(visit.images.values())).geometry for visit in visits.visits]
    fitting = [n for n, grid in enumerate(grids) if nodule is not None and grid.matches(nodule.geometry)]
    return fitting[0] if len(fitting) == 1 else len(grids) - 1


def _prediction(bundle, found) -> Table:
    facts, (low, high) = bundle.facts, found.interval
    source = f"SIMULATED DATA ({facts.training.data})" if facts.training.simulated else facts.training.data
    columns = {
        "outcome": [facts.training.outcome],
        "probability": [found.probability],
        "lower": [low],
        "upper": [high],
        "spread of": [found.spread_of or "not known"],
        "threshold": [facts.threshold],
        "called": ["positive" if found.probability >= facts.threshold else "negative"],
        "calibration": [facts.calibration.note],
        "network": [facts.architecture.name],
        "bundle": [bundle.name],
        "trained on": [source],
    }
    return Table(columns, name="prediction")


def _visits(found) -> Table:
    centres, motions = found.crops.centres, found.crops.registered
    columns = {
        "visit": list(range(1, len(centres) + 1)),
        "day": found.crops.days.tolist(),
        **{axis: centres[:, n].tolist() for n, axis in enumerate("RAS")},
        "influence": found.influence.tolist(),
        "correlation after registration": [float("nan") if m is None else m.similarity_after for m in motions],
        "registration": ["" if m is None else _trusted(m) for m in motions],
    }
    return Table(columns, {"day": "d", "R": "mm", "A": "mm", "S": "mm"}, "visits")


def _trusted(motion) -> str:
    codes = {finding.code for finding in motion.findings}
    return "do not use it" if codes & NOT_TO_BE_USED else "look at it" if codes & DOUBTFUL else "can be used"
