"""The extended reference region model, with the tail of an input function if there is one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from ...data.curve import Curve, Table
from ...data.result import Display
from ...data.volumes import Map
from ...declare import Help, Output, Range, Unit, analysis
from ...errors import InputError, counted
from ...numerics.kinetics.reference_region import (
    fit_constrained_extended_reference_region,
    fit_extended_reference_region,
    reference_transfer,
)
from ...numerics.kinetics.tofts_models import SECONDS_PER_MINUTE
from ...numerics.signal.exponential_convolution import running_integral
from ...steps.arterial_input.input_function import InputFunctionParameters, plasma_input
from ...steps.kinetics.kinetic_declaration import KINETIC_INPUTS, QUANTITIES
from ...steps.pet.reference_tissue import (
    RATIOS,
    REFERENCE_MASK,
    REPORTS,
    ReferenceFits,
    ReferenceParameters,
    fit_to_reference,
    reference_outputs,
)

FEWEST_FRAMES = 4
RELATIVE = {"relative_ktrans": "1", "relative_ve": "1", "relative_vp": "1", "kep": "1/min"}
ABSOLUTE = {name: QUANTITIES[name][0] for name in ("ktrans", "ve", "vp")}


@dataclass(frozen=True)
class ExtendedReferenceParameters(ReferenceParameters, InputFunctionParameters):
    tail_start: Annotated[
        float,
        Unit("s"),
        Range(10, 3600),
        Help("The input function is used from this long after its peak on, where its first pass no longer matters."),
    ] = 90.0


@analysis(
    id="kinetics.extended_reference_region",
    title="Extended reference region model (ERRM, RRIFT)",
    citation="Ahmed & Levesque, An extended reference region model for DCE-MRI that accounts for plasma volume, NMR "
    "Biomed 31:e3924 (2018); with an input function: Pharmacokinetic modeling of dynamic contrast-enhanced MRI using "
    "a reference region and input function tail, Magn Reson Med 83:286-298 (2020)",
    inputs=[KINETIC_INPUTS[0], REFERENCE_MASK, *KINETIC_INPUTS[1:]],
    outputs=[
        *RATIOS,
        Output(
            "relative_vp",
            Map,
            unit="1",
            help="vp over the ve of the reference.",
            display=Display((0, 1), "magma", symbol="vp/ve,ref"),
        ),
        *(
            Output(n, Map, unit=u, help=h, display=d, optional=True)
            for n, (u, h, d) in QUANTITIES.items()
            if n in ABSOLUTE
        ),
        Output(
            "rmse",
            Map,
            unit="mmol/L*s",
            help="Root mean square of the residuals of the integrated curve.",
            display=Display(None, "gray"),
        ),
        *REPORTS,
    ],
    parameters=ExtendedReferenceParameters,
)
def extended_reference_region(
    series, reference_mask, mask=None, t1_map=None, b1_map=None, aif=None, aif_mask=None, *, parameters, context
):
    r"""Ktrans, ve and vp relative to healthy tissue; in their own units with the tail of an input function.

    Notes
    -----
    .. math:: \int C = A \, C_r + (A k_r + B) \int C_r + B k_r \iint C_r - k \iint C

    A is vp over the Ktrans of the reference tissue, B = R + k A with R the ratio of both Ktrans; k and kr are the
    efflux rates. The equation of the linear reference region model is integrated once more, so that no derivative of
    the measured reference is left. The tail of an input function gives the reference its own Ktrans and ve (RRIFT).
    """
    found = fit_to_reference(
        fit_extended_reference_region,
        fit_constrained_extended_reference_region,
        series,
        reference_mask=reference_mask,
        parameters=parameters,
        context=context,
        mask=mask,
        t1_map=t1_map,
        b1_map=b1_map,
    )
    maps = {name: found.maps[name] for name in (*RELATIVE, "rmse") if name in found.maps}
    maps["relative_vp"] = found.maps["plasma"] * found.efflux
    units, facts = dict(RELATIVE), {"kep": found.efflux * SECONDS_PER_MINUTE}
    findings = ()
    if aif is not None or aif_mask is not None:
        plasma, findings = plasma_input(series, aif, aif_mask, mask, parameters, b1_map=b1_map)
        transfer = _transfer(series, found, plasma, parameters.tail_start)
        facts |= {"ktrans": transfer * SECONDS_PER_MINUTE, "ve": transfer / found.efflux}
        maps["ktrans"] = maps["relative_ktrans"] * facts["ktrans"]
        maps["ve"] = maps["relative_ve"] * facts["ve"]
        maps["vp"] = found.maps["plasma"] * transfer
        units |= ABSOLUTE
    outputs = reference_outputs(found, maps, units, series, mask)
    table = Table({name: [value] for name, value in facts.items()}, {name: QUANTITIES[name][0] for name in facts})
    return {**outputs, "reference": table, "findings": (*outputs["findings"], *findings)}


def _transfer(series, found: ReferenceFits, plasma: Curve, tail_start: float) -> float:
    peak = plasma.times[np.argmax(plasma.values)]
    first = int(np.searchsorted(series.times, peak + tail_start))
    if series.frame_count - first < FEWEST_FRAMES:
        raise InputError(
            "E-FRAMES",
            f"{counted(series.frame_count - first, 'frame lies', 'frames lie')} later than {tail_start:g} s "
            f"after the peak of the input "
            f"function; {FEWEST_FRAMES} or more are needed",
            where=series.name,
            fix="Let the tail begin earlier (tail_start).",
        )
    entered = running_integral(plasma.times, plasma.values, series.times)
    return reference_transfer(series.times, found.reference.values, entered, found.efflux, first)
