"""The linear reference region model."""

from __future__ import annotations

from ...data.curve import Table
from ...data.result import Display
from ...data.volumes import Map
from ...declare import Output, analysis
from ...numerics.kinetics.reference_region import fit_constrained_reference_region, fit_reference_region
from ...numerics.kinetics.tofts_models import SECONDS_PER_MINUTE
from ...steps.kinetics.kinetic_declaration import DYNAMIC_SERIES, MASK, RELAXATION_MAPS
from ...steps.pet.reference_tissue import (
    RATIOS,
    REFERENCE_MASK,
    REPORTS,
    ReferenceParameters,
    fit_to_reference,
    reference_outputs,
)

UNITS = {"relative_ktrans": "1", "relative_ve": "1", "kep": "1/min"}


@analysis(
    id="kinetics.reference_region",
    title="Linear reference region model",
    citation="Cardenas-Rodriguez et al., A linear algorithm of the reference region model for DCE-MRI is robust and "
    "relaxes requirements for temporal resolution, Magn Reson Imaging 31:497-507 (2013)",
    inputs=[DYNAMIC_SERIES, REFERENCE_MASK, MASK, *RELAXATION_MAPS],
    outputs=[
        *RATIOS,
        Output("rmse", Map, unit="mmol/L", help="Root mean square of the residuals.", display=Display(None, "gray")),
        *REPORTS,
    ],
    parameters=ReferenceParameters,
)
def reference_region(series, reference_mask, mask=None, t1_map=None, b1_map=None, *, parameters, context):
    r"""Ktrans and ve relative to healthy tissue, where no artery can be measured.

    Notes
    -----
    .. math:: C(t) = R \, C_r(t) + R \, k_r \int_0^t C_r \, d\tau - k \int_0^t C \, d\tau

    R is Ktrans over that of the reference tissue, whose curve is Cr; k and kr are the efflux rates. With both tissues
    as the Tofts model has them it holds whatever the plasma does.
    """
    found = fit_to_reference(
        fit_reference_region,
        fit_constrained_reference_region,
        series,
        reference_mask=reference_mask,
        parameters=parameters,
        context=context,
        mask=mask,
        t1_map=t1_map,
        b1_map=b1_map,
    )
    maps = {name: found.maps[name] for name in (*UNITS, "rmse")}
    return {
        **reference_outputs(found, maps, UNITS, series, mask),
        "reference": Table({"kep": [found.efflux * SECONDS_PER_MINUTE]}, {"kep": "1/min"}, found.reference.name),
    }
