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
    r"""When contrast reaches each voxel, from the bend between baseline and rise.

    Notes
    -----
    .. math:: S(t) = \beta_0 + \beta_1 (t - t_a)_+ + \beta_2 (t - t_a)_+^2, \quad (x)_+ = \max(x, 0)

    The linear-quadratic model of Cheong 2003, fitted by least squares for bends at frames and half-way between them. It
    is fitted to the first frames after the bend only, and a second rise, leakage of a population's bolus beside the
    bolus in plasma, is tried too. Arrival is the mean over the bends, by their likelihood:

    .. math:: \hat{t}_a = \frac{\sum_b t_b \, e^{-c_b / 2}}{\sum_b e^{-c_b / 2}}, \quad c_b = \min \left(
        \frac{R_b}{\sigma^2} + 1.2 \, n_b \right)

    R is the sum of squares of the fit, sigma the noise of the curve and n the number of frames up to the peak that the
    fit leaves out, each of which costs a little more than a frame that is explained.
    """
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
