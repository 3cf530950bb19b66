"""Map of bolus arrival."""

from __future__ import annotations

import numpy as np

from ...data.curve import Curve
from ...data.result import Display
from ...data.volumes import Code, Label, LabelMap, Map
from ...declare import Output, analysis
from ...numerics.bolus.bolus_arrival import bolus_arrival
from ...steps.kinetics.kinetic_declaration import DYNAMIC_SERIES, MASK
from ...steps.voxels.regions import region_curves
from ...steps.voxels.voxelwise import map_voxels


@analysis(
    id="kinetics.bolus_arrival",
    title="Bolus arrival time",
    citation="Cheong et al., An automatic approach for estimating bolus arrival time in dynamic contrast MRI using "
    "piecewise continuous regression models, Phys Med Biol 48:N83-N88 (2003)",
    inputs=[DYNAMIC_SERIES, MASK],
    outputs=[
        Output(
            "arrival",
            Map,
            unit="s",
            help="When the curve leaves its baseline, on the series' clock; NaN where no rise stands out.",
            display=Display(None, "viridis", Code("126371", "DCM", "Bolus Arrival Time"), "BAT"),
        ),
        Output("curves", Curve, help="Mean curve of each region.", optional=True),
    ],
)
def bolus_arrival_time(series, mask=None, *, parameters, context):
    """When contrast reaches each voxel, from the bend between baseline and rise."""
    maps, _ = map_voxels(
        lambda curves, index: {"arrival": bolus_arrival(series.times, curves)},
        series.values,
        mask=mask,
        context=context,
        message="finding arrival",
    )
    found = np.isfinite(maps["arrival"])
    regions = mask or LabelMap(found.astype(np.uint8), series.geometry, {1: Label("voxels that enhance")})
    curves = region_curves(series, regions, found, lambda values, index: values, series.unit)
    return {**maps, "curves": tuple(curves) or None}
