"""What was measured of many segmentations as tables: each case, means with intervals, and models compared."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ...data.curve import Curve, Table
from ...numerics.statistics.free_response import free_response, mean_sensitivity
from ...numerics.statistics.patient_bootstrap import holm, paired_difference, patient_mean
from .assessed_cases import Assessed
from .lesion_candidates import joined
from .mask_measures import COUNTED, EMPTY, WAS_ADDED, WAS_MISSED, units_of

# Volumes say how large structures are, not how well they were drawn.
NO_MEAN = (EMPTY, COUNTED)
FROC_SCORE = "FROC score"
NAN = float("nan")


@dataclass(frozen=True)
class Statistics:
    """Of all intervals: confidence 0..1, resamples of patients, seed."""

    confidence: float
    resamples: int
    seed: int

    def options(self) -> dict[str, object]:
        return {"confidence": self.confidence, "resamples": self.resamples, "seed": self.seed}


def case_table_of(found: Assessed) -> Table | None:
    """One row a case, model and region with all measures."""
    rows = []
    for (model, region), measures in found.values.items():
        for n in np.flatnonzero(found.read[model]):
            known = {"patient": found.patients[n], "case": found.cases[n]}
            if found.times is not None:
                known["time"] = float(found.times[n])
            state = found.states[model, region][n]
            rows.append(
                known
                | {"model": model, "region": region, "state": state}
                | {k: float(v[n]) for k, v in measures.items()}
            )
    names = dict.fromkeys(name for row in rows for name in row)
    units = {name: unit for name, unit in measure_units().items() if name in names}
    if found.times is not None:
        units["time"] = found.time_unit
    return Table({name: [row.get(name, NAN) for row in rows] for name in names}, units, "cases") if rows else None


def measure_units() -> dict[str, str]:
    """Units of the measures that have one, whatever the tolerance of the surface Dice."""
    units = {name: unit for name, unit in units_of(0.0).items() if name != "NSD"}
    return units | {"absolute volume error": "mL"}


def measure_rows(found: Assessed, chosen: np.ndarray, settings: Statistics) -> list[dict[str, object]]:
    """One row a model, region and measure over the chosen cases."""
    rows = []
    for (model, region), measures in found.values.items():
        state = found.states[model, region][chosen]
        special = {"missed": int((state == WAS_MISSED).sum()), "added": int((state == WAS_ADDED).sum())}
        for name, values in measures.items():
            if name not in NO_MEAN:
                rows.append(_row(model, region, name, values[chosen], found.patients[chosen], settings) | special)
    return rows


def _row(model: str, region: str, name: str, values: np.ndarray, patients: np.ndarray, settings: Statistics) -> dict:
    known = np.isfinite(values)
    mean = patient_mean(values, patients, **settings.options())
    return {
        "model": model,
        "region": region,
        "measure": name,
        "unit": measure_units().get(name, "1"),
        "mean": mean.value,
        "lower": mean.low,
        "upper": mean.high,
        "median": float(np.median(values[known])) if known.any() else NAN,
        "cases": int(known.sum()),
        "patients": len(np.unique(patients[known])),
    }


def froc_rows(found: Assessed, settings: Statistics) -> tuple[list[dict[str, object]], tuple[Curve, ...]]:
    """The mean sensitivity of each model that gives scores, and its curve."""
    rows, curves = [], []
    for model, cases in found.candidates.items():
        together = joined(cases, found.patients)
        if not together.lesions.sum():
            continue
        score = mean_sensitivity(together, **settings.options())
        rows.append(
            {
                "model": model, "region": "all", "measure": FROC_SCORE, "unit": "1", "mean": score.value,
                "lower": score.low, "upper": score.high, "median": NAN, "cases": len(cases),
                "patients": len(together.cases), "missed": 0, "added": 0,
            }
        )  # fmt: skip
        rate, sensitivity, _ = free_response(together)
        # Of points at one rate the highest: the curve is read as what is reached at that rate.
        corner = np.append(np.diff(rate) > 0, True)
        curves.append(
            Curve(rate[corner], sensitivity[corner], "1", model, axis="false alarms a case [1]", drawn="line")
        )
    return rows, tuple(curves)


def comparison_rows(found: Assessed, measures: Iterable[str], settings: Statistics) -> list[dict[str, object]]:
    """Each model against the last on the cases both have; p also for all tests of the table together."""
    *others, last = found.models
    rows = []
    for model in others:
        for (owner, region), values in found.values.items():
            if owner != model or (last, region) not in found.values:
                continue
            for name in (name for name in measures if name in values and name in found.values[last, region]):
                first, second = values[name], found.values[last, region][name]
                both = np.isfinite(first) & np.isfinite(second)
                found_difference = paired_difference(first, second, found.patients, **settings.options())
                rows.append(
                    {
                        "model": model, "compared with": last, "region": region, "measure": name,
                        "unit": measure_units().get(name, "1"), "cases": int(both.sum()),
                        "patients": len(np.unique(found.patients[both])), "difference": found_difference.value,
                        "lower": found_difference.low, "upper": found_difference.high,
                        "p (bootstrap)": found_difference.p_bootstrap, "p (Wilcoxon)": found_difference.p_wilcoxon,
                    }
                )  # fmt: skip
    for row, p in zip(rows, holm([row["p (Wilcoxon)"] for row in rows])):
        row["p (Wilcoxon, Holm)"] = float(p)
    return rows
