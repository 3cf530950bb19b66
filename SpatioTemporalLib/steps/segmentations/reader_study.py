"""Readings of many cases gathered one case at a time: volumes, overlaps, and counts of what was marked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ...context import Context
from ...errors import Finding, Severity, counted
from ...numerics.spatial.mask_overlap import dice
from ...numerics.statistics.agreement import (
    absolute_agreement,
    cohen_kappa,
    consistency,
    fleiss_kappa,
    gwet_ac1,
)
from ...numerics.statistics.patient_bootstrap import MeanInterval, patient_mean
from .assessment_tables import NAN, Statistics
from .case_table import CaseTable, told_of_row
from .readings import RegionReadings, readings_of

FEWEST_CASES = 3
ICC_AGREEMENT, ICC_CONSISTENCY = "ICC(2,1) of the volumes", "ICC(3,1) of the volumes"
WITH_OTHERS, MODEL_WITH_OTHERS = "Dice of a reader with the others", "Dice of the model with the others"
NEARER = "Dice of the model less that of the reader left out"


@dataclass(eq=False)
class RegionStudy:
    """What was gathered of one structure, by row of the table.

    marks, lesions : (R + 1,) voxels, and lesions, by how many readers marked them. pairs : by two readers, (4,) voxels.
    volumes : (R,) mL of each row. overlaps : Dice of each pair. others, model : of each reader, Dice with the majority
    of the others, of the reader and of the model.
    """

    marks: np.ndarray
    lesions: np.ndarray
    pairs: dict[tuple[int, int], np.ndarray] = field(default_factory=dict)
    volumes: dict[int, np.ndarray] = field(default_factory=dict)
    overlaps: dict[int, np.ndarray] = field(default_factory=dict)
    others: dict[int, np.ndarray] = field(default_factory=dict)
    model: dict[int, np.ndarray] = field(default_factory=dict)


@dataclass(eq=False)
class Study:
    """regions : what was gathered by name. readers : their names. findings : what was odd."""

    readers: list[str]
    patients: np.ndarray
    regions: dict[str, RegionStudy] = field(default_factory=dict)
    rows: list[int] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def gather(table: CaseTable, readers: Mapping[str, str], model: str, least: float, context: Context) -> Study:
    """All readings of a table, one case at a time.

    Parameters
    ----------
    readers : by name, the column of files. model : column of the model's, or ""
    least : intersection over union above which two lesions are the same

    Raises
    ------
    GeometryError
        When the readings of a case lie on different grids.
    """
    study, missing = Study(list(readers), table.patients), 0
    for n, row in enumerate(table.order):
        context.progress(n / len(table.order), f"case {table.cases[row]} of {table.patients[row]}")
        columns = [*readers.values(), *([model] if model else [])]
        drawn = [table.labels(column, row) for column in columns]
        if any(one is None for one in drawn):
            missing += 1
            continue
        for one, column in zip(drawn[1:], columns[1:]):
            with told_of_row(row, column):
                one.geometry.require_match(drawn[0].geometry, column, columns[0])
        study.rows.append(int(row))
        if any(one.labels for one in drawn):
            regions, findings = readings_of(drawn)
            study.findings += findings
            for region in regions:
                _add(study, int(row), region, bool(model), least)
    if missing:
        text = f"{counted(missing, 'row')} left out, in which not every reader has a segmentation"
        study.findings.append(Finding("W-MISSING", Severity.WARN, text, columns[0]))
    study.findings = list(dict.fromkeys(study.findings))
    return study


def _add(study: Study, row: int, whole: RegionReadings, with_model: bool, least: float) -> None:
    count = len(study.readers)
    region = RegionReadings(whole.name, whole.masks[:count], whole.geometry)
    name = next((own for own in study.regions if own.lower() == region.name.lower()), region.name)
    kept = study.regions.setdefault(name, RegionStudy(np.zeros(count + 1), np.zeros(count + 1)))
    kept.marks += region.marks
    kept.lesions += np.bincount(region.lesions(least).marked.sum(axis=1), minlength=count + 1)
    overlaps = []
    for a, b in region.pairs:
        kept.pairs[a, b] = kept.pairs.get((a, b), 0) + region.pair_counts(a, b)
        one, other = region.masks[a], region.masks[b]
        overlaps.append(dice(one, other) if one.any() or other.any() else NAN)
    kept.volumes[row] = region.volumes_ml
    kept.overlaps[row] = np.array(overlaps)
    kept.others[row] = np.array([region.overlap_with_others(n) for n in range(count)])
    if with_model:
        kept.model[row] = np.array([region.overlap_with_others(n, whole.masks[-1]) for n in range(count)])


def study_rows(study: Study, statistics: Statistics) -> list[dict[str, object]]:
    """One row a structure and measure of all readers together, with an interval where there is one."""
    rows = []
    for name, kept in study.regions.items():
        volumes = _volumes(study, kept)
        enough = len(volumes) >= FEWEST_CASES
        nothing = MeanInterval(NAN, NAN, NAN)
        correlations = {
            ICC_AGREEMENT: absolute_agreement(volumes, confidence=statistics.confidence) if enough else nothing,
            ICC_CONSISTENCY: consistency(volumes, confidence=statistics.confidence) if enough else nothing,
        }
        pooled = {
            "Fleiss' kappa of voxels": fleiss_kappa(kept.marks), "AC1 of voxels": gwet_ac1(kept.marks),
            "Fleiss' kappa of lesions": fleiss_kappa(kept.lesions),
        }  # fmt: skip
        found = {"Dice of pairs": _mean(study, kept.overlaps, statistics)}
        found[WITH_OTHERS] = _mean(study, kept.others, statistics)
        if kept.model:
            found[MODEL_WITH_OTHERS] = _mean(study, kept.model, statistics)
            apart = {row: kept.model[row] - kept.others[row] for row in kept.model}
            found[NEARER] = _mean(study, apart, statistics)
        found |= correlations | {measure: MeanInterval(value, NAN, NAN) for measure, value in pooled.items()}
        rows += [
            {
                "region": name, "measure": measure, "value": value.value, "lower": value.low, "upper": value.high,
                "cases": len(study.rows), "patients": len(np.unique(study.patients[study.rows])),
            }
            for measure, value in found.items()
        ]  # fmt: skip
    return rows


def pair_study_rows(study: Study, statistics: Statistics) -> list[dict[str, object]]:
    """One row a structure and two readers: mean Dice with interval, kappa of all voxels, bias of the volumes."""
    rows = []
    for name, kept in study.regions.items():
        volumes = _volumes(study, kept)
        for n, ((a, b), counts) in enumerate(kept.pairs.items()):
            overlap = _mean(study, {row: values[n : n + 1] for row, values in kept.overlaps.items()}, statistics)
            apart = volumes[:, a] - volumes[:, b]
            spread = float(apart.std(ddof=1)) if len(apart) > 1 else NAN
            rows.append(
                {
                    "region": name, "reader": study.readers[a], "other": study.readers[b], "Dice": overlap.value,
                    "lower": overlap.low, "upper": overlap.high, "kappa": cohen_kappa(*counts),
                    "volume difference": float(apart.mean()), "limit below": float(apart.mean()) - 1.96 * spread,
                    "limit above": float(apart.mean()) + 1.96 * spread,
                }
            )  # fmt: skip
    return rows


def volume_rows(study: Study, cases: np.ndarray) -> list[dict[str, object]]:
    """One row a case and structure: what each reader measured."""
    return [
        {"patient": study.patients[row], "case": cases[row], "region": name}
        | {reader: float(value) for reader, value in zip(study.readers, volumes)}
        for name, kept in study.regions.items()
        for row, volumes in zip(study.rows, _volumes(study, kept))
    ]


def _volumes(study: Study, kept: RegionStudy) -> np.ndarray:
    """(n, R) mL; where nobody drew a structure all measured none of it."""
    nothing = np.zeros(len(study.readers))
    return np.array([kept.volumes.get(row, nothing) for row in study.rows])


def _mean(study: Study, values: dict[int, np.ndarray], statistics: Statistics) -> MeanInterval:
    rows = [row for row in values for _ in values[row]]
    return patient_mean(np.concatenate([*values.values()]), study.patients[rows], **statistics.options())
