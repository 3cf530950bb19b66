"""Contrast ultrasound: linear intensity above its baseline, and the outputs of what is fitted to it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...context import Context
from ...data.curve import Curve
from ...data.series import Series
from ...data.volumes import Label, LabelMap, Map
from ...declare import Input
from ...errors import InputError
from ..voxels.fit_status import FitStatus, status_counts, status_findings, status_map
from ..voxels.regions import distribution_table, region_curves
from ..voxels.voxelwise import map_voxels

INTENSITY_SERIES = Input(
    "series",
    Series,
    min_frames=5,
    intervals=(0.005, 60.0),
    made_for=("ceus",),
    results=("intensity",),
    help="Contrast-mode ultrasound in linear intensity (see Linear intensity from ultrasound), motion-corrected.",
)


def fit_intensity(
    series: Series,
    mask: LabelMap | None,
    context: Context,
    *,
    convert: Callable[[np.ndarray], np.ndarray],
    fit: Callable[[np.ndarray], dict[str, np.ndarray]],
    model: Callable[[np.ndarray], np.ndarray],
    units: dict[str, str],
    cost: float = 10.0,
) -> dict:
    """Everything an analysis of intensity curves gives back, by output name.

    Parameters
    ----------
    convert : from (T, n) intensities to the (T, n) curves that are fitted.
    fit : from those to (n,) values by output name, with ``fit_status``.
    model : from (T, n) curves to the (T, n) curves fitted to them.
    cost : microseconds that a voxel takes, roughly.
    units : of the tabulated outputs, with ``{s}`` for the series' unit.
    """
    maps, nonfinite = map_voxels(
        lambda curves, _: fit(convert(curves)),
        series.values,
        mask=mask,
        context=context,
        message="fitting voxels",
        cost=cost,
    )
    status = maps.pop("fit_status")
    status[nonfinite] = FitStatus.NONFINITE
    usable = status == FitStatus.FITTED
    if not usable.any():
        raise _nothing(status, series)
    units = {name: unit.format(s=series.unit) for name, unit in units.items()}
    named = {name: Map(values, series.geometry, units[name.removesuffix("_se")], name) for name, values in maps.items()}
    regions = mask or LabelMap(usable.astype(np.uint8), series.geometry, {1: Label("fitted voxels")})
    return {
        **named,
        "fit_status": status_map(status, series.geometry),
        "curves": _curves(series, regions, usable, convert, model),
        "statistics": distribution_table(maps, regions, usable, units),
        "findings": status_findings(status, series.name),
    }


def _nothing(status: np.ndarray, series: Series) -> InputError:
    reasons = ", ".join(f"{count} x {reason}" for reason, count in status_counts(status).items())
    return InputError(
        "E-NOTHING-FITTED",
        f"no voxel could be fitted ({reasons})",
        where=series.name,
        fix="Check that this is the series after injection, in linear intensity, and the region.",
    )


def _curves(series: Series, regions: LabelMap, usable, convert, model) -> tuple[Curve, ...]:
    """Each region's mean curve followed by the model fitted to it."""
    curves = []
    for curve in region_curves(series, regions, usable, lambda values, index: convert(values), series.unit):
        fitted = model(curve.values[:, None])[:, 0]
        curves += [curve, Curve(curve.times, fitted, series.unit, f"{curve.name} fit", fit_of=curve.name)]
    return tuple(curves)
