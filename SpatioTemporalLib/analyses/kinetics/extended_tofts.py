"""The extended Tofts model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ...declare import Advanced, Help, Range, Unit, analysis
from ...steps.kinetics.kinetic_declaration import KINETIC_INPUTS, KineticParameters, kinetic_outputs
from ...steps.kinetics.kinetic_fit import fit_kinetic_model
from ...steps.kinetics.tofts_fit import FitDomainParameters, tofts_model


@dataclass(frozen=True)
class ExtendedToftsParameters(FitDomainParameters, KineticParameters):
    ve_max: Annotated[float, Range(0.1, 10), Help("Upper bound of ve; 1 is the physical limit."), Advanced()] = 1.0
    vp_max: Annotated[float, Range(0.01, 1), Help("Upper bound of vp; 1 is the physical limit."), Advanced()] = 1.0
    kep_min: Annotated[float, Unit("1/min"), Range(1e-4, 1), Help("Lower bound of kep."), Advanced()] = 1e-3
    kep_max: Annotated[
        float,
        Unit("1/min"),
        Range(1, 200),
        Help("Upper bound of kep. Faster exchange than the sampling resolves looks like plasma volume."),
        Advanced(),
    ] = 20.0


@analysis(
    id="kinetics.extended_tofts",
    title="Extended Tofts model",
    citation="Tofts et al., Estimating kinetic parameters from dynamic contrast-enhanced T1-weighted MRI of a "
    "diffusable tracer, J Magn Reson Imaging 10:223-232 (1999)",
    inputs=KINETIC_INPUTS,
    outputs=kinetic_outputs("ktrans", "ve", "vp", "kep"),
    parameters=ExtendedToftsParameters,
)
def extended_tofts(series, mask=None, t1_map=None, b1_map=None, aif=None, aif_mask=None, *, parameters, context):
    r"""Ktrans, ve and vp: leakage into the tissue beside the tissue's own plasma.

    Notes
    -----
    .. math:: C(t) = v_p C_p(t) + K^{trans} \int_0^t C_p(\tau) \, e^{-k_{ep} (t - \tau)} \, d\tau, \quad k_{ep} =
        K^{trans} / v_e

    Cp is the concentration in plasma, that in blood over 1 - hematocrit. The convolution is exact for an input that
    is linear between its samples. Ktrans and vp enter linearly, so that for each kep their bounded optimum is known
    and only kep is searched for.
    """
    bounds = (parameters.kep_min, parameters.kep_max)
    model = tofts_model(
        kep_bounds=bounds, ve_max=parameters.ve_max, vp_max=parameters.vp_max, fit_domain=parameters.fit_domain
    )
    inputs = {"mask": mask, "t1_map": t1_map, "b1_map": b1_map, "aif": aif, "aif_mask": aif_mask}
    return fit_kinetic_model(model, series, parameters=parameters, context=context, **inputs)
