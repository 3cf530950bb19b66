"""Whether segmentations of one patient at several times say the same of what changes as the references do."""

from __future__ import annotations

import numpy as np

from ...numerics.signal.warped_distance import warped_distance
from .assessed_cases import MEAN, Assessed
from .assessment_tables import NAN, Statistics, measure_rows
from .mask_measures import COUNTED, EMPTY

SCATTER, ERROR, FLICKER, SHIFTED = "sd of Dice", "volume-curve error", "flicker", "warped distance"
NEW, VANISHED = "new lesion F1", "vanished lesion F1"


def consistency_rows(found: Assessed) -> list[dict[str, object]]:
    """One row a model, region and patient with two visits or more."""
    rows = []
    for model, region in found.values:
        if region == MEAN:
            continue
        for patient in dict.fromkeys(found.patients.tolist()):
            here = np.flatnonzero((found.patients == patient) & found.read[model])
            here = here[np.argsort(found.times[here], kind="stable")]
            if len(here) > 1:
                measures = consistency(*(found.values[model, region][name][here] for name in ("Dice", EMPTY, COUNTED)),
                                       found.times[here])  # fmt: skip
                counts = found.changes.get((model, region, patient), np.zeros(6))
                measures |= {NEW: _f1(*counts[:3]), VANISHED: _f1(*counts[3:])}
                rows.append({"model": model, "region": region, "patient": patient, "visits": len(here)} | measures)
    return rows


def consistency_means(rows: list[dict[str, object]], settings: Statistics) -> list[dict[str, object]]:
    """The mean of each measure over the patients, as rows of the table of measures."""
    names = (SCATTER, ERROR, FLICKER, SHIFTED, NEW, VANISHED)
    patients = np.array([row["patient"] for row in rows])
    found = Assessed(patients, patients)
    for n, row in enumerate(rows):
        found.put((row["model"], row["region"]), n, {name: row[name] for name in names}, "")
    means = measure_rows(found, np.ones(len(rows), bool), settings)
    return [row | {"measure": f"{row['measure']} over time"} for row in means]


def consistency(dice: np.ndarray, own: np.ndarray, right: np.ndarray, times: np.ndarray) -> dict[str, float]:
    """Measures of one region over (T,) rising times.

    dice : (T,); own, right : (T,) volumes, found and of the reference
    """
    whole = float(np.trapezoid(right, times))
    mean = float(right.mean())
    known = dice[np.isfinite(dice)]
    return {
        SCATTER: float(known.std(ddof=1)) if len(known) > 1 else NAN,
        ERROR: _area_between(own - right, times) / whole if whole > 0 else NAN,
        FLICKER: flicker(own, times) - flicker(right, times) if len(times) > 2 else NAN,
        SHIFTED: warped_distance(own, right) / (mean * len(times)) if mean > 0 else NAN,
    }


def flicker(volumes: np.ndarray, times: np.ndarray) -> float:
    """Mean absolute second difference of a curve by its mean, NaN without a volume.

    At uneven times it is twice the distance from the line through the neighbours, which is the same at even ones.
    """
    share = (times[1:-1] - times[:-2]) / (times[2:] - times[:-2])
    between = volumes[:-2] * (1 - share) + volumes[2:] * share
    mean = float(volumes.mean())
    return float(np.abs(2 * (between - volumes[1:-1])).mean() / mean) if mean > 0 else NAN


def _area_between(difference: np.ndarray, times: np.ndarray) -> float:
    """The integral of the absolute value of what is linear between the times: curves may cross on the way."""
    a, b = difference[:-1], difference[1:]
    same = np.abs(a + b) / 2
    span = np.abs(a) + np.abs(b)
    crossed = (a**2 + b**2) / (2 * np.where(span > 0, span, 1))
    return float((np.diff(times) * np.where(a * b < 0, crossed, same)).sum())


def _f1(hits: float, alarms: float, misses: float) -> float:
    """NaN where nothing changed and nothing was said to."""
    whole = 2 * hits + alarms + misses
    return float(2 * hits / whole) if whole else NAN
