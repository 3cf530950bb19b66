"""The distributed parameter model."""

from __future__ import annotations

from ...declare import analysis
from ...steps.kinetics.kinetic_declaration import KINETIC_INPUTS, ExchangeParameters, kinetic_outputs
from ...steps.kinetics.kinetic_fit import fit_kinetic_model
from ...steps.kinetics.plug_flow_fit import plug_flow_model


@analysis(
    id="kinetics.distributed_parameter",
    title="Distributed parameter model",
    citation="Koh et al., A physiologic model of capillary-tissue exchange for dynamic contrast-enhanced imaging of "
    "tumor microcirculation, IEEE Trans Biomed Eng 50:159-167 (2003)",
    inputs=KINETIC_INPUTS,
    outputs=kinetic_outputs("fp", "ps", "ve", "vp", "mtt"),
    parameters=ExchangeParameters,
)
def distributed_parameter(series, mask=None, t1_map=None, b1_map=None, aif=None, aif_mask=None, *, parameters, context):
    """Flow, transit time and permeability where the interstitium does not mix along the capillary; slower."""
    model = plug_flow_model("distributed", parameters)
    inputs = {"mask": mask, "t1_map": t1_map, "b1_map": b1_map, "aif": aif, "aif_mask": aif_mask}
    return fit_kinetic_model(model, series, parameters=parameters, context=context, **inputs)
