"""The dual-input one-compartment model of the liver."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ...declare import Advanced, Choices, Help, Range, Unit, analysis
from ...steps.kinetics.dual_input_fit import dual_input_model
from ...steps.kinetics.kinetic_declaration import KINETIC_INPUTS, KineticParameters, kinetic_outputs
from ...steps.kinetics.kinetic_fit import fit_kinetic_model
from ...steps.kinetics.liver_inputs import PORTAL_CURVE, PORTAL_MASK, portal_plasma, required_portal


@dataclass(frozen=True)
class DualInputLiverParameters(KineticParameters):
    delay: Annotated[
        str,
        Choices("none", "each"),
        Help("each: the delays from artery and portal vein are fitted in every voxel; slower."),
    ] = "each"
    largest_delay: Annotated[
        float, Unit("s"), Range(0.5, 60), Help("Delays are searched from zero to this."), Advanced()
    ] = 15.0
    fp_max: Annotated[
        float, Unit("mL/100mL/min"), Range(10, 2000), Help("Upper bound of the plasma flow of each inlet."), Advanced()
    ] = 500.0
    mtt_max: Annotated[float, Unit("s"), Range(10, 3600), Help("Upper bound of the mean transit time."), Advanced()] = (
        300.0
    )


@analysis(
    id="kinetics.dual_input_liver",
    title="Dual-input liver perfusion",
    citation="Materne et al., Assessment of hepatic perfusion parameters with dynamic MRI, Magn Reson Med 47:135-142 "
    "(2002)",
    inputs=(*KINETIC_INPUTS, PORTAL_CURVE, PORTAL_MASK),
    outputs=kinetic_outputs("fp", "arterial_fraction", "v", "mtt", "arterial_delay", "portal_delay"),
    parameters=DualInputLiverParameters,
)
def dual_input_liver(
    series,
    mask=None,
    t1_map=None,
    b1_map=None,
    aif=None,
    aif_mask=None,
    portal_vein=None,
    portal_mask=None,
    *,
    parameters,
    context,
):
    r"""Flow, its arterial part, distribution volume and mean transit time of liver fed by artery and portal vein.

    Notes
    -----
    .. math:: C(t) = F_p \int_0^t \left( f \, C_a(\tau - d_a) + (1 - f) \, C_v(\tau - d_v) \right) e^{-(t - \tau) /
        MTT} \, d\tau

    f is the arterial part of the flow, Ca and Cv are the plasma concentrations in artery and portal vein, d their
    delays. The distribution volume is Fp MTT.
    """
    portal = required_portal(portal_plasma(series, portal_vein, portal_mask, mask, parameters), "the dual-input model")
    model = dual_input_model(
        portal,
        fp_max=parameters.fp_max,
        mtt_max=parameters.mtt_max,
        largest_delay=parameters.largest_delay if parameters.delay == "each" else 0.0,
    )
    inputs = {"mask": mask, "t1_map": t1_map, "b1_map": b1_map, "aif": aif, "aif_mask": aif_mask}
    found = fit_kinetic_model(model, series, parameters=parameters, context=context, **inputs)
    return {**found, "input_function": (*found["input_function"], portal)}
