"""Segmentations of many cases measured one case at a time, so that memory does not grow with their number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from ...context import Context
from ...data.grids.label_grid import labels_on_grid
from ...data.grids.lattice import on_lattice
from ...data.volumes import LabelMap
from ...errors import Finding, Severity
from ...numerics.spatial.consensus import box_around
from .case_table import CaseTable, told_of_row
from .lesion_candidates import CaseCandidates, candidates_of
from .lesion_changes import Masks, change_counts
from .mask_measures import COUNTED, EMPTY, NOWHERE, WAS_ADDED, WAS_MISSED, measures_of
from .matched_lesions import lesion_rows, lesion_summary
from .paired_segments import image_diagonal, paired_segments, segments_by_name, voxel_diagonal

MEAN = "mean of what the reference has"
RIGHT = ("Dice", "IoU", "NSD")
# Whether a structure that is there was found at all, and whether nothing was found where none is.
BY_CASE = ("sensitivity by case", "specificity by case")


@dataclass(frozen=True)
class MeasureSettings:
    """tolerance : mm of the surface Dice, None for a voxel's diagonal. overlap : of lesions that are the same.

    empty_is_right : whether what neither has counts as an overlap of 1. floor : of scores of candidates.
    """

    tolerance: float | None = None
    overlap: float = 0.1
    empty_is_right: bool = False
    floor: float = 0.1


@dataclass(eq=False)
class Assessed:
    """What was measured of the cases of a table.

    values : by model, region and measure, (R,) numbers, NaN where there is none.
    states : by model and region, (R,) words of what is special.
    changes : by model, region and patient, hits, false alarms and misses of new lesions, then of vanished ones.
    candidates : by model, of each row that has scores.
    read : by model, (R,) bool, which rows both have a segmentation. called : by model, what it calls its segments, and
    by "", what the references do.
    """

    patients: np.ndarray
    cases: np.ndarray
    times: np.ndarray | None = None
    time_unit: str = ""
    values: dict[tuple[str, str], dict[str, np.ndarray]] = field(default_factory=dict)
    states: dict[tuple[str, str], np.ndarray] = field(default_factory=dict)
    changes: dict[tuple[str, str, str], np.ndarray] = field(default_factory=dict)
    candidates: dict[str, dict[int, CaseCandidates]] = field(default_factory=dict)
    read: dict[str, np.ndarray] = field(default_factory=dict)
    called: dict[str, dict[str, str]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    @property
    def models(self) -> list[str]:
        return list(dict.fromkeys(model for model, _ in self.values))

    def put(self, key: tuple[str, str], row: int, measures: Mapping[str, float], state: str = "") -> str:
        """Keep what was measured of a region in a row, and give back how the region is spelt."""
        count = len(self.patients)
        model, region = key
        # One region however its name is spelt.
        key = model, next((own for m, own in self.values if own.lower() == region.lower()), region)
        kept = self.values.setdefault(key, {})
        for name, value in measures.items():
            kept.setdefault(name, np.full(count, np.nan))[row] = value
        self.states.setdefault(key, np.full(count, NOWHERE, dtype=object))[row] = state
        return key[1]


def assess(
    table: CaseTable,
    reference: str,
    models: Mapping[str, str],
    scores: Mapping[str, str],
    settings: MeasureSettings,
    context: Context,
) -> Assessed:
    """All measures of all models in all cases.

    Parameters
    ----------
    reference : column of what is taken for right
    models, scores : by the name of a model, its column of segmentations, and of probabilities
    """
    found = Assessed(table.patients, table.cases, table.times, table.time_unit)
    before: dict[str, Masks] = {}
    missing: dict[str, int] = {}
    for n, row in enumerate(table.order):
        context.progress(n / len(table.order), f"case {table.cases[row]} of {table.patients[row]}")
        wanted = table.labels(reference, row)
        if n and table.patients[row] != table.patients[table.order[n - 1]]:
            before = {}
        if wanted is None:
            missing[reference] = missing.get(reference, 0) + 1
            continue
        for model, column in models.items():
            drawn = table.labels(column, row)
            if drawn is None:
                missing[column] = missing.get(column, 0) + 1
                continue
            with told_of_row(row, column):
                drawn = placed(drawn, wanted, found.findings)
            masks = _measure(found, model, row, drawn, wanted, settings)
            if table.times is not None:
                _add_changes(found, model, table.patients[row], before.get(model), masks, settings)
                before[model] = masks
        for model, column in scores.items():
            score = table.map(column, row)
            if score is not None:
                with told_of_row(row, column):
                    score.geometry.require_match(wanted.geometry, column, reference)
                kept = found.candidates.setdefault(model, {})
                kept[row] = candidates_of(score.values, wanted.foreground, settings.floor, settings.overlap)
    if missing:
        told = ", ".join(f"{count} of {column}" for column, count in missing.items())
        text = f"left out, as their cells are empty: {told}; a model that failed there looks better than it is"
        found.findings.append(Finding("W-MISSING", Severity.WARN, text, reference))
    _complete(found, settings)
    found.findings = list(dict.fromkeys(found.findings))
    return found


def placed(labels: LabelMap, reference: LabelMap, findings: list[Finding]) -> LabelMap:
    """A segmentation on the grid of its reference; what had to be done for it is added to the findings."""
    labels = on_lattice(labels, reference.geometry, reference.name)
    if labels.geometry.matches(reference.geometry):
        return labels
    if not labels.foreground.any():
        empty = np.zeros(reference.geometry.shape, labels.values.dtype)
        return replace(labels, values=empty, geometry=reference.geometry)
    labels, told = labels_on_grid(labels, reference.geometry, reference.name)
    findings += told
    return labels


def _measure(
    found: Assessed, model: str, row: int, drawn: LabelMap, wanted: LabelMap, settings: MeasureSettings
) -> Masks:
    geometry = wanted.geometry
    found.read.setdefault(model, np.zeros(len(found.patients), bool))[row] = True
    for whose, labels in ((model, drawn), ("", wanted)):
        found.called.setdefault(whose, {}).update((key, name) for key, (name, _) in segments_by_name(labels).items())
    if not drawn.labels and not wanted.labels:
        # Nothing there and nothing found, whatever it is called elsewhere.
        return Masks(geometry, {})
    pairs, _ = paired_segments(drawn, wanted)
    tolerance = settings.tolerance if settings.tolerance is not None else voxel_diagonal(geometry)
    furthest = image_diagonal(geometry)
    spelt = {}
    for name, whole in pairs.items():
        # Beyond both nothing is measured; structures are small, and images are not.
        box = box_around(np.stack(whole), margin=1)
        own, right = (np.ascontiguousarray(mask[box]) for mask in whole)
        measures, state = measures_of(own, right, geometry, tolerance, furthest)
        measures |= lesion_summary(lesion_rows(own, right, geometry, settings.overlap))
        measures["absolute volume error"] = abs(measures["volume error"])
        spelt[found.put((model, name), row, measures, state)] = whole
    return Masks(geometry, spelt)


def _add_changes(found: Assessed, model: str, patient: str, before: Masks | None, now: Masks, settings) -> None:
    if before is None:
        return
    if not before.geometry.matches(now.geometry):
        text = "visits lie on different grids, so that new and vanished lesions are not told; register them first"
        found.findings.append(Finding("N-GRIDS", Severity.NOTE, text, str(patient)))
        return
    for region, counts in change_counts(before, now, settings.overlap).items():
        key = (model, region, patient)
        found.changes[key] = found.changes.get(key, 0) + counts


def _complete(found: Assessed, settings: MeasureSettings) -> None:
    """Fill in what holds where neither has a region, and the mean over the regions that the reference has."""
    _name_false_alarms(found)
    for (model, region), measures in found.values.items():
        state = found.states[model, region]
        nowhere = (state == NOWHERE) & found.read[model]
        state[~found.read[model]] = ""
        for name in (EMPTY, COUNTED):
            measures[name][nowhere] = 0.0
        for name in RIGHT if settings.empty_is_right else ():
            measures[name][nowhere] = 1.0
        there = measures[COUNTED] > 0
        measures[BY_CASE[0]] = np.where(there, np.where(state == WAS_MISSED, 0.0, 1.0), np.nan)
        measures[BY_CASE[1]] = np.where(nowhere, 1.0, np.where(state == WAS_ADDED, 0.0, np.nan))
    for model in found.models:
        own = [kept for (m, _), kept in found.values.items() if m == model]
        if len(own) > 1:
            there = np.array([kept[COUNTED] > 0 for kept in own])
            names = [name for name in own[0] if name not in (EMPTY, COUNTED, *BY_CASE)]
            found.values[model, MEAN] = {name: _mean(there, [kept[name] for kept in own]) for name in names}
            found.states[model, MEAN] = np.full(len(found.patients), "", dtype=object)


def _name_false_alarms(found: Assessed) -> None:
    """Where there is one segment only, what is found in cases without any is a false alarm of that one.

    An empty reference has no name that a segmentation with another could be compared with.
    """
    (wanted, *others) = found.called.get("", {"": ""}).values() or ("",)
    for model in found.models:
        own = list(found.called[model].values())
        if others or len(own) != 1 or (model, own[0]) not in found.values or (model, wanted) not in found.values:
            continue
        if own[0].lower() == wanted.lower():
            continue
        extra, states = found.values.pop((model, own[0])), found.states.pop((model, own[0]))
        for row in np.flatnonzero(states != NOWHERE):
            found.put((model, wanted), row, {name: values[row] for name, values in extra.items()}, states[row])


def _mean(there: np.ndarray, values: list[np.ndarray]) -> np.ndarray:
    """(R,) means over the regions that are there and have a value."""
    values = np.array(values)
    counted_here = there & np.isfinite(values)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(counted_here, values, 0).sum(axis=0) / counted_here.sum(axis=0)
