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
    r"""Flow, transit time and permeability where the interstitium does not mix along the capillary; slower.

    Notes
    -----
    .. math:: \frac{\partial C_p}{\partial t} + \frac{1}{T_c} \frac{\partial C_p}{\partial x} = \frac{PS}{v_p} (C_e -
        C_p), \quad v_e \frac{\partial C_e}{\partial t} = PS (C_p - C_e)

    Plasma crosses the capillary, 0 to 1 in x, in plug flow in the time Tc = vp / Fp, and exchanges with an
    interstitium that is mixed across the capillary but not along it.
    """
    model = plug_flow_model("distributed", parameters)
    inputs = {"mask": mask, "t1_map": t1_map, "b1_map": b1_map, "aif": aif, "aif_mask": aif_mask}
    return fit_kinetic_model(model, series, parameters=parameters, context=context, **inputs)
