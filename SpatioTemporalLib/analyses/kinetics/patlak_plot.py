"""The Patlak plot of a PET tracer."""

from __future__ import annotations

import numpy as np

from ...declare import analysis
from ...numerics.kinetics.graphical_analysis import fitted_line
from ...numerics.signal.exponential_convolution import running_integral, sampled_input
from ...steps.pet.graphical_fit import GraphicalParameters, graphical_estimates, late_weights
from ...steps.pet.pet_series import MASK, PET_SERIES, PLASMA, blood_curve, pet_frames
from ...steps.pet.tracer_fit import Tracer, fit_tracer, tracer_outputs

MINUTE = 60.0


@analysis(
    id="kinetics.patlak_plot",
    title="Patlak plot (PET)",
    citation="Patlak et al., J Cereb Blood Flow Metab 3:1 (1983), doi:10.1038/jcbfm.1983.1",
    inputs=[PET_SERIES, PLASMA, MASK],
    outputs=tracer_outputs("ki", "intercept"),
    parameters=GraphicalParameters,
)
def patlak_plot(series, plasma, mask=None, *, parameters, context):
    r"""Net influx rate of a tracer that is trapped, from the line that late frames form.

    Notes
    -----
    .. math:: \frac{C(t)}{C_p(t)} = K_i \frac{\int_0^t C_p \, d\tau}{C_p(t)} + V_0

    The line is fitted from linear_from on.
    """
    frames = pet_frames(series, mask, parameters)
    plasma, told = blood_curve(plasma, frames, parameters)
    weights = late_weights(series, frames, parameters.linear_from)
    plain = frames.sampling.scaled(None)
    level = plain.frames(sampled_input(plasma.times, plasma.values, plain.times))
    integral = running_integral(plasma.times, plasma.values, frames.middles)
    # Frames without tracer in plasma have no place on the plot.
    weights = np.where(level > 0, weights, 0.0)
    level = np.where(level > 0, level, 1.0)

    def model(ki, intercept):
        fitted = np.outer(integral, np.atleast_1d(ki) / MINUTE) + np.outer(level, np.atleast_1d(intercept))
        return np.where(weights[:, None] > 0, fitted, np.nan)

    def fit(activity):
        line = fitted_line((integral / level)[:, None], activity / level[:, None], weights)
        values = {"ki": line.slope * MINUTE, "intercept": line.intercept}
        errors = {"ki": line.slope_error * MINUTE, "intercept": line.intercept_error}
        return graphical_estimates(values, errors, activity, model(values["ki"], values["intercept"]))

    def curve(activity, values):
        return model(values["ki"], values["intercept"])[:, 0]

    return fit_tracer(Tracer(("ki", "intercept"), fit, curve), series, frames, mask=mask, context=context, told=told)
