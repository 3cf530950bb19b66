"""How thick the wall of a chamber is in each frame, and how it thickens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from ...data.curve import Curve, Table
from ...data.result import Display
from ...data.volumes import LabelSeries, Map
from ...declare import Help, Input, Output, analysis
from ...errors import Finding, InputError, Severity
from ...numerics.spatial.thickness import wall_thickness as thickness_of
from ...steps.motion.segments_over_time import chosen_labels, volumes_of

THICKEST = 100.0  # mm, of any wall that beats


@dataclass(frozen=True)
class WallThicknessParameters:
    wall: Annotated[str, Help("Name of the segment of the wall, as myocardium.")] = "wall"
    cavity: Annotated[str, Help("Name of the segment that it surrounds.")] = "cavity"
    in_slices: Annotated[
        bool,
        Help("Measure within each slice, as of short-axis images, where base and apex are open; otherwise in space."),
    ] = False


@analysis(
    id="motion.wall_thickness",
    title="Wall thickness",
    citation="Own definition: the sum of the shortest ways to both surfaces. Jones et al., Hum Brain Mapp 11:12 "
    "(2000), doi 10.1002/1097-0193(200009)11:1<12::AID-HBM20>3.0.CO;2-K, compares it with thickness by field lines",
    inputs=[
        Input(
            "labels", LabelSeries, results=("motion.propagation:labels", "labels"),
            help="A segmentation of every frame, with a wall around a cavity.",
        )
    ],
    outputs=[
        Output(
            "thickness_diastole", Map, unit="mm", help="Of each voxel of the wall, where the cavity is largest.",
            display=Display(symbol="thickness in diastole"), range=(0, THICKEST),
        ),
        Output(
            "thickness_systole", Map, unit="mm", optional=True,
            help="Of each voxel of the wall, where the cavity is smallest.",
            display=Display(symbol="thickness in systole"), range=(0, THICKEST),
        ),
        Output("thickness", Curve, unit="mm", help="Mean over the wall in each frame, with the spread of its voxels."),
        Output("measures", Table, help="Thickness in both frames, and how much the wall thickens."),
    ],
    parameters=WallThicknessParameters,
)  # fmt: skip
def wall_thickness(labels, *, parameters, context):
    r"""Thickness of a wall around a cavity in every frame, and its thickening.

    Notes
    -----
    The thickness at a voxel of the wall is the length of the shortest way from its middle to the surface of the cavity,
    and of that to the outer surface of cavity and wall together,

    .. math:: h(x) = d(x, \partial C) + d(x, \partial (C \cup W))

    Surfaces pass between voxels, where the mask, smoothed by a Gaussian of 0.7 voxels, falls below a half. Between
    surfaces that run side by side it is their distance at every point. Where the wall ends, as at the open base of a
    ventricle, its end is taken for a surface; measure in slices there. Beyond the images surfaces are taken to go on.
    Diastole is the frame in which the cavity is largest, systole that in which it is smallest. The mean is over all
    voxels of the wall.
    """
    if parameters.wall.strip().casefold() == parameters.cavity.strip().casefold():
        raise InputError(
            "E-SEGMENT", f"wall and cavity are both {parameters.wall!r}", where=labels.name, fix="Name two segments."
        )
    wall, cavity = chosen_labels(labels, (parameters.wall, parameters.cavity))
    volumes = volumes_of(labels, cavity)
    volumes_of(labels, wall)
    largest, smallest = int(np.argmax(volumes)), int(np.argmin(volumes))
    means, spreads, kept, skipped = [], [], {}, 0
    for n, frame in enumerate(labels.values):
        context.progress(n / labels.frame_count, f"frame {n + 1} of {labels.frame_count}")
        thickness, left = _frame(frame == wall, frame == cavity, labels, parameters.in_slices)
        skipped += left
        known = thickness[np.isfinite(thickness)]
        if not known.size:
            raise InputError(
                "E-LABEL-FRAME", f"no slice of frame {n} has both the wall and the cavity", where=labels.name,
                fix="Draw both, or measure in space (in_slices = false).",
            )  # fmt: skip
        means.append(float(known.mean()))
        # Half of what the middle 68 % of the voxels span.
        spreads.append(float(np.subtract(*np.percentile(known, (84.13, 15.87))) / 2))
        if n in (largest, smallest):
            kept[n] = thickness
    maps = {n: Map(values.astype(np.float32), labels.geometry, "mm", "thickness") for n, values in kept.items()}
    return {
        "thickness_diastole": maps[largest],
        "thickness_systole": maps[smallest] if smallest != largest else None,
        "thickness": (Curve(labels.times, means, "mm", "wall thickness", spread=spreads, drawn="line"),),
        "measures": _measures(labels, means, spreads, largest, smallest),
        "findings": _told(skipped, labels.name),
    }


def _frame(wall: np.ndarray, cavity: np.ndarray, labels: LabelSeries, in_slices: bool) -> tuple[np.ndarray, int]:
    """(K, J, I) mm, NaN outside the wall, and in how many slices a wall has no cavity to be measured from."""
    spacing = labels.geometry.spacing[::-1]
    thickness = np.full(wall.shape, np.nan)
    if not in_slices:
        thickness[wall] = thickness_of(wall, cavity, spacing).whole
        return thickness, 0
    left = 0
    for k in range(len(wall)):
        part = slice(k, k + 1)
        if wall[k].any() and cavity[k].any():
            thickness[part][wall[part]] = thickness_of(wall[part], cavity[part], spacing).whole
        else:
            left += bool(wall[k].any())
    return thickness, left


def _measures(labels: LabelSeries, means: list, spreads: list, largest: int, smallest: int) -> Table:
    rows = [
        ("thickness in diastole", "mm", means[largest]), ("spread in diastole", "mm", spreads[largest]),
        ("time of diastole", "s", float(labels.times[largest])), ("thickness in systole", "mm", means[smallest]),
        ("spread in systole", "mm", spreads[smallest]), ("time of systole", "s", float(labels.times[smallest])),
        ("thickening", "%", 100 * (means[smallest] / means[largest] - 1)),
        ("largest thickness", "mm", max(means)), ("smallest thickness", "mm", min(means)),
    ]  # fmt: skip
    return Table(dict(zip(("measure", "unit", "value"), map(list, zip(*rows)))), name="measures")


def _told(skipped: int, name: str) -> tuple[Finding, ...]:
    if not skipped:
        return ()
    text = f"in {skipped} slices of all frames the wall has no cavity, and no thickness is measured there"
    return (Finding("N-NO-CAVITY", Severity.NOTE, text, name),)
