"""Concentration of contrast agent from signal."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ...data.result import Display
from ...data.series import Series
from ...data.volumes import Code, LabelMap
from ...declare import Output, analysis
from ...errors import InputError
from ...steps.conversion.concentration import (
    CONCENTRATION_UNIT,
    ConcentrationParameters,
    baseline_findings,
    conversion_for,
)
from ...steps.kinetics.kinetic_declaration import DYNAMIC_SERIES, MASK, RELAXATION_MAPS
from ...steps.voxels.fit_status import FitStatus, status_map
from ...steps.voxels.voxelwise import map_voxels


@dataclass(frozen=True)
class ToConcentrationParameters(ConcentrationParameters):
    """Those of the shared conversion."""


@analysis(
    id="kinetics.concentration",
    title="Contrast agent concentration",
    citation="Schabel & Parker, Uncertainty and bias in contrast concentration measurements using spoiled gradient "
    "echo pulse sequences, Phys Med Biol 53:2345-2373 (2008)",
    inputs=[
        DYNAMIC_SERIES,
        MASK,
        *RELAXATION_MAPS,
    ],
    outputs=[
        Output(
            "concentration",
            Series,
            unit="mmol/L, or 1",
            help="Concentration over time; noise around zero is kept, saturated voxels are NaN. "
            "Semi-quantitative where the signal model is, and in unit 1 where it is relative enhancement.",
            display=Display((0, 2), "inferno", Code("126377", "DCM", "Tracer Concentration"), "C"),
        ),
        Output("fit_status", LabelMap, help="Why each voxel has the values it has."),
    ],
    parameters=ToConcentrationParameters,
)
def concentration(series, mask=None, t1_map=None, b1_map=None, *, parameters, context):
    r"""Concentration from signal, by the exact inverse of the sequence, or from CT's change of attenuation.

    Notes
    -----
    .. math:: S = S_0 \sin\alpha \, \frac{1 - e^{-TR \, R_1}}{1 - e^{-TR \, R_1} \cos\alpha}, \quad R_1 =
        \frac{1}{T_{10}} + r_1 C

    That is the spoiled gradient echo, inverted exactly; with T2* it is multiplied by exp(-TE r2* C). Saturation
    recovery has its own exact inverse. CT divides the change of attenuation by a factor in HU/mM.
    """
    if series.unit == CONCENTRATION_UNIT:
        raise InputError(
            "E-INPUT-UNIT",
            f"the series is in {CONCENTRATION_UNIT} already",
            where=series.name,
            fix="Use it as it is, or give the series of signals.",
        )
    conversion = conversion_for(series, mask, parameters, t1=t1_map, b1=b1_map)
    findings = baseline_findings(series, mask, conversion)

    def convert(curves, index):
        converted, reason = conversion(curves, index)
        status = np.where(reason == 0, FitStatus.FITTED, reason).astype(np.uint8)
        return {"concentration": converted, "fit_status": status}

    maps, nonfinite = map_voxels(convert, series.values, mask=mask, context=context, message="converting signal")
    status = maps["fit_status"]
    status[nonfinite] = FitStatus.NONFINITE
    return {
        "concentration": replace(
            series, values=maps["concentration"], unit=conversion.unit, name="concentration", findings=()
        ),
        "fit_status": status_map(status, series.geometry),
        "findings": findings,
    }
