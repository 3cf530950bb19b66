"""The two-compartment uptake model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ...declare import Advanced, Help, Range, Unit, analysis
from ...steps.kinetics.kinetic_declaration import KINETIC_INPUTS, KineticParameters, kinetic_outputs
from ...steps.kinetics.kinetic_fit import fit_kinetic_model
from ...steps.kinetics.two_compartment_fit import two_compartment_model


@dataclass(frozen=True)
class TwoCompartmentUptakeParameters(KineticParameters):
    fp_max: Annotated[
        float, Unit("mL/100mL/min"), Range(10, 1000), Help("Upper bound of the plasma flow."), Advanced()
    ] = 200.0
    ps_max: Annotated[float, Unit("1/min"), Range(0.1, 20), Help("Upper bound of PS."), Advanced()] = 5.0
    vp_max: Annotated[float, Range(0.01, 1), Help("Upper bound of vp; 1 is the physical limit."), Advanced()] = 1.0


@analysis(
    id="kinetics.two_compartment_uptake",
    title="Two-compartment uptake model",
    citation="Sourbron & Buckley, On the scope and interpretation of the Tofts models for DCE-MRI, "
    "Magn Reson Med 66:735-745 (2011)",
    inputs=KINETIC_INPUTS,
    outputs=kinetic_outputs("fp", "ps", "vp"),
    parameters=TwoCompartmentUptakeParameters,
)
def two_compartment_uptake(
    series, mask=None, t1_map=None, b1_map=None, aif=None, aif_mask=None, *, parameters, context
):
    r"""Plasma flow, permeability and plasma volume while nothing flows back from the interstitium.

    Notes
    -----
    .. math:: v_p \frac{dC_p}{dt} = F_p (C_a - C_p) - PS \, C_p, \quad \frac{d(v_e C_e)}{dt} = PS \, C_p

    .. math:: C(t) = v_p C_p(t) + v_e C_e(t)

    Ca is the concentration in arterial plasma. It is the exchange model while the interstitium gives nothing back.
    """
    limits = parameters
    model = two_compartment_model(fp_max=limits.fp_max, ps_max=limits.ps_max, vp_max=limits.vp_max)
    inputs = {"mask": mask, "t1_map": t1_map, "b1_map": b1_map, "aif": aif, "aif_mask": aif_mask}
    return fit_kinetic_model(model, series, parameters=parameters, context=context, **inputs)
