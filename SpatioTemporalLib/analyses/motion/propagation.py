"""A segmentation drawn on one frame, carried through all the others by registration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from ...data.curve import Table
from ...data.series import Series
from ...data.volumes import LabelMap, LabelSeries
from ...declare import Advanced, Help, Input, Output, Range, Unit, analysis
from ...errors import InputError
from ...steps.motion.propagation import carried_through, findings_of


@dataclass(frozen=True)
class PropagationParameters:
    frame: Annotated[
        int, Range(0, 100000), Help("On which frame the segmentation was drawn, counted from 0, the first.")
    ] = 0  # fmt: skip
    cycle: Annotated[
        bool, Help("The frames are one whole cycle, the last followed by the first; half are then reached backwards.")
    ] = True  # fmt: skip
    smoothness: Annotated[
        float, Unit("mm"), Range(0.5, 50), Help("Width of the Gaussian that smooths the deformation; about two voxels.")
    ] = 3.0  # fmt: skip
    corrected: Annotated[
        bool, Help("Correct each way against the frame that was drawn on, so that errors of steps do not add up."),
        Advanced(),
    ] = True  # fmt: skip


@analysis(
    id="motion.propagation",
    title="Segmentation carried through all frames",
    citation="Thirion, Med Image Anal 2:243 (1998), and Vercauteren et al., NeuroImage 45:S61 (2009), for the "
    "registration, by SimpleITK",
    inputs=[
        Input(
            "series", Series, min_frames=2, made_for=("cine", "ct_4d"),
            help="Frames in which the same tissue moves and keeps its brightness.",
        ),
        Input("labels", LabelMap, help="Segmentation that was drawn on one of the frames."),
    ],
    outputs=[
        Output("labels", LabelSeries, help="The segmentation in every frame; as drawn in the one it was drawn on."),
        Output(
            "quality", Table,
            help="Of each frame: correlation with the drawn one before and after registration; of the labels the least "
            "local volume after by before, and how far they moved.",
        ),
    ],
    parameters=PropagationParameters,
)  # fmt: skip
def propagation(series, labels, *, parameters, context):
    r"""The segmentation of every frame from that of one, through deformations from frame to frame.

    Notes
    -----
    From the frame that was drawn on, each next one n is registered to its neighbour n - 1, and the displacements u are
    put one after the other,

    .. math:: U_n(x) = u_n(x) + U_{n-1}(x + u_n(x))

    so that labels are sampled once, where they were drawn. Each way is then corrected by some more steps against the
    drawn frame itself. The displacements are those of symmetric demons, coarse to fine, smoothed in each step; tissue
    has to keep its brightness from frame to frame. What lies more than 40 mm from the labels within the slices is left
    out. Of each label the share is interpolated, and the largest counts. One slice is registered in its plane: what
    moves through it is not seen.
    """
    if parameters.frame >= series.frame_count:
        raise InputError(
            "E-FRAME",
            f"frame {parameters.frame} was drawn on, the frames are 0 to {series.frame_count - 1}",
            where=series.name,
            fix="Give the number of the frame, counted from 0.",
        )
    found = carried_through(
        series, labels.values, parameters.frame, cycle=parameters.cycle, corrected=parameters.corrected,
        smoothness=parameters.smoothness, context=context,
    )  # fmt: skip
    values = np.stack([found[n].labels if n in found else labels.values for n in range(series.frame_count)])
    order = sorted(found)
    quality = {
        "frame": order, "time": [float(series.times[n]) for n in order],
        "likeness before": [found[n].before for n in order], "likeness after": [found[n].after for n in order],
        "smallest volume change": [found[n].smallest for n in order],
        "largest displacement": [found[n].furthest for n in order],
    }  # fmt: skip
    return {
        "labels": LabelSeries(
            values, series.times, series.geometry, labels.labels, series.name, time_source=series.time_source
        ),
        "quality": Table(quality, {"time": "s", "largest displacement": "mm"}, "quality"),
        "findings": findings_of(found, series.name),
    }
