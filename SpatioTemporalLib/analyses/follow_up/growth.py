"""Growth of lesions measured at several visits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from ...data.curve import Table
from ...data.units import factor_between
from ...declare import Help, Input, Output, Range, Unit, analysis
from ...errors import Finding, InputError, Severity
from ...numerics.statistics.growth import equivalent_diameter
from ...steps.follow_up.lesion_course import ends_of, lesion_course
from ...steps.follow_up.visit_days import days_of
from ...steps.table_columns import cells_of, numbers_of, word_of

NAMES = ("participant_id", "lesion")
SIZES = ("volume", "diameter")
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

COURSES = {
    "gone": "not seen at the last visit, so there is no doubling time",
    "new": "not seen at the first visit, so there is no growth in percent",
    "returned": "not seen at a visit in between, so there is no doubling time",
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
    days: Annotated[
        str,
        Help(
            "Column of days counted from any date, of weeks, months or years as its heading says, or of dates such as "
            "2023-01-31; a column date is taken where there is no days."
        ),
    ] = "days"
    volume: Annotated[
        str,
        Help(
            "Column of volumes, headed with its unit (mL, cm3 or mm3), 0 where the lesion was not seen; or of "
            "diameters (mm or cm), taken to be those of spheres."
        ),
    ] = "volume"
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
            "visits (negative: halving time; infinite: no change; empty: seen at too few) with its interval, and its "
            "course: whether it grows or shrinks beyond the measurement error, is new, gone, or returned.",
        )
    ],
    parameters=GrowthParameters,
)
def growth(measurements, *, parameters, context):
    r"""Growth in percent and volume doubling time of each lesion, with the interval from the error of measurement.

    Notes
    -----
    .. math:: t_d = \frac{\ln 2 \; (t_2 - t_1)}{\ln (V_2 / V_1)}

    With more than two visits the rate is the slope of a straight line through ln V.
    """
    days = days_of(measurements, parameters.days)
    volumes, findings = _volumes(measurements, parameters.volume)
    rows, left_out, repeated = [], [], []
    for name, at in _lesions(measurements, parameters).items():
        seen = np.array([n for n in at if np.isfinite(days[n]) and np.isfinite(volumes[n])], dtype=int)
        visits = np.unique(days[seen])
        if len(visits) < 2 or not volumes[seen].any():
            left_out.append(name)
            continue
        if len(visits) < len(seen):
            repeated.append(name)
        order = seen[np.argsort(days[seen], kind="stable")]
        rows.append({"lesion": name, **_row(days[order], volumes[order], parameters)})
    if not rows:
        raise InputError(
            "E-GROWTH",
            "no lesion has volumes at two different days, one of them above zero",
            where=measurements.name,
            fix="Check that lesion names the columns that stay the same from visit to visit.",
        )
    return {
        "growth": Table({key: [row[key] for row in rows] for key in rows[0]}, UNITS, "growth"),
        "findings": (*findings, *_told(left_out, repeated, rows, measurements.name)),
    }


def _told(left_out: list[str], repeated: list[str], rows: list[dict], where: str):
    if left_out:
        text = f"not seen, or not measured at two different days, and left out: {', '.join(left_out)}"
        yield Finding("W-GROWTH", Severity.MASK, text, where)
    if repeated:
        text = f"measured several times on one day, of which first and last volume are means: {', '.join(repeated)}"
        yield Finding("W-GROWTH-REPEATED", Severity.WARN, text, where)
    for course, text in COURSES.items():
        names = [row["lesion"] for row in rows if row["course"] == course]
        if names:
            yield Finding("N-GROWTH-COURSE", Severity.NOTE, f"{text}: {', '.join(names)}", where)


def _row(days: np.ndarray, volumes: np.ndarray, parameters) -> dict[str, object]:
    course = lesion_course(days, volumes, parameters.measurement_error / 100, confidence=parameters.confidence / 100)
    interval, first, last = ends_of(days, volumes)
    return {
        "visits": len(np.unique(days)),
        "interval": interval,
        "first volume": first,
        "last volume": last,
        "first diameter": float(equivalent_diameter(first)),
        "last diameter": float(equivalent_diameter(last)),
        "growth": course.growth,
        "doubling time": course.doubling.days,
        "lower": course.doubling.low,
        "upper": course.doubling.high,
        "course": course.word,
    }


def _lesions(table: Table, parameters) -> dict[str, list[int]]:
    """Rows of each lesion by its name; all rows are one lesion when nothing tells them apart."""
    columns = parameters.lesion or tuple(column for name in NAMES for column in table.columns if column.lower() == name)
    rows: dict[str, list[int]] = {}
    for n, cells in enumerate(zip(*(cells_of(table, name) for name in columns))):
        rows.setdefault(" ".join(word_of(cell) for cell in cells), []).append(n)
    return rows or {"lesion": list(range(table.row_count))}


def _volumes(table: Table, name: str) -> tuple[np.ndarray, tuple[Finding, ...]]:
    """(rows,) mL, NaN where there is none; of spheres where the column is one of lengths."""
    if name not in table.columns and name == SIZES[0]:
        name = next((column for size in SIZES for column in table.columns if column.lower() == size), name)
    sizes, unit = numbers_of(table, name), table.units.get(name, "").strip()
    for row in np.flatnonzero((sizes < 0) | np.isinf(sizes)):
        raise InputError(
            "E-GROWTH",
            f"row {row + 1} of column {name!r} holds {sizes[row]:g}, a size from 0 on was expected",
            where=table.name,
            fix="Correct this cell, or leave it empty if the lesion was not measured.",
        )
    # As people write units in headings: ML, CC, Mm3.
    spellings = (unit, unit.lower())
    to_ml, to_mm = (next(filter(None, (factor_between(u, w) for u in spellings)), None) for w in ("mL", "mm"))
    if to_ml:
        return sizes * to_ml, ()
    if to_mm:
        text = f"{name} is a diameter: volumes are those of spheres"
        return np.pi / 6 * (sizes * to_mm) ** 3 / 1000, (Finding("N-GROWTH-SPHERE", Severity.NOTE, text, table.name),)
    raise InputError(
        "E-INPUT-UNIT",
        f"the column {name!r} is in {unit or 'no unit'}",
        where=table.name,
        fix=f"Head it with one of its units, as {name} [mL] or {name} [mm3], or [mm] for diameters.",
    )
