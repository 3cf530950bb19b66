"""The segments of two segmentations, paired by their names."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...data.geometry import Geometry
from ...data.volumes import LabelMap
from ...errors import Finding, InputError, Severity


def paired_segments(
    segmentation: LabelMap, reference: LabelMap
) -> tuple[dict[str, tuple[np.ndarray, np.ndarray]], list[Finding]]:
    """Masks of each segment by its name, of the segmentation and of the reference, empty where one of both has none.

    Raises
    ------
    InputError
        ``E-LABEL`` when neither holds a segment.
    """
    named = _named_alike(segmentation, reference)
    if not named[0] and not named[1]:
        raise InputError("E-LABEL", "neither holds a segment", where=reference.name, fix="Choose another reference.")
    findings = [
        Finding("W-LABEL-TWICE", Severity.WARN, f"{name} is the name of {len(values)} segments, taken as one", of.name)
        for own, of in zip(named, (segmentation, reference))
        for name, values in own.values()
        if len(values) > 1
    ]
    if len(named[0]) == len(named[1]) == 1 and set(named[0]) != set(named[1]):
        (own,), (other,) = named[0].values(), named[1].values()
        text = f"{own[0]} is compared with {other[0]}, the only segment there is"
        findings.append(Finding("N-LABEL-NAME", Severity.NOTE, text, segmentation.name))
        named[0] = {next(iter(named[1])): own}
    keys = list(dict.fromkeys([*named[1], *named[0]]))
    names = {key: (named[1].get(key) or named[0][key])[0] for key in keys}
    masks = {
        names[key]: tuple(
            region_of(labels, own[key][1] if key in own else ())
            for own, labels in zip(named, (segmentation, reference))
        )
        for key in keys
    }
    return masks, findings


def segments_by_name(labels: LabelMap) -> dict[str, tuple[str, list[int]]]:
    """Names as written and the labels that have them, by what they are compared by.

    Labels of a file that names none are called by their numbers, whatever the file is called.
    """
    found: dict[str, tuple[str, list[int]]] = {}
    for value, label in labels.labels.items():
        name = f"label {value}" if _is_made_up(labels, value) else label.name
        found.setdefault(name.strip().lower(), (name, []))[1].append(value)
    return found


def with_names_of(labels: LabelMap, other: LabelMap) -> LabelMap:
    """The labels under the names that another segmentation gives their numbers, where they have none of their own."""
    if not labels.labels or not all(_is_made_up(labels, value) for value in labels.labels):
        return labels
    known = {v: other.labels[v] for v in labels.labels if v in other.labels and not _is_made_up(other, v)}
    return replace(labels, labels=labels.labels | known)


def _named_alike(segmentation: LabelMap, reference: LabelMap) -> list[dict[str, tuple[str, list[int]]]]:
    named = with_names_of(segmentation, reference), with_names_of(reference, segmentation)
    return [segments_by_name(labels) for labels in named]


def _is_made_up(labels: LabelMap, value: int) -> bool:
    """Whether a label's name is what `LabelMap` makes of the image's where nothing names it."""
    return labels.labels[value].name in (labels.name, f"{labels.name} {value}")


def region_of(labels: LabelMap, values) -> np.ndarray:
    """(K, J, I) bool, where any of the labels is set."""
    region = np.zeros(labels.values.shape, bool)
    for value in values:
        region |= labels.region(value)
    return region


def voxel_diagonal(geometry: Geometry) -> float:
    """Of a voxel, mm; within the slice where there is one slice only."""
    steps = [step for step, size in zip(geometry.spacing[::-1], geometry.shape) if size > 1]
    return float(np.linalg.norm(steps or geometry.spacing))


def image_diagonal(geometry: Geometry) -> float:
    """Of the whole image, mm: the distance that counts for what was missed."""
    return float(np.linalg.norm(np.multiply(geometry.shape, geometry.spacing[::-1])))
