"""Where the brightness of tissue changed between two visits, without learning."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np

from ...data.curve import Table
from ...data.follow_up import FollowUp
from ...data.geometry import Geometry
from ...data.grids.label_grid import labels_on_grid
from ...data.result import Display
from ...data.volumes import Label, LabelMap, Map
from ...declare import Advanced, Choices, Help, Input, Output, Range, Unit, analysis
from ...errors import InputError
from ...numerics.registration.displacement import volume_change
from ...numerics.registration.half_way import half_way_grids
from ...numerics.spatial.region_of_interest import resampled, resampled_labels
from ...steps.follow_up.changed_lesions import changed_lesions, without_small_ones
from ...steps.follow_up.matched_difference import Comparison, matched_difference
from ...steps.follow_up.visit_registration import RegistrationParameters, register_visit

STATES = {1: Label("brighter", (0.84, 0.15, 0.16)), 2: Label("darker", (0.20, 0.45, 0.80))}


@dataclass(frozen=True)
class ChangeMapParameters:
    registration: Annotated[
        str,
        Choices("rigid", "none"),
        Help("Bring both visits half-way towards one another, so that neither is smoothed more, or leave them."),
    ] = "rigid"
    threshold: Annotated[
        float, Range(1, 50), Help("By how many robust standard deviations of the difference a voxel has to change.")
    ] = 3.5
    smallest: Annotated[
        float, Unit("mL"), Range(0, 1000), Help("Smaller parts are left out, for noise and edges look like them.")
    ] = 0.03
    smoothing: Annotated[float, Unit("mm"), Range(0, 20), Help("Full width at half maximum, of the difference.")] = 2.0
    bias: Annotated[
        float,
        Unit("mm"),
        Range(0, 200),
        Help("Width of a Gaussian over which a difference counts as uneven brightness of the scans; 0 for none."),
        Advanced(),
    ] = 15.0
    misplacement: Annotated[
        float,
        Unit("mm"),
        Range(0, 10),
        Help("By which edges of both visits may miss one another; about half a voxel. Differences count less there."),
    ] = 0.4
    growth: Annotated[
        bool, Help("Deform the visits onto one another as well, and show where tissue grew or shrank."), Advanced()
    ] = False


@analysis(
    id="follow_up.change_map",
    title="Change of brightness between two visits",
    citation="Reuter and Fischl, NeuroImage 57:19 (2011) for the half-way space; Huber, Ann Math Stat 35:73 (1964)",
    inputs=[
        Input("visits", FollowUp, min_visits=2, help="Two visits or more of one contrast; the last two are compared."),
        Input(
            "region",
            LabelMap,
            optional=True,
            own_grid=True,
            help="What is compared, as the brain, drawn on the later visit; what is brighter than the mean otherwise.",
        ),
    ],
    outputs=[
        Output(
            "changes", LabelMap, help="What became brighter and darker, in the later visit's place, half-way turned."
        ),
        Output("lesions", Table, help="One row a part: what became of it, volume, longest diameter, place."),
        Output(
            "z",
            Map,
            unit="1",
            help="Difference in standard deviations of what differs by chance, more of it at edges; empty where "
            "nothing was compared.",
            display=Display((-8, 8), "coolwarm", symbol="z"),
        ),
        Output(
            "growth",
            Map,
            unit="%",
            optional=True,
            help="Local growth of tissue from the earlier to the later visit, by the deformation.",
            display=Display((-30, 30), "coolwarm", symbol="growth"),
        ),
        Output(
            "matching",
            Table,
            help="The later visit over the earlier one: slope, intercept, and the spread that is left.",
        ),
    ],
    parameters=ChangeMapParameters,
)
def change_map(visits, region=None, *, parameters, context):
    r"""Where the later of two visits is brighter or darker than the earlier one lets expect.

    Notes
    -----
    The visits are turned half-way towards one another and both interpolated once. A line by Huber's loss, the mean of
    both ways round, tells what later brightness b is to be expected of the earlier one a; a slowly varying difference g
    is taken for uneven brightness of the scans,

    .. math:: d = b - (\alpha a + \beta) - g, \quad z = \frac{d - \mathrm{median}(d)}{\sqrt{s^2 + (\delta G)^2}}

    after smoothing, with s = 1.4826 MAD(d) and G the gradient of the images: edges that miss one another by delta make
    such differences. Parts with \|z\| at the threshold or more that are large enough are brighter or darker. Growth is
    1 / det J - 1 of the deformation that takes the later visit to the earlier one. On two pairs with multiple sclerosis
    it found a part of what experts had marked, beside much else: look at the images before believing it.
    """
    earlier, later = (visit.images["image"] for visit in visits.visits[-2:])
    if earlier.unit != later.unit:
        raise InputError(
            "E-INPUT-UNIT", f"the earlier visit is in {earlier.unit}, the later one in {later.unit}",
            where=visits.called, fix="Give images of one contrast and unit.",
        )  # fmt: skip
    motion, findings = np.eye(4), ()
    if parameters.registration == "rigid":
        settings = RegistrationParameters(outside=float(np.min(earlier.values)))
        found = register_visit(later, earlier, settings, context.part(0.0, 0.5))
        motion, findings = found.rigid, found.findings
    there, before = half_way_grids(later.geometry, motion)
    images = [
        resampled(image.values, image.geometry, grid, fill=float(np.min(image.values)))
        for image, grid in ((earlier, before), (later, there))
    ]
    inside, told = _inside(region, later, there, images)
    context.progress(0.6, "comparing")
    how = Comparison(parameters.bias, parameters.smoothing, parameters.misplacement)
    found = matched_difference(*images, inside, there.spacing, how, visits.called)
    labels = np.where(found.z >= parameters.threshold, 1, np.where(found.z <= -parameters.threshold, 2, 0))
    labels = without_small_ones(labels.astype(np.uint8), there, parameters.smallest)
    names = {number: label.name for number, label in STATES.items()}
    return {
        "changes": LabelMap(labels, there, STATES, "changes"),
        "lesions": changed_lesions(labels, there, names),
        "z": Map(np.where(inside, found.z, np.nan).astype(np.float32), there, "1", "z"),
        "growth": _growth(earlier, later, context.part(0.7, 1.0)) if parameters.growth else None,
        "matching": _matching(found, later.unit),
        "findings": (*findings, *told),
    }


def _inside(region: LabelMap | None, later: Map, grid: Geometry, images) -> tuple[np.ndarray, tuple]:
    if region is None:
        return np.all([image > image.mean() for image in images], axis=0), ()
    region, findings = labels_on_grid(region, later.geometry, later.name)
    return resampled_labels(region.foreground.astype(np.uint8), later.geometry, grid) > 0, findings


def _growth(earlier: Map, later: Map, context) -> Map:
    settings = RegistrationParameters(deformable=True, outside=float(np.min(earlier.values)))
    moved = register_visit(later, earlier, replace(settings, metric="correlation"), context)
    # The deformation takes the later visit to the earlier one: growth is the other way.
    change = volume_change(moved.displacement, later.geometry)
    return Map((100 * (1 / np.maximum(change, 1e-3) - 1)).astype(np.float32), later.geometry, "%", "growth")


def _matching(found, unit: str) -> Table:
    columns = {"slope": [found.slope], "intercept": [found.intercept], "spread": [found.spread]}
    return Table(columns, {"intercept": unit, "spread": unit}, "matching")
