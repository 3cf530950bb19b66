"""What several readers drew of one image, structure by structure, and how far they agree."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from ...data.geometry import Geometry
from ...data.volumes import LabelMap
from ...errors import Finding, InputError, Severity
from ...numerics.spatial.consensus import LesionGroups, box_around, lesion_groups, majority
from ...numerics.spatial.mask_overlap import dice
from .paired_segments import region_of, segments_by_name, with_names_of


@dataclass(frozen=True, eq=False)
class RegionReadings:
    """What readers drew of one structure.

    masks : (R, K, J, I) bool, empty where a reader drew none of it. geometry : their grid.
    """

    name: str
    masks: np.ndarray
    geometry: Geometry

    @property
    def volumes_ml(self) -> np.ndarray:
        return self.masks.reshape(len(self.masks), -1).sum(axis=1) * self.geometry.voxel_volume_ml

    @property
    def marks(self) -> np.ndarray:
        """(R + 1,) how many voxels of the box around all marks none of the readers marks, one, ... all."""
        inside = self.masks[(slice(None), *box_around(self.masks))].sum(axis=0)
        return np.bincount(inside.ravel(), minlength=len(self.masks) + 1)

    def pair_counts(self, first: int, second: int) -> np.ndarray:
        """(4,) voxels of that box that both mark, only the first, only the second, or none of the two."""
        box = box_around(self.masks)
        a, b = self.masks[first][box], self.masks[second][box]
        return np.array([(a & b).sum(), (a & ~b).sum(), (b & ~a).sum(), (~a & ~b).sum()])

    @property
    def pairs(self) -> list[tuple[int, int]]:
        return list(combinations(range(len(self.masks)), 2))

    def without(self, reader: int) -> np.ndarray:
        """(K, J, I) bool, the majority of the other readers: more than half, both where there are two."""
        return majority(np.delete(self.masks, reader, axis=0))

    def overlap_with_others(self, reader: int, other: np.ndarray | None = None) -> float:
        """Dice of a reader, or of another mask instead, with the majority of the others; NaN where both are empty."""
        mask, consensus = self.masks[reader] if other is None else other, self.without(reader)
        return dice(mask, consensus) if mask.any() or consensus.any() else float("nan")

    def lesions(self, least: float) -> LesionGroups:
        """Which connected parts are one lesion, in the box around all marks; see `lesion_groups`."""
        return lesion_groups(self.masks[(slice(None), *box_around(self.masks))], least)


def readings_of(drawn: list[LabelMap]) -> tuple[list[RegionReadings], list[Finding]]:
    """The structures that any of the readers drew, by their names, and what was taken for the same.

    Raises
    ------
    InputError
        ``E-LABEL`` when nobody drew anything.
    """
    segments = [segments_by_name(with_names_of(labels, drawn[0])) for labels in drawn]
    keys = dict.fromkeys(key for own in segments for key in own)
    names = {key: next(own[key][0] for own in segments if key in own) for key in keys}
    if not names:
        raise InputError("E-LABEL", "no reader drew a segment", where=drawn[0].name, fix="Choose other segmentations.")
    findings = []
    if len(names) > 1 and all(len(own) < 2 for own in segments):
        first, *others = names.values()
        text = f"{', '.join(others)} is compared with {first}, the only segment of each"
        findings.append(Finding("N-LABEL-NAME", Severity.NOTE, text, drawn[0].name))
        segments = [{next(iter(names)): next(iter(own.values()))} if own else {} for own in segments]
        names = dict([next(iter(names.items()))])
    return [
        RegionReadings(
            name,
            np.stack([region_of(labels, own[key][1] if key in own else ()) for labels, own in zip(drawn, segments)]),
            drawn[0].geometry,
        )
        for key, name in names.items()
    ], findings


def reader_names(drawn: list[LabelMap]) -> list[str]:
    """What the readers are called: their segmentations, with a number where two have one name."""
    names = [labels.name for labels in drawn]
    return [f"{name} ({n})" if names.count(name) > 1 else name for n, name in enumerate(names, start=1)]
