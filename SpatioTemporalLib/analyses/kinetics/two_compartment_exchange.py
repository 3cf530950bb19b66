"""The two-compartment exchange model."""

from __future__ import annotations

from ...declare import analysis
from ...steps.kinetics.kinetic_declaration import KINETIC_INPUTS, ExchangeParameters, kinetic_outputs
from ...steps.kinetics.kinetic_fit import fit_kinetic_model
from ...steps.kinetics.two_compartment_fit import two_compartment_model


@analysis(
    id="kinetics.two_compartment_exchange",
    title="Two-compartment exchange model",
    citation="Sourbron & Buckley, Tracer kinetic modelling in MRI: estimating perfusion and capillary permeability, "
    "Phys Med Biol 57:R1-R33 (2012)",
    inputs=KINETIC_INPUTS,
    outputs=kinetic_outputs("fp", "ps", "ve", "vp"),
    parameters=ExchangeParameters,
)
def two_compartment_exchange(
    series, mask=None, t1_map=None, b1_map=None, aif=None, aif_mask=None, *, parameters, context
):
    r"""Plasma flow and permeability apart, from series of two seconds a frame or faster.

    Notes
    -----
    .. math:: v_p \frac{dC_p}{dt} = F_p (C_a - C_p) - PS (C_p - C_e), \quad v_e \frac{dC_e}{dt} = PS (C_p - C_e)

    .. math:: C(t) = v_p C_p(t) + v_e C_e(t)

    Ca is the concentration in arterial plasma.
    """
    limits = parameters
    model = two_compartment_model(
        fp_max=limits.fp_max, ps_max=limits.ps_max, ve_max=limits.ve_max, vp_max=limits.vp_max
    )
    inputs = {"mask": mask, "t1_map": t1_map, "b1_map": b1_map, "aif": aif, "aif_mask": aif_mask}
    return fit_kinetic_model(model, series, parameters=parameters, context=context, **inputs)
