"""The adiabatic approximation to the tissue homogeneity model."""

from __future__ import annotations

from ...declare import analysis
from ...steps.kinetics.kinetic_declaration import KINETIC_INPUTS, ExchangeParameters, kinetic_outputs
from ...steps.kinetics.kinetic_fit import fit_kinetic_model
from ...steps.kinetics.plug_flow_fit import plug_flow_model


@analysis(
    id="kinetics.adiabatic_tissue_homogeneity",
    title="Adiabatic tissue homogeneity model (AATH)",
    citation="St Lawrence & Lee, An adiabatic approximation to the tissue homogeneity model for water exchange in the "
    "brain: I. Theoretical derivation, J Cereb Blood Flow Metab 18:1365-1377 (1998)",
    inputs=KINETIC_INPUTS,
    outputs=kinetic_outputs("fp", "ps", "ve", "vp", "mtt"),
    parameters=ExchangeParameters,
)
def adiabatic_tissue_homogeneity(
    series, mask=None, t1_map=None, b1_map=None, aif=None, aif_mask=None, *, parameters, context
):
    r"""Flow, capillary transit time and permeability, for bolus series of two seconds a frame or faster.

    Notes
    -----
    .. math:: C(t) = F_p \int_0^{T_c} C_a(t - \tau) \, d\tau + E F_p \int_{T_c}^t C_a(t - \tau) \, e^{-(\tau - T_c) E
        F_p / v_e} \, d\tau

    .. math:: T_c = v_p / F_p, \quad E = 1 - e^{-PS / F_p}

    Plasma crosses the capillary in plug flow in the time Tc; the concentration in the interstitium changes slowly
    against that.
    """
    model = plug_flow_model("adiabatic", parameters)
    inputs = {"mask": mask, "t1_map": t1_map, "b1_map": b1_map, "aif": aif, "aif_mask": aif_mask}
    return fit_kinetic_model(model, series, parameters=parameters, context=context, **inputs)
