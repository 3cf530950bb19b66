"""The arterial input function, found without a drawn artery."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...data.curve import Curve, Table
from ...data.volumes import LabelMap
from ...declare import Output, analysis
from ...numerics.bolus.artery_detection import arterial_score, full_width
from ...steps.arrival.baseline import baseline_frames
from ...steps.arterial_input.artery import ArteryParameters, find_artery
from ...steps.arterial_input.input_function import BloodParameters, measured_blood
from ...steps.conversion.concentration import ConcentrationParameters, conversion_for
from ...steps.kinetics.kinetic_declaration import ARTERY_FOUND, DYNAMIC_SERIES, MASK, RELAXATION_MAPS


@dataclass(frozen=True)
class ArterialInputParameters(ArteryParameters, BloodParameters, ConcentrationParameters):
    """Those of the conversion to concentration in blood, and how large the artery may become."""


@analysis(
    id="kinetics.arterial_input_function",
    title="Arterial input function, detected",
    citation="Mouridsen et al., Automatic selection of arterial input function using cluster analysis, "
    "Magn Reson Med 55:524-531 (2006), doi:10.1002/mrm.20759",
    inputs=[DYNAMIC_SERIES, MASK, RELAXATION_MAPS[1]],
    outputs=[
        ARTERY_FOUND,
        Output("input_function", Curve, help="Mean concentration in blood over the voxels taken for the artery."),
        Output("statistics", Table, help="Size of the artery, and height, time and width of its peak."),
    ],
    parameters=ArterialInputParameters,
)
def arterial_input_function(series, mask=None, b1_map=None, *, parameters, context):
    r"""Voxels whose curves rise early, high and narrowly and are smooth, and their mean concentration in blood.

    Notes
    -----
    .. math:: \rho = \sum_t \left( \frac{d^2}{dt^2} \frac{C(t)}{\int C \, dt} \right)^2, \quad s =
        \frac{C_{max}}{(t_{max} - t_0) \, w}

    Of the curves with the largest area, those with the largest roughness rho are left out, the others divided into five
    clusters by k-means, and one of these once more (Mouridsen 2006). The cluster is the one whose mean has the highest
    score s: height over time to peak and width w at half height. Mouridsen's article takes the smallest first moment,
    which the slow decay of long series misleads. The input function is the mean over the voxels found.
    """
    conversion = conversion_for(series, mask, parameters, t1=parameters.t1_blood, b1=b1_map)
    baseline = baseline_frames(series, mask, parameters)
    artery = find_artery(series, conversion, baseline, parameters, context, within=mask)
    blood, findings = measured_blood(series, artery, parameters, b1_map)
    return {
        "artery": artery,
        "input_function": (blood,),
        "statistics": _statistics(artery, blood),
        "findings": (*conversion.findings, *findings),
    }


def _statistics(artery: LabelMap, blood: Curve) -> Table:
    voxels = int(np.count_nonzero(artery.foreground))
    curve = blood.values[:, None]
    columns = {
        "voxels": [voxels],
        "volume": [float(voxels * artery.geometry.voxel_volume_ml)],
        "peak": [float(blood.values.max())],
        "time of peak": [float(blood.times[blood.values.argmax()])],
        "width at half height": [float(full_width(blood.times, curve)[0])],
        "score": [float(arterial_score(blood.times, curve)[0])],
    }
    units = {
        "volume": "mL",
        "peak": blood.unit,
        "time of peak": "s",
        "width at half height": "s",
        "score": f"{blood.unit}/s^2",
    }
    return Table(columns, units, "artery")
