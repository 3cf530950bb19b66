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
    r"""Flow, transit time and permeability without the adiabatic approximation; slower.

    Notes
    -----
    .. math:: \frac{\partial C_p}{\partial t} + \frac{1}{T_c} \frac{\partial C_p}{\partial x} = \frac{PS}{v_p} (C_e -
        C_p), \quad v_e \frac{dC_e}{dt} = PS \int_0^1 (C_p - C_e) \, dx

    Plasma crosses the capillary, 0 to 1 in x, in plug flow in the time Tc = vp / Fp, and exchanges with an
    interstitium that is mixed along the capillary.
    """
    model = plug_flow_model("homogeneous", parameters)
    inputs = {"mask": mask, "t1_map": t1_map, "b1_map": b1_map, "aif": aif, "aif_mask": aif_mask}
    return fit_kinetic_model(model, series, parameters=parameters, context=context, **inputs)
