"""The Logan plot of a PET tracer with a reference tissue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ...data.volumes import LabelMap
from ...declare import Help, Input, Range, Unit, analysis
from ...numerics.kinetics.graphical_analysis import frame_integrals
from ...steps.pet.graphical_fit import (
    GraphicalParameters,
    late_weights,
    logan_tracer,
    reference_activity,
    whole_curve_findings,
)
from ...steps.pet.pet_series import MASK, PET_SERIES, pet_frames
from ...steps.pet.tracer_fit import fit_tracer, tracer_outputs

MINUTE = 60.0


@dataclass(frozen=True)
class LoganReferenceParameters(GraphicalParameters):
    reference_k2: Annotated[
        float | None,
        Unit("1/min"),
        Range(0.001, 10),
        Help("k2' of the reference tissue; left out of the plot when empty, as may be done after long enough."),
    ] = None


@analysis(
    id="kinetics.logan_reference_plot",
    title="Logan plot with a reference tissue (PET)",
    citation="Logan et al., Distribution volume ratios without blood sampling from graphical analysis of PET data, "
    "J Cereb Blood Flow Metab 16:834-840 (1996)",
    inputs=[
        PET_SERIES,
        Input("reference_mask", LabelMap, help="Tissue without specific binding, as the cerebellum."),
        MASK,
    ],
    outputs=tracer_outputs("dvr"),
    parameters=LoganReferenceParameters,
)
def logan_reference_plot(series, reference_mask, mask=None, *, parameters, context):
    r"""Distribution volume over that of a reference tissue, without blood samples; 1 + BPnd.

    Notes
    -----
    .. math:: \frac{\int_0^t C \, d\tau}{C(t)} = DVR \, \frac{\int_0^t C_r \, d\tau + C_r(t) / k_2^\prime}{C(t)} + b

    Cr is the curve of the reference tissue; the term with its efflux rate is left out where that is not given.
    """
    frames = pet_frames(series, mask, parameters)
    late = whole_curve_findings(series, frames, "the Logan plot")
    weights = late_weights(series, frames, parameters.linear_from)
    reference = reference_activity(series, reference_mask, frames)
    driving = frame_integrals(reference[:, None], frames.starts, frames.ends)[:, 0]
    if parameters.reference_k2 is not None:
        driving = driving + reference / (parameters.reference_k2 / MINUTE)
    model = logan_tracer("dvr", driving, frames, weights)
    return fit_tracer(model, series, frames, mask=mask, context=context, told=late)
