"""One segment of several, by its name."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...data.follow_up import FollowUp
from ...data.volumes import LabelMap
from ...errors import Finding, InputError, Severity


def named_segment(labels: LabelMap, name: str | None) -> tuple[LabelMap, tuple[Finding, ...]]:
    """The segment of that name alone; without a name all that is drawn, with a warning where that is several segments.

    Raises
    ------
    InputError
        ``E-SEGMENT`` when none of that name is drawn.
    """
    drawn = {value: label.name for value, label in labels.labels.items() if labels.region(value).any()}
    wanted = [value for value, label in drawn.items() if name and label.casefold() == name.strip().casefold()]
    if wanted:
        return replace(labels, values=np.where(labels.region(wanted[0]), labels.values, 0)), ()
    if name:
        raise InputError(
            "E-SEGMENT",
            f"no segment {name!r} is drawn; there are {', '.join(drawn.values()) or 'none'}",
            where=labels.name,
            fix="Correct the name of the segment.",
        )
    if len(drawn) < 2:
        return labels, ()
    text = f"the segments {', '.join(drawn.values())} were taken as one; give the name of the one that is meant"
    return labels, (Finding("W-SEGMENTS", Severity.WARN, text, labels.name),)


def visits_with_segment(visits: FollowUp, name: str | None) -> tuple[FollowUp, tuple[Finding, ...]]:
    """The visits with that segment alone in each of their masks; raises as `named_segment`."""
    kept, findings = [], []
    for visit in visits.visits:
        found = {key: named_segment(mask, name) for key, mask in visit.masks.items()}
        findings += [finding for _, odd in found.values() for finding in odd]
        kept.append(replace(visit, masks={key: mask for key, (mask, _) in found.items()}))
    return replace(visits, visits=tuple(kept)), tuple(findings)
