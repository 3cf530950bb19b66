"""The Patlak model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ...declare import Advanced, Help, Range, Unit, analysis
from ...steps.kinetics.kinetic_declaration import KINETIC_INPUTS, KineticParameters, kinetic_outputs
from ...steps.kinetics.kinetic_fit import fit_kinetic_model
from ...steps.kinetics.patlak_fit import patlak_model


@dataclass(frozen=True)
class PatlakParameters(KineticParameters):
    ktrans_max: Annotated[float, Unit("1/min"), Range(0.01, 10), Help("Upper bound of Ktrans."), Advanced()] = 5.0
    vp_max: Annotated[float, Range(0.01, 1), Help("Upper bound of vp; 1 is the physical limit."), Advanced()] = 1.0


@analysis(
    id="kinetics.patlak",
    title="Patlak model",
    citation="Patlak et al., J Cereb Blood Flow Metab 3:1 (1983), doi:10.1038/jcbfm.1983.1",
    inputs=KINETIC_INPUTS,
    outputs=kinetic_outputs("ktrans", "vp"),
    parameters=PatlakParameters,
)
def patlak(series, mask=None, t1_map=None, b1_map=None, aif=None, aif_mask=None, *, parameters, context):
    r"""Ktrans and vp while nothing flows back: slow leakage, as through a nearly intact blood-brain barrier.

    Notes
    -----
    .. math:: C(t) = v_p C_p(t) + K^{trans} \int_0^t C_p(\tau) \, d\tau

    Cp is the concentration in plasma. Both parameters enter linearly.
    """
    model = patlak_model(ktrans_max=parameters.ktrans_max, vp_max=parameters.vp_max)
    inputs = {"mask": mask, "t1_map": t1_map, "b1_map": b1_map, "aif": aif, "aif_mask": aif_mask}
    return fit_kinetic_model(model, series, parameters=parameters, context=context, **inputs)
