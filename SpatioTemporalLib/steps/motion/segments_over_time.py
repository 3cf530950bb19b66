"""Segments of labels over time, by their names, and whether they can be measured in every frame."""

from __future__ import annotations

import numpy as np

from ...data.volumes import LabelSeries
from ...errors import Finding, InputError, Severity

HEART, BREATH = "heart", "breathing"


def chosen_labels(labels: LabelSeries, names: tuple[str, ...]) -> dict[int, str]:
    """The labels of these names that are drawn, all where none is given.

    Raises
    ------
    InputError
        ``E-SEGMENT`` when one is not there, or a name is that of several.
    """
    drawn = set().union(*(set(np.unique(frame).tolist()) for frame in labels.values)) - {0}
    known = {value: label.name for value, label in labels.labels.items() if value in drawn}
    if not names:
        return known
    found = {}
    for name in names:
        values = [v for v, own in known.items() if own.casefold() == name.strip().casefold()]
        if len(values) > 1:
            raise InputError(
                "E-SEGMENT",
                f"{len(values)} segments are called {name!r}",
                where=labels.name,
                fix="Give them names that differ, or join them.",
            )
        if not values:
            raise InputError(
                "E-SEGMENT",
                f"no segment {name!r} is drawn; there are {', '.join(known.values()) or 'none'}",
                where=labels.name,
                fix="Correct the name of the segment.",
            )
        found[values[0]] = known[values[0]]
    return found


def volumes_of(labels: LabelSeries, value: int) -> np.ndarray:
    """(T,) mL of a label that is drawn in every frame.

    Raises
    ------
    InputError
        ``E-LABEL-FRAME`` where a frame has none of it: a heart does not vanish.
    """
    volumes = labels.volumes_ml(value)
    gone = np.flatnonzero(volumes == 0)
    if gone.size:
        raise InputError(
            "E-LABEL-FRAME",
            f"{labels.labels[value].name} is drawn in {len(volumes) - gone.size} of {len(volumes)} frames, not in "
            f"frame {gone[0]} (counted from 0)",
            where=labels.name,
            fix="Draw it in every frame, carry one segmentation through all frames (motion.propagation), or leave the "
            "frame out.",
        )
    return volumes


def cut_off(labels: LabelSeries, value: int) -> list[Finding]:
    """Whether a label is cut off at the border of the images within their slices, or at the first or last slice."""
    found, name = [], labels.labels[value].name
    there = np.zeros(labels.geometry.shape, bool)
    for frame in labels.values:
        there |= frame == value
    if any(there.take(side, axis).any() for axis in (1, 2) for side in (0, -1)):
        text = f"{name} touches the border of the images, where it may be cut off"
        found.append(Finding("N-BORDER", Severity.NOTE, text, labels.name))
    if labels.geometry.shape[0] > 1 and (there[0].any() or there[-1].any()):
        text = f"{name} reaches the first or last slice; what lies beyond is in no volume"
        found.append(Finding("N-BORDER", Severity.NOTE, text, labels.name))
    return found
