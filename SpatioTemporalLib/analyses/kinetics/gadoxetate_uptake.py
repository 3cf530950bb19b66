"""Uptake of gadoxetate by hepatocytes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np

from ...data.curve import Curve
from ...declare import Advanced, Help, Range, Unit, analysis
from ...steps.kinetics.kinetic_declaration import KINETIC_INPUTS, KineticParameters, kinetic_outputs
from ...steps.kinetics.kinetic_fit import fit_kinetic_model
from ...steps.kinetics.kinetic_model import Estimates, KineticModel
from ...steps.kinetics.liver_inputs import PORTAL_CURVE, PORTAL_MASK, mixed_input, portal_plasma
from ...steps.kinetics.tofts_fit import tofts_model

# The model has the form of the extended Tofts model, whose names these are.
FORM = {"khe": "ktrans", "ve": "vp", "kbh": "kep"}


@dataclass(frozen=True)
class GadoxetateParameters(KineticParameters):
    arterial_fraction: Annotated[
        float, Range(0, 1), Help("Part of the flow that comes from the artery, where a portal vein is given.")
    ] = 0.25
    khe_max: Annotated[float, Unit("1/min"), Range(0.01, 10), Help("Upper bound of khe."), Advanced()] = 5.0
    ve_max: Annotated[float, Range(0.1, 1), Help("Upper bound of ve; 1 is the physical limit."), Advanced()] = 1.0
    kbh_min: Annotated[float, Unit("1/min"), Range(1e-6, 0.1), Help("Lower bound of kbh."), Advanced()] = 1e-4
    kbh_max: Annotated[float, Unit("1/min"), Range(0.01, 10), Help("Upper bound of kbh."), Advanced()] = 1.0


@analysis(
    id="kinetics.gadoxetate_uptake",
    title="Gadoxetate uptake of the liver",
    citation="Georgiou et al., Quantitative assessment of liver function using gadoxetate-enhanced magnetic resonance "
    "imaging, Invest Radiol 52:111-119 (2017); Sourbron et al., Radiology 263:874-883 (2012)",
    inputs=(*KINETIC_INPUTS, PORTAL_CURVE, PORTAL_MASK),
    outputs=kinetic_outputs("khe", "ve", "kbh"),
    parameters=GadoxetateParameters,
)
def gadoxetate_uptake(
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
    r"""Extracellular volume of the liver, and the rates at which its cells take gadoxetate up and excrete it.

    Notes
    -----
    .. math:: C(t) = v_e C_{in}(t) + k_{he} \int_0^t C_{in}(\tau) \, e^{-k_{bh} (t - \tau)} \, d\tau

    Cin is the plasma concentration of the artery, or that of artery and portal vein in the parts of
    arterial_fraction. khe is the rate of uptake by the cells of the liver, kbh that of excretion into bile.
    """
    portal = portal_plasma(series, portal_vein, portal_mask, mask, parameters)
    inputs = {"mask": mask, "t1_map": t1_map, "b1_map": b1_map, "aif": aif, "aif_mask": aif_mask}
    model = _model(portal, parameters)
    found = fit_kinetic_model(model, series, parameters=parameters, context=context, **inputs)
    return found if portal is None else {**found, "input_function": (*found["input_function"], portal)}


def _model(portal: Curve | None, parameters: GadoxetateParameters) -> KineticModel:
    # khe is bounded by itself, not by a volume over the rate of excretion.
    largest_volume = parameters.khe_max / parameters.kbh_min
    tofts = tofts_model(
        kep_bounds=(parameters.kbh_min, parameters.kbh_max), ve_max=largest_volume, vp_max=parameters.ve_max
    )

    def entering(times, plasma):
        return (times, plasma) if portal is None else mixed_input((times, plasma), portal, parameters.arterial_fraction)

    def prepare(times, plasma, sampling):
        fit = tofts.prepare(*entering(times, plasma), sampling)
        return lambda curves: _renamed(fit(curves))

    def curve(times, plasma, wanted, values):
        form = {form: values[name] for name, form in FORM.items()}
        with np.errstate(divide="ignore", invalid="ignore"):
            form["ve"] = np.nan_to_num(form["ktrans"] / form["kep"])
        return tofts.curve(*entering(times, plasma), wanted, form)

    return replace(
        tofts, units={"khe": "1/min", "ve": "1", "kbh": "1/min"}, prepare=prepare, curve=curve, any_device=False
    )


def _renamed(found: Estimates) -> Estimates:
    return replace(
        found,
        values={name: found.values[form] for name, form in FORM.items()},
        errors={name: found.errors[form] for name, form in FORM.items()},
    )
