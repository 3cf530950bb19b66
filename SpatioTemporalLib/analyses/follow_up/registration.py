"""Later visits of a patient brought onto the first."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np

from ...data.curve import Table
from ...data.follow_up import FollowUp
from ...data.grids.label_grid import labels_on_grid
from ...data.result import Display
from ...data.volumes import LabelMap, Map
from ...declare import Advanced, Help, Input, Output, analysis
from ...steps.follow_up.visit_registration import RegisteredVisit, RegistrationParameters, register_visit

UNITS = {"day": "d", "overlap": "%", "mean displacement": "mm", "largest displacement": "mm"}
GOOD = "can be used"
OUTSIDE_HU = -1024.0


@dataclass(frozen=True)
class VisitsParameters(RegistrationParameters):
    """How the later visits are brought onto the first."""

    outside: Annotated[
        float | None,
        Help("Value where a later visit shows nothing; when left empty, -1024 for images in HU and 0 for others."),
        Advanced(),
    ] = None


@analysis(
    id="follow_up.registration",
    title="Registration of visits",
    citation="Mattes et al., IEEE Trans Med Imaging 22:120-128 (2003) for the rigid motion; "
    "Vercauteren et al., NeuroImage 45:S61-S72 (2009) for the deformation",
    inputs=[
        Input("visits", FollowUp, min_visits=2, help="The image of each visit; the later ones are moved."),
        Input(
            "region",
            LabelMap,
            optional=True,
            own_grid=True,
            help="Part of the first visit in which likeness counts for the rigid motion, e.g. the lung.",
        ),
    ],
    outputs=[
        Output(
            "registered",
            Map,
            unit="{visits.unit}",
            help="The later visit as it lies on the grid of the first.",
            display=Display(colours="gray"),
            several=True,
        ),
        Output(
            "quality",
            Table,
            help="One row a later visit: likeness before and after (more is better), structure that both show (0 to 1, "
            "after the rigid motion), and the most that unrelated images share by chance, how much of the first visit "
            "it shows, smallest local volume after by before, how far tissue moved, and whether it can be used.",
        ),
        Output(
            "motion",
            Table,
            help="The rigid motion, one row a later visit: m11 to m34 are the matrix that takes a position (R, A, S) "
            "in mm of the first visit to that of the later one.",
        ),
    ],
    parameters=VisitsParameters,
)
def registration(visits, region=None, *, parameters, context):
    r"""Each later visit on the grid of the first, moved rigidly or deformed, with what says whether to trust it.

    Notes
    -----
    The rigid motion takes a place x of the first visit to R x + t in the later one. By default it makes the mutual
    information of the values f of the first and m of the later visit the largest, from a joint histogram p (Mattes
    2003):

    .. math:: I = \sum_f \sum_m p(f, m) \ln \frac{p(f, m)}{p(f) \, p(m)}

    The deformation adds a displacement u, which grows in each iteration by this step and is then smoothed by a Gaussian
    (symmetric forces of Vercauteren 2009):

    .. math:: \Delta u = \frac{2 (F - M) (\nabla F + \nabla M)}{|\nabla F + \nabla M|^2 + (F - M)^2 / \kappa^2}

    F is the first visit, M the later one as it is moved so far; kappa, half a voxel, is the longest step. The local
    volume after displacement by before is the determinant of the derivative of x + u.
    """
    images = [replace(v.images["image"], name=f"visit at day {v.days:g}") for v in visits.visits]
    first, later = images[0], images[1:]
    findings = ()
    if region is not None:
        region, findings = labels_on_grid(region, first.geometry, first.name)
    outside = OUTSIDE_HU if first.unit == "HU" else 0.0
    parameters = replace(parameters, outside=outside if parameters.outside is None else parameters.outside)
    registered = [
        register_visit(first, image, parameters, context.part(n / len(later), (n + 1) / len(later)), region)
        for n, image in enumerate(later)
    ]
    rows = [_row(day, one) for day, one in zip(visits.days[1:], registered)]
    return {
        "registered": {n: one.image for n, one in enumerate(registered, start=2)},
        "quality": Table({key: [row[key] for row in rows] for key in rows[0]}, UNITS, "quality"),
        "motion": _motion(visits.days[1:], registered),
        "findings": (*findings, *(finding for one in registered for finding in one.findings)),
    }


def _motion(days: np.ndarray, registered: list[RegisteredVisit]) -> Table:
    places = [(row, column) for row in range(3) for column in range(4)]
    columns = {f"m{r + 1}{c + 1}": [float(one.rigid[r, c]) for one in registered] for r, c in places}
    return Table({"day": days.tolist(), **columns}, {"day": "d", "m14": "mm", "m24": "mm", "m34": "mm"}, "motion")


def _row(day: float, one: RegisteredVisit) -> dict[str, object]:
    return {
        "day": float(day),
        "likeness before": one.similarity_before,
        "likeness after": one.similarity_after,
        "shared structure": one.shared.value,
        "shared by chance": one.shared.by_chance,
        "overlap": 100 * one.overlap,
        "smallest volume change": one.smallest_volume_change,
        "mean displacement": one.mean_displacement,
        "largest displacement": one.largest_displacement,
        "verdict": "; ".join(finding.message for finding in one.findings) or GOOD,
    }
