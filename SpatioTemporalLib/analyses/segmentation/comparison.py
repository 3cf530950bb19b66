"""A segmentation beside the one that is taken for right: overlap, distances, and each lesion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from ...data.curve import Table
from ...data.volumes import Label, LabelMap
from ...declare import Help, Input, Output, Range, Unit, analysis
from ...errors import Finding, Severity
from ...steps.segmentations.mask_measures import COUNTED, EMPTY, measures_of, units_of
from ...steps.segmentations.matched_lesions import lesion_rows, lesion_summary
from ...steps.segmentations.paired_segments import image_diagonal, paired_segments, voxel_diagonal

AGREED, MISSED, ADDED = 1, 2, 3
ERRORS = {
    AGREED: Label("in both", (0.0, 0.62, 0.45)),
    MISSED: Label("only in the reference", (0.0, 0.45, 0.7)),
    ADDED: Label("only in the segmentation", (0.84, 0.37, 0.0)),
}
MEAN = "mean of what the reference has"


@dataclass(frozen=True)
class ComparisonParameters:
    tolerance: Annotated[
        float | None, Unit("mm"), Range(0, 100),
        Help("Within which surfaces agree; a voxel's diagonal when empty. Best the distance between two readers."),
    ] = None  # fmt: skip
    overlap: Annotated[
        float, Range(0, 0.99), Help("Intersection over union above which two lesions are the same.")
    ] = 0.1  # fmt: skip


@analysis(
    id="segmentation.comparison",
    title="Segmentation compared with a reference",
    citation="Taha and Hanbury, BMC Med Imaging 15:29 (2015); Nikolov et al., J Med Internet Res 23:e26151 (2021) for "
    "the surface Dice; Maier-Hein, Reinke et al., Metrics reloaded, Nat Methods 21:195 (2024)",
    inputs=[
        Input(
            "segmentation", LabelMap, may_be_empty=True, help="What is assessed; segments are compared by their names."
        ),
        Input("reference", LabelMap, may_be_empty=True, help="What is taken for right, on the same grid."),
    ],
    outputs=[
        Output("statistics", Table, help="Overlap, volumes and distances of each segment."),
        Output("lesions", Table, optional=True, help="Connected parts of each segment: found, missed or added."),
        Output("errors", LabelMap, help="Where both agree, and what only one of them has."),
    ],
    parameters=ComparisonParameters,
)
def comparison(segmentation, reference, *, parameters, context):
    r"""Overlap, distances of surfaces, volumes and lesions of a segmentation, segment by segment.

    Notes
    -----
    With A the voxels that were found, B those of the reference, and d(a, ∂B) the distance from a voxel of A's surface
    to the surface of B,

    .. math::
       DSC = \frac{2 |A \cap B|}{|A| + |B|}, \quad
       HD_{95} = \max\left( P_{95}\, d(a, \partial B),\; P_{95}\, d(b, \partial A) \right), \quad
       ASSD = \frac{\sum_a d(a, \partial B) + \sum_b d(b, \partial A)}{n_a + n_b}

    and NSD the share of both surfaces within the tolerance. A segment that was missed, or that the reference does not
    have, overlaps by 0 and is as far off as the image's diagonal is long, so that missing more never improves a mean;
    one that neither has cannot be measured and counts as right. Background is no segment. Surfaces are voxels with a
    neighbour outside (within the slice where there is one slice only), counted alike whatever their area, and
    percentiles are taken of each direction by itself.
    Lesions are connected parts (26 neighbours), paired by the largest overlap.
    """
    pairs, findings = paired_segments(segmentation, reference)
    geometry = reference.geometry
    tolerance = parameters.tolerance if parameters.tolerance is not None else voxel_diagonal(geometry)
    furthest = image_diagonal(geometry)
    measured, lesions = {}, []
    for n, (name, (found, wanted)) in enumerate(pairs.items()):
        context.progress(n / len(pairs), f"comparing {name}")
        measured[name], state = measures_of(found, wanted, geometry, tolerance, furthest)
        rows = lesion_rows(found, wanted, geometry, parameters.overlap)
        lesions += [{"region": name, **row} for row in rows]
        measured[name] |= lesion_summary(rows)
        findings += _findings(name, state, wanted | found)
    errors = _errors(segmentation, reference, pairs)
    return {
        "statistics": _statistics(measured, tolerance),
        "lesions": _lesions(lesions) if lesions else None,
        "errors": LabelMap(errors, geometry, ERRORS, "errors"),
        "findings": tuple(findings),
    }


def _findings(name: str, state: str, either: np.ndarray) -> list[Finding]:
    found = []
    if state:
        found.append(Finding("W-SEGMENT", Severity.WARN, f"{name} is {state}", name))
    edges = [np.take(either, side, axis) for axis in range(3) if either.shape[axis] > 1 for side in (0, -1)]
    if any(edge.any() for edge in edges):
        text = f"{name} touches the border of the image, where it may be cut off"
        found.append(Finding("N-BORDER", Severity.NOTE, text, name))
    return found


def _errors(segmentation: LabelMap, reference: LabelMap, pairs: dict[str, tuple]) -> np.ndarray:
    errors = np.zeros(reference.values.shape, np.uint8)
    agreed = np.zeros(errors.shape, bool)
    for found, wanted in pairs.values():
        errors[wanted & ~found] = MISSED
        errors[found & ~wanted] = np.where(reference.foreground, MISSED, ADDED)[found & ~wanted]
        agreed |= found & wanted
    errors[agreed] = AGREED
    return errors


def _statistics(measured: dict[str, dict[str, float]], tolerance: float) -> Table:
    """A row a segment and measure; the mean over segments that the reference has stands last."""
    units, rows = units_of(tolerance), []
    there = [values for values in measured.values() if values[COUNTED] > 0]
    everything = dict(measured)
    if len(measured) > 1 and there:
        averaged = [name for name in next(iter(measured.values())) if name not in (COUNTED, EMPTY)]
        everything[MEAN] = {name: float(np.mean([values[name] for values in there])) for name in averaged}
    for region, values in everything.items():
        rows += [(region, name, units.get(name, "1"), value) for name, value in values.items()]
    columns = list(zip(*rows))
    return Table(dict(zip(("region", "measure", "unit", "value"), map(list, columns))), name="statistics")


def _lesions(rows: list[dict[str, object]]) -> Table:
    units = {"volume": "mL", "volume found": "mL", "R": "mm", "A": "mm", "S": "mm"}
    return Table({name: [row[name] for row in rows] for name in rows[0]}, units, "lesions")
