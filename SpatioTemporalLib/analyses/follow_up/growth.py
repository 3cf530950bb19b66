"""Growth of lesions measured at several visits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from ...data.curve import Table
from ...declare import Help, Input, Output, Range, Unit, analysis
from ...errors import Finding, InputError, Severity
from ...numerics.growth import doubling_time, equivalent_diameter, exponential_growth, growth_percent
from ...steps.table_columns import cells_of, numbers_of, word_of

NAMES = ("participant_id", "lesion")
ML_PER = {"mL": 1.0, "ml": 1.0, "cm3": 1.0, "cm³": 1.0, "mm3": 1e-3, "mm³": 1e-3}
UNITS = {
    "interval": "d",
    "first volume": "mL",
    "last volume": "mL",
    "first diameter": "mm",
    "last diameter": "mm",
    "growth": "%",
    "doubling time": "d",
    "lower": "d",
    "upper": "d",
}


@dataclass(frozen=True)
class GrowthParameters:
    lesion: Annotated[
        tuple[str, ...],
        Help(
            "Columns that say which lesion a row is of, comma-separated; participant_id and lesion where they exist, "
            "when left empty."
        ),
    ] = ()
    days: Annotated[str, Help("Column of days, counted from any date.")] = "days"
    volume: Annotated[str, Help("Column of volumes, headed with its unit (mL or mm3).")] = "volume"
    measurement_error: Annotated[
        float,
        Unit("%"),
        Range(0, 100),
        Help(
            "Standard deviation of one volume as part of it; with 9 % two volumes of an unchanged lesion differ by "
            "more than 28 % up or 22 % down in 1 of 20 pairs."
        ),
    ] = 9.0
    confidence: Annotated[float, Unit("%"), Range(50, 99.9), Help("Of the interval of the doubling time.")] = 95.0


@analysis(
    id="follow_up.growth",
    title="Lesion growth and doubling time",
    citation="Schwartz, A biomathematical approach to clinical tumor growth, Cancer 14:1272-1294 (1961)",
    inputs=[Input("measurements", Table, help="One row a lesion and visit: which lesion, the day, the volume.")],
    outputs=[
        Output(
            "growth",
            Table,
            help="One row a lesion: change from first to last visit, the doubling time of an exponential through all "
            "visits (negative: halving time) with its interval, and whether it grows beyond the measurement error.",
        )
    ],
    parameters=GrowthParameters,
)
def growth(measurements, *, parameters, context):
    """Growth in percent and volume doubling time of each lesion, with the interval from the error of measurement."""
    days, volumes = (numbers_of(measurements, name) for name in (parameters.days, parameters.volume))
    volumes = volumes * _millilitres(measurements, parameters.volume)
    rows, left_out = [], []
    for name, at in _lesions(measurements, parameters).items():
        seen = [n for n in at if np.isfinite(days[n]) and volumes[n] > 0]
        if len(set(days[seen])) < 2:
            left_out.append(name)
            continue
        order = np.array(seen)[np.argsort(days[seen], kind="stable")]
        rows.append({"lesion": name, **_row(days[order], volumes[order], parameters)})
    if not rows:
        raise InputError(
            "E-GROWTH",
            "no lesion has positive volumes at two different days",
            where=measurements.name,
            fix="Check that lesion names the columns that stay the same from visit to visit.",
        )
    text = f"without volumes at two different days, and left out: {', '.join(left_out)}"
    return {
        "growth": Table({key: [row[key] for row in rows] for key in rows[0]}, UNITS, "growth"),
        "findings": (Finding("W-GROWTH", Severity.MASK, text, measurements.name),) if left_out else (),
    }


def _row(days: np.ndarray, volumes: np.ndarray, parameters) -> dict[str, object]:
    rate = exponential_growth(days, volumes, parameters.measurement_error / 100)
    doubling = doubling_time(rate, confidence=parameters.confidence / 100)
    first, last = volumes[0], volumes[-1]
    return {
        "visits": len(days),
        "interval": float(days[-1] - days[0]),
        "first volume": float(first),
        "last volume": float(last),
        "first diameter": float(equivalent_diameter(first)),
        "last diameter": float(equivalent_diameter(last)),
        "growth": float(growth_percent(first, last)),
        "doubling time": doubling.days,
        "lower": doubling.low,
        "upper": doubling.high,
        "course": _course(doubling),
    }


def _course(doubling) -> str:
    if not np.isfinite(doubling.high) or not np.isfinite(doubling.low):
        return "within error"
    return "grows" if doubling.low > 0 else "shrinks"


def _lesions(table: Table, parameters) -> dict[str, list[int]]:
    """Rows of each lesion by its name; all rows are one lesion when nothing tells them apart."""
    columns = parameters.lesion or tuple(name for name in NAMES if name in table.columns)
    rows: dict[str, list[int]] = {}
    for n, cells in enumerate(zip(*(cells_of(table, name) for name in columns))):
        rows.setdefault(" ".join(word_of(cell) for cell in cells), []).append(n)
    return rows or {"lesion": list(range(table.row_count))}


def _millilitres(table: Table, name: str) -> float:
    unit = table.units.get(name, "")
    if unit not in ML_PER:
        raise InputError(
            "E-INPUT-UNIT",
            f"the column {name!r} is in {unit or 'no unit'}",
            where=table.name,
            fix=f"Head it with one of its units, as {name} [mL] or {name} [mm3].",
        )
    return ML_PER[unit]
