"""Values of regions, smoothed over their neighbours as far as the data speak for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from ...data.curve import Table
from ...data.result import Display
from ...data.volumes import LabelMap, Map
from ...declare import Advanced, Help, Input, Output, Range, Unit, analysis
from ...errors import Finding, ParameterError, Severity
from ...numerics.spatial.bym2 import Measured, SmoothedRegions, smooth_regions
from ...steps.regions.region_table import Regions, measured_of, regions_of, rows_of_regions

SPREADS = 3.0  # of all values: what the spread between regions hardly passes, where nothing else is said


@dataclass(frozen=True)
class RegionalSmoothingParameters:
    region: Annotated[str, Help("Column of the regions: names of segments, or numbers of labels.")] = "region"
    value: Annotated[str, Help("Column of the values (means), or of counts where there is one of expected.")] = "value"
    expected: Annotated[
        str,
        Help("Column of the counts that are expected; what is smoothed then is their ratio."),
    ] = ""
    size: Annotated[str, Help("Column that says of how many values each mean is; all of as many when left empty.")] = ""
    error: Annotated[
        str, Help("Column of the standard error of each mean, where it is known; estimated when left empty.")
    ] = ""
    threshold: Annotated[
        float | None,
        Help("Value, or ratio, whose exceedance is asked for; the mean of all, or a ratio of 1, when left empty."),
    ] = None
    confidence: Annotated[float, Unit("%"), Range(50, 99.9), Help("Of the intervals.")] = 95.0
    largest_spread: Annotated[
        float | None,
        Range(1e-9, 1e9),
        Help(
            "Standard deviation between regions, of the values or the log ratios, that is passed with a probability of "
            "1 % before anything is seen; 3 times that of the values, or 1 for ratios, when left empty."
        ),
        Advanced(),
    ] = None


@analysis(
    id="spatial.regional_smoothing",
    title="Regional map smoothed over neighbours",
    citation="Riebler et al., An intuitive Bayesian spatial model for disease mapping that accounts for scaling, "
    "Stat Methods Med Res 25:1145-1165 (2016)",
    inputs=[
        Input("regions", Table, help="One row a region: its name, a value or a count, and what is known of its error."),
        Input(
            "labels", LabelMap, optional=True, help="The regions as an image; those that touch by faces are neighbours."
        ),
        Input(
            "neighbours",
            Table,
            optional=True,
            help="Pairs of neighbours, in its first two columns, where they are not taken from the image.",
        ),
    ],
    outputs=[
        Output(
            "smoothed",
            Table,
            help="One row a region: what was measured, the smoothed value with its standard deviation and interval, "
            "and the probability that it lies above the threshold.",
        ),
        Output("spread", Table, help="Standard deviation between regions, the share of it that is spatial, and noise."),
        Output("smoothed_map", Map, unit="unit of the values", optional=True, help="Smoothed values over the image."),
        Output(
            "deviation_map",
            Map,
            unit="unit of the values",
            optional=True,
            help="Their standard deviations.",
            display=Display(colours="magma"),
        ),
        Output(
            "exceedance_map",
            Map,
            unit="1",
            optional=True,
            help="Probability that the value of a region lies above the threshold.",
            display=Display(window=(0.0, 1.0), colours="cividis"),
        ),
    ],
    parameters=RegionalSmoothingParameters,
)
def regional_smoothing(regions, labels=None, neighbours=None, *, parameters, context):
    r"""Values or count ratios of regions, each drawn to those of its neighbours by what the data show of a pattern.

    Notes
    -----
    .. math:: \eta_i = \mu + \sigma \left(\sqrt{\rho} \, u_i + \sqrt{1 - \rho} \, v_i\right)

    with :math:`u` the intrinsic autoregression over neighbours, scaled to unit variance, :math:`v` independent, and
    :math:`y_i \sim \mathcal{N}(\eta_i, s_i^2)` for means, :math:`y_i \sim \mathrm{Poisson}(E_i e^{\eta_i})` for counts.
    Regions without neighbours have :math:`v` alone. A map over larger or other regions is another map: look at two
    parcellations before reading much into one.
    """
    found = regions_of(regions, parameters.region, labels, neighbours)
    rows = rows_of_regions(regions, parameters.region, found)
    names = {name: getattr(parameters, name) for name in ("value", "expected", "size", "error")}
    measured = measured_of(regions, rows, names)
    field = smooth_regions(
        found.graph, measured, largest_spread=_largest_spread(measured, parameters), progress=context.progress
    )
    threshold = _threshold(field, measured, parameters)
    unit = regions.units.get(parameters.value, "")
    columns = _columns(found, measured, field, threshold, parameters.confidence / 100)
    told = {name: unit for name in ("measured", "smoothed", "SD", "lower", "upper") if unit and not measured.counted}
    shown = "1" if measured.counted else unit or "a.u."
    return {
        "smoothed": Table(columns, told, "smoothed"),
        "spread": _spread(field, measured, unit, threshold),
        **_maps(labels, found, columns, shown),
        "findings": (*found.findings, *_told(found, rows, regions)),
    }


def _largest_spread(measured: Measured, parameters) -> float:
    if parameters.largest_spread is not None:
        return parameters.largest_spread
    return 1.0 if measured.counted else max(SPREADS * float(np.nanstd(measured.values)), 1e-9)


def _threshold(field: SmoothedRegions, measured: Measured, parameters) -> float:
    """In terms of the field: a logarithm for ratios."""
    if not measured.counted:
        return float(field.mean().mean()) if parameters.threshold is None else parameters.threshold
    ratio = 1.0 if parameters.threshold is None else parameters.threshold
    if ratio <= 0:
        raise ParameterError(
            "E-PARAMETER", f"threshold = {ratio:g} is no ratio of counts", fix="Give a ratio above zero, such as 1."
        )
    return float(np.log(ratio))


def _columns(found: Regions, measured: Measured, field: SmoothedRegions, threshold: float, confidence: float) -> dict:
    low, high = (field.quantile(p) for p in (0.5 - confidence / 2, 0.5 + confidence / 2))
    mean, deviation, values = field.mean(), field.deviation(), measured.values
    if measured.counted:
        # Each part of the mixture is lognormal.
        firsts = np.exp(field.means + field.deviations**2 / 2)
        mean = field.weights @ firsts
        squares = field.weights @ (firsts**2 * np.exp(field.deviations**2))
        deviation, values = np.sqrt(squares - mean**2), values / measured.expected
        low, high = np.exp(low), np.exp(high)
    return {
        "region": list(found.names),
        "neighbours": np.bincount(found.graph.pairs.ravel(), minlength=found.graph.count).tolist(),
        "measured": values.tolist(),
        "smoothed": mean.tolist(),
        "SD": deviation.tolist(),
        "lower": low.tolist(),
        "upper": high.tolist(),
        "probability above": field.exceedance(threshold).tolist(),
    }


def _spread(field: SmoothedRegions, measured: Measured, unit: str, threshold: float) -> Table:
    shown = "" if measured.counted else unit
    rows = [
        ("standard deviation between regions", *_mean_and_sd(field, field.spread), shown),
        ("share of it that is spatial", *_mean_and_sd(field, field.mixing), "1"),
        ("threshold", float(np.exp(threshold)) if measured.counted else threshold, float("nan"), shown),
    ]
    if not measured.noise_is_known:
        rows.insert(2, ("standard deviation of one value", *_mean_and_sd(field, field.noise), shown))
    quantity, value, deviation, units = map(list, zip(*rows))
    return Table({"quantity": quantity, "value": value, "SD": deviation, "unit": units}, name="spread")


def _mean_and_sd(field: SmoothedRegions, values: np.ndarray) -> tuple[float, float]:
    mean = float(field.weights @ values)
    return mean, float(np.sqrt(field.weights @ (values - mean) ** 2))


def _maps(labels: LabelMap | None, found: Regions, columns: dict, unit: str) -> dict[str, Map]:
    if labels is None:
        return {}
    number = np.full(int(labels.values.max()) + 1, -1)
    number[list(found.labels)] = np.arange(len(found.labels))
    at = np.where(labels.values > 0, number[np.maximum(labels.values, 0)], -1)

    def spread_out(name: str, column: str, unit: str) -> Map:
        values = np.append(np.array(columns[column], dtype=np.float32), np.float32(np.nan))
        return Map(values[at], labels.geometry, unit, name)

    return {
        "smoothed_map": spread_out("smoothed_map", "smoothed", unit),
        "deviation_map": spread_out("deviation_map", "SD", unit),
        "exceedance_map": spread_out("exceedance_map", "probability above", "1"),
    }


def _told(found: Regions, rows: np.ndarray, table: Table):
    without = [name for name, row in zip(found.names, rows) if row < 0]
    if without:
        more = f" and {len(without) - 5} more" if len(without) > 5 else ""
        text = f"regions without a row, told by their neighbours alone: {', '.join(without[:5])}{more}"
        yield Finding("N-REGIONS-EMPTY", Severity.NOTE, text, table.name)
