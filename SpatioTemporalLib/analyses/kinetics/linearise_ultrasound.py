"""Linear echo intensity from log-compressed ultrasound."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np

from ...data.result import Display
from ...data.series import Series
from ...data.volumes import Label, LabelMap
from ...declare import Help, Input, Output, Range, Unit, analysis
from ...errors import Finding, InputError, Severity
from ...steps.kinetics.kinetic_declaration import MASK
from ...steps.voxels.voxelwise import map_voxels

SATURATED = Label("at the largest grey level in some frame", (0.90, 0.20, 0.50))


@dataclass(frozen=True)
class LineariseUltrasoundParameters:
    dynamic_range: Annotated[
        float, Unit("dB"), Range(10, 120), Help("Range of echo power that the grey scale shows, as set on the scanner.")
    ] = 60.0
    largest_grey: Annotated[
        float | None,
        Range(1, 65535),
        Help("Grey level of the strongest echo; when left empty 255 for 8-bit images, else the largest value."),
    ] = None


@analysis(
    id="kinetics.linearise_ultrasound",
    title="Linear intensity from ultrasound",
    citation="own definition: the inverse of the logarithmic compression of the display",
    inputs=[
        Input(
            "series",
            Series,
            made_for=("ceus",),
            help="Contrast-mode ultrasound as shown on the screen: grey levels, log-compressed.",
        ),
        MASK,
    ],
    outputs=[
        Output(
            "intensity",
            Series,
            unit="a.u.",
            help="Echo power, proportional to the concentration of microbubbles; 1 at grey level 0.",
            display=Display(None, "inferno", symbol="I"),
        ),
        Output("saturated", LabelMap, help="Where the grey scale was at its end, so that the true echo was stronger."),
    ],
    parameters=LineariseUltrasoundParameters,
)
def linearise_ultrasound(series, mask=None, *, parameters, context):
    r"""Echo power from the grey levels of contrast-mode ultrasound, which show its logarithm.

    Notes
    -----
    .. math:: I = 10^{\frac{D}{10} \frac{g}{g_{max}}}

    g is the grey level, gmax the largest, D the dynamic range in dB.
    """
    largest = _largest_grey(series, parameters)

    def convert(curves, index):
        grey = np.asarray(curves, dtype=float)
        return {
            "intensity": 10 ** (parameters.dynamic_range / 10 * grey / largest),
            "saturated": (grey >= largest).any(axis=0).astype(np.uint8),
        }

    maps, _ = map_voxels(convert, series.values, mask=mask, context=context, message="converting grey levels")
    saturated = maps["saturated"]
    share = np.count_nonzero(saturated) / np.count_nonzero(np.isfinite(maps["intensity"][0]))
    text = f"{100 * share:.2g} % of the voxels reach the largest grey level, {largest:g}: their echoes were stronger"
    return {
        "intensity": replace(series, values=maps["intensity"], unit="a.u.", name="intensity", findings=()),
        "saturated": LabelMap(saturated, series.geometry, {1: SATURATED} if saturated.any() else {}, "saturated"),
        "findings": (Finding("W-GREY-SATURATED", Severity.WARN, text, series.name),) if saturated.any() else (),
    }


def _largest_grey(series: Series, parameters) -> float:
    lowest, highest = float(np.nanmin(series.values)), float(np.nanmax(series.values))
    largest = parameters.largest_grey
    if largest is None:
        largest = 255.0 if series.values.dtype == np.uint8 else highest
    if lowest < 0 or highest > largest or largest <= 0:
        raise InputError(
            "E-GREY",
            f"grey levels must lie within 0 and {largest:g}, found {lowest:g} to {highest:g}",
            where=series.name,
            fix="Give the images as shown on the screen, and their largest grey level as largest_grey.",
        )
    return largest
