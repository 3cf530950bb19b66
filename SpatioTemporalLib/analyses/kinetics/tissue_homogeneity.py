"""The tissue homogeneity model."""

from __future__ import annotations

from ...declare import analysis
from ...steps.kinetics.kinetic_declaration import KINETIC_INPUTS, ExchangeParameters, kinetic_outputs
from ...steps.kinetics.kinetic_fit import fit_kinetic_model
from ...steps.kinetics.plug_flow_fit import plug_flow_model


@analysis(
    id="kinetics.tissue_homogeneity",
    title="Tissue homogeneity model",
    citation="Johnson & Wilson, A model for capillary exchange, Am J Physiol 210:1299-1303 (1966)",
    inputs=KINETIC_INPUTS,
    outputs=kinetic_outputs("fp", "ps", "ve", "vp", "mtt"),
    parameters=ExchangeParameters,
)
def tissue_homogeneity(series, mask=None, t1_map=None, b1_map=None, aif=None, aif_mask=None, *, parameters, context):
    """Flow, transit time and permeability without the adiabatic approximation; slower."""
    model = plug_flow_model("homogeneous", parameters)
    inputs = {"mask": mask, "t1_map": t1_map, "b1_map": b1_map, "aif": aif, "aif_mask": aif_mask}
    return fit_kinetic_model(model, series, parameters=parameters, context=context, **inputs)
