"""The two-compartment exchange model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ...declare import Advanced, Help, Range, Unit, analysis
from ...steps.kinetic_declaration import KINETIC_INPUTS, KineticParameters, kinetic_outputs
from ...steps.kinetic_fit import fit_kinetic_model
from ...steps.two_compartment_fit import two_compartment_model


@dataclass(frozen=True)
class TwoCompartmentExchangeParameters(KineticParameters):
    fp_max: Annotated[
        float, Unit("mL/100mL/min"), Range(10, 1000), Help("Upper bound of the plasma flow."), Advanced()
    ] = 200.0
    ps_max: Annotated[float, Unit("1/min"), Range(0.1, 20), Help("Upper bound of PS."), Advanced()] = 5.0
    ve_max: Annotated[float, Range(0.1, 1), Help("Upper bound of ve; 1 is the physical limit."), Advanced()] = 1.0
    vp_max: Annotated[float, Range(0.01, 1), Help("Upper bound of vp; 1 is the physical limit."), Advanced()] = 1.0


@analysis(
    id="kinetics.two_compartment_exchange",
    title="Two-compartment exchange model",
    citation="Sourbron & Buckley, Tracer kinetic modelling in MRI: estimating perfusion and capillary permeability, "
    "Phys Med Biol 57:R1-R33 (2012)",
    inputs=KINETIC_INPUTS,
    outputs=kinetic_outputs("fp", "ps", "ve", "vp"),
    parameters=TwoCompartmentExchangeParameters,
)
def two_compartment_exchange(
    series, mask=None, t1_map=None, b1_map=None, aif=None, aif_mask=None, *, parameters, context
):
    """Plasma flow and permeability apart, from series of two seconds a frame or faster."""
    limits = parameters
    model = two_compartment_model(
        fp_max=limits.fp_max, ps_max=limits.ps_max, ve_max=limits.ve_max, vp_max=limits.vp_max
    )
    inputs = {"mask": mask, "t1_map": t1_map, "b1_map": b1_map, "aif": aif, "aif_mask": aif_mask}
    return fit_kinetic_model(model, series, parameters=parameters, context=context, **inputs)
