"""The one-compartment model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ...declare import Advanced, Help, Range, Unit, analysis
from ...steps.kinetics.kinetic_declaration import KINETIC_INPUTS, KineticParameters, kinetic_outputs
from ...steps.kinetics.kinetic_fit import fit_kinetic_model
from ...steps.kinetics.two_compartment_fit import two_compartment_model


@dataclass(frozen=True)
class OneCompartmentParameters(KineticParameters):
    fp_max: Annotated[
        float, Unit("mL/100mL/min"), Range(10, 1000), Help("Upper bound of the plasma flow."), Advanced()
    ] = 200.0
    v_max: Annotated[float, Range(0.1, 1), Help("Upper bound of v; 1 is the physical limit."), Advanced()] = 1.0


@analysis(
    id="kinetics.one_compartment",
    title="One-compartment model",
    citation="Sourbron & Buckley, Tracer kinetic modelling in MRI: estimating perfusion and capillary permeability, "
    "Phys Med Biol 57:R1-R33 (2012)",
    inputs=KINETIC_INPUTS,
    outputs=kinetic_outputs("fp", "v"),
    parameters=OneCompartmentParameters,
)
def one_compartment(series, mask=None, t1_map=None, b1_map=None, aif=None, aif_mask=None, *, parameters, context):
    r"""Flow and volume of tissue that mixes as one: no barrier, or none that can be passed.

    Notes
    -----
    .. math:: C(t) = F_p \int_0^t C_a(\tau) \, e^{-(t - \tau) F_p / v} \, d\tau

    Ca is the concentration in arterial plasma.
    """
    limits = parameters
    model = two_compartment_model(fp_max=limits.fp_max, vp_max=limits.v_max, volume="v")
    inputs = {"mask": mask, "t1_map": t1_map, "b1_map": b1_map, "aif": aif, "aif_mask": aif_mask}
    return fit_kinetic_model(model, series, parameters=parameters, context=context, **inputs)
