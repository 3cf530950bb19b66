"""The Logan plot of a PET tracer with a plasma input."""

from __future__ import annotations

from ...declare import analysis
from ...numerics.signal.exponential_convolution import running_integral
from ...steps.pet.graphical_fit import GraphicalParameters, late_weights, logan_tracer, whole_curve_findings
from ...steps.pet.pet_series import MASK, PET_SERIES, PLASMA, blood_curve, pet_frames
from ...steps.pet.tracer_fit import fit_tracer, tracer_outputs


@analysis(
    id="kinetics.logan_plot",
    title="Logan plot (PET)",
    citation="Logan et al., Graphical analysis of reversible radioligand binding from time-activity measurements "
    "applied to [N-11C-methyl]-(-)-cocaine PET studies in human subjects, J Cereb Blood Flow Metab 10:740-747 (1990)",
    inputs=[PET_SERIES, PLASMA, MASK],
    outputs=tracer_outputs("vt"),
    parameters=GraphicalParameters,
)
def logan_plot(series, plasma, mask=None, *, parameters, context):
    r"""Distribution volume of a tracer that binds reversibly, without a model; noise in voxels makes it too small.

    Notes
    -----
    .. math:: \frac{\int_0^t C \, d\tau}{C(t)} = V_T \frac{\int_0^t C_p \, d\tau}{C(t)} + b

    The line is fitted from linear_from on. C stands on both sides, so that its noise makes VT too small.
    """
    frames = pet_frames(series, mask, parameters)
    plasma, told = blood_curve(plasma, frames, parameters)
    late = whole_curve_findings(series, frames, "the Logan plot")
    weights = late_weights(series, frames, parameters.linear_from)
    integral = running_integral(plasma.times, plasma.values, frames.middles)
    model = logan_tracer("vt", integral, frames, weights)
    return fit_tracer(model, series, frames, mask=mask, context=context, told=(*told, *late))
