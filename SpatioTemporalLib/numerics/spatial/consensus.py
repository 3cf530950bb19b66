"""One mask of several that readers drew of the same structure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage, sparse

from ...system.packages import require
from .lesion_match import matched_parts

MARGIN = 3
MOST_STEPS = 500


@dataclass(frozen=True, eq=False)
class EstimatedTruth:
    """probability : (K, J, I) that a voxel belongs to the structure. sensitivity, specificity : (R,) of the readers."""

    probability: np.ndarray
    sensitivity: np.ndarray
    specificity: np.ndarray


def majority(masks: np.ndarray) -> np.ndarray:
    """(K, J, I) bool where more than half of (R, K, J, I) readers mark."""
    return 2 * masks.sum(axis=0) > len(masks)


def box_around(masks: np.ndarray, margin: int = MARGIN) -> tuple[slice, ...]:
    """What lies around all that any reader marks, by voxels; what is beyond says nothing about readers.

    One voxel where nothing is marked: of no voxel at all much is not defined.
    """
    found = ndimage.find_objects(masks.any(axis=0).astype(np.uint8))
    if not found:
        return (slice(0, 1),) * 3
    return tuple(
        slice(max(part.start - margin, 0), min(part.stop + margin, size))
        for part, size in zip(found[0], masks.shape[1:])
    )


def staple(masks: np.ndarray) -> EstimatedTruth:
    """The truth that explains best what (R, K, J, I) readers marked, with how good each of them then is.

    Notes
    -----
    Warfield et al., IEEE Trans Med Imaging 23:903 (2004), by SimpleITK, in the box around all marks: in the whole
    image specificity is 1 and small structures vanish. NaN sensitivities where nothing is marked, NaN
    specificities where all readers mark all there is.
    """
    itk = require("SimpleITK", package="SimpleITK", purpose="STAPLE")
    box = box_around(masks)
    probability = np.zeros(masks.shape[1:])
    if not masks.any():
        nothing = np.full(len(masks), np.nan)
        return EstimatedTruth(probability, nothing, nothing)
    if masks[(slice(None), *box)].all():
        # Without any background there is no specificity, and the filter gives a probability of 0.
        probability[box] = 1.0
        return EstimatedTruth(probability, np.ones(len(masks)), np.full(len(masks), np.nan))
    method = itk.STAPLEImageFilter()
    method.SetForegroundValue(1.0)
    method.SetMaximumIterations(MOST_STEPS)
    # What runs in several threads is added up in another order each time.
    method.SetNumberOfWorkUnits(1)
    images = [itk.GetImageFromArray(np.ascontiguousarray(mask[box], dtype=np.uint8)) for mask in masks]
    probability[box] = itk.GetArrayFromImage(method.Execute(images))
    return EstimatedTruth(probability, np.array(method.GetSensitivity()), np.array(method.GetSpecificity()))


@dataclass(frozen=True, eq=False)
class LesionGroups:
    """Connected parts that are one lesion.

    numbered : (R, K, J, I) numbers of the parts of each reader from 1 on, 0 elsewhere. sizes : of each reader, voxels
    of its parts. groups : of each lesion, its parts as reader and number; those that most readers marked first, then
    the largest.
    """

    numbered: np.ndarray
    sizes: list[np.ndarray]
    groups: list[list[tuple[int, int]]]

    @property
    def marked(self) -> np.ndarray:
        """(L, R) bool, which lesions which readers marked."""
        found = np.zeros((len(self.groups), len(self.sizes)), bool)
        for lesion, parts in enumerate(self.groups):
            found[lesion, [reader for reader, _ in parts]] = True
        return found


def lesion_groups(masks: np.ndarray, least: float) -> LesionGroups:
    """Which connected parts (26 neighbours) of (R, K, J, I) masks are one lesion.

    least : intersection over union above which parts of two readers are the same; each has one partner a reader
    """
    labelled = [ndimage.label(mask, np.ones((3, 3, 3))) for mask in masks]
    numbered = np.stack([labels for labels, _ in labelled])
    offsets = np.cumsum([0, *(count for _, count in labelled)])
    links = [
        (offsets[a] + one - 1, offsets[b] + other - 1)
        for a in range(len(masks))
        for b in range(a + 1, len(masks))
        for one, other in matched_parts(masks[a], masks[b], least).pairs
    ]
    ends = np.array(links, dtype=int).reshape(-1, 2)
    graph = sparse.coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), (offsets[-1], offsets[-1]))
    count, lesion = sparse.csgraph.connected_components(graph, directed=False) if offsets[-1] else (0, np.empty(0, int))
    groups: list[list[tuple[int, int]]] = [[] for _ in range(count)]
    for reader in range(len(masks)):
        for part in range(1, labelled[reader][1] + 1):
            groups[lesion[offsets[reader] + part - 1]].append((reader, part))
    sizes = [np.bincount(labels.ravel(), minlength=n + 1)[1:] for labels, n in labelled]
    groups.sort(key=lambda parts: (-len({r for r, _ in parts}), -max(sizes[r][p - 1] for r, p in parts)))
    return LesionGroups(numbered, sizes, groups)
