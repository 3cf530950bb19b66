"""Structures of one visit as they are drawn: their voxels, one by one, whether they overlap or not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from ...data.follow_up import Visit
from ...data.geometry import Geometry
from ...data.volumes import LabelMap
from ...errors import Finding, Severity, counted
from .roles import ORGANS, TUMOUR, role_of

# Parts of a lesion's mask of fewer voxels are strays of a brush.
FEWEST_VOXELS = 3
EVERY_WAY = np.ones((3, 3, 3), dtype=bool)


@dataclass(frozen=True, eq=False)
class Drawn:
    """One structure or lesion.

    role : see `roles`. mask : (K, J, I) bool, cut to where it lies. geometry : of the cut.
    """

    name: str
    role: str
    mask: np.ndarray
    geometry: Geometry

    @property
    def points(self) -> np.ndarray:
        """(M, 3) RAS mm of its outermost voxels."""
        padded = np.pad(self.mask, 1)
        inner = ndimage.binary_erosion(padded)[1:-1, 1:-1, 1:-1]
        return self.geometry.ijk_to_ras(np.argwhere(self.mask & ~inner)[:, ::-1].astype(float))

    @property
    def centre(self) -> np.ndarray:
        """(3,) RAS mm, mean of its voxels."""
        return self.geometry.ijk_to_ras(np.argwhere(self.mask)[:, ::-1].mean(axis=0))


def drawn_structures(visit: Visit) -> tuple[tuple[Drawn, ...], tuple[Finding, ...]]:
    """All structures of a visit: organs by their kind, one each, and every lesion for itself.

    Masks of different names may overlap and lie on grids of their own. Where one
    label holds all lesions, each of its parts is one.
    """
    organs: dict[str, list[Drawn]] = {}
    lesions: list[Drawn] = []
    for name, region, labels in _regions(visit):
        role = role_of(name)
        if role == TUMOUR:
            lesions.append(cut(name, role, region, labels.geometry))
        elif role:
            organs.setdefault(role, []).append(cut(name, role, region, labels.geometry))
    findings: list[Finding] = []
    if len(lesions) == 1:
        lesions = _parts(lesions[0], findings)
    found = [_first(organs[role], findings) for role in ORGANS if role in organs]
    return (*found, *_named_apart(lesions)), tuple(findings)


def _regions(visit: Visit) -> Iterator[tuple[str, np.ndarray, LabelMap]]:
    for name, labels in visit.masks.items():
        # Segments that overlap come one by one beside the label map that cannot hold them all.
        if name not in {label.name for label in labels.labels.values()} and all(
            label.name in visit.masks for label in labels.labels.values()
        ):
            continue
        only = len(labels.labels) == 1
        for value, label in labels.labels.items():
            region = labels.region(value)
            if region.any():
                # A mask of one label is called by its column or segment; a label's own name may be "1".
                own = name if only and not role_of(label.name) else label.name
                yield (own if role_of(own) else f"{name} {own}"), region, labels


def cut(name: str, role: str, region: np.ndarray, geometry: Geometry) -> Drawn:
    """A region of an image as a structure of its own."""
    box = ndimage.find_objects(region.astype(np.uint8))[0]
    start = [part.start for part in box]
    affine = geometry.affine.copy()
    affine[:3, 3] = geometry.ijk_to_ras(np.array(start[::-1], dtype=float))
    mask = np.ascontiguousarray(region[box])
    return Drawn(name, role, mask, Geometry(mask.shape, affine))


def _parts(drawn: Drawn, findings: list[Finding]) -> list[Drawn]:
    numbered, count = ndimage.label(drawn.mask, EVERY_WAY)
    sizes = np.bincount(numbered.ravel(), minlength=count + 1)[1:]
    kept = [n + 1 for n in range(count) if sizes[n] >= FEWEST_VOXELS] or [int(sizes.argmax()) + 1]
    if len(kept) < count:
        text = f"{counted(count - len(kept), 'part')} of fewer than {FEWEST_VOXELS} voxels left out of {drawn.name}"
        findings.append(Finding("W-STRAY", Severity.REPAIR, text))
    if len(kept) == 1 and count == 1:
        return [drawn]
    kept.sort(key=lambda n: -sizes[n - 1])
    return [cut(f"{drawn.name} {m}", TUMOUR, numbered == n, drawn.geometry) for m, n in enumerate(kept, start=1)]


def _first(same: list[Drawn], findings: list[Finding]) -> Drawn:
    """The largest of several that are drawn of one structure."""
    largest = max(same, key=lambda drawn: int(drawn.mask.sum()))
    if len(same) > 1:
        names = ", ".join(drawn.name for drawn in same)
        text = f"{names} are all taken for the {largest.role}; {largest.name}, the largest, was used"
        findings.append(Finding("W-STRUCTURE", Severity.WARN, text))
    return largest


def _named_apart(lesions: list[Drawn]) -> list[Drawn]:
    seen: dict[str, int] = {}
    apart = []
    for drawn in lesions:
        seen[drawn.name] = seen.get(drawn.name, 0) + 1
        number = seen[drawn.name]
        name = drawn.name if number == 1 else f"{drawn.name} ({number})"
        apart.append(Drawn(name, drawn.role, drawn.mask, drawn.geometry))
    return apart
