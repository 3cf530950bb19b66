"""Labels over time as a sequence of segmentations, and from sequences of segmentations or of label volumes."""

from __future__ import annotations

import numpy as np
import slicer

from SpatioTemporalLib.data import Geometry, Label, LabelSeries
from SpatioTemporalLib.errors import Finding, GeometryError, InputError, Severity

from ..scene.application import sequences_logic
from ..values.overlapping_segments import segment_region
from ..values.segmentation_nodes import fill_segmentation, grid_of, named_segments, set_grid
from ..values.value_nodes import label_of
from .frame_times import FrameTimes, times_of
from .frames import Frames, browser_of, frames_of, sequence_of, stacked

FAR = 1e-3  # of a voxel, by which the grids of segments may miss one another


def fill_label_frames(sequence, labels: LabelSeries) -> None:
    """Put a segmentation for each frame into a sequence whose index is set; see `series_nodes.fill_sequence`."""
    frame = slicer.vtkMRMLSegmentationNode()
    frame.SetName(labels.name)
    for n, time in enumerate(labels.times):
        fill_segmentation(frame, labels.frame(n))
        sequence.SetDataNodeAtValue(frame, repr(float(time)))
    set_grid(sequence, labels.geometry)


def holds_labels(node) -> bool:
    """Whether a node is a sequence of segmentations."""
    if not node.IsA("vtkMRMLSequenceNode") or not node.GetNumberOfDataNodes():
        return False
    return node.GetNthDataNode(0) is not None and node.GetNthDataNode(0).IsA("vtkMRMLSegmentationNode")


def show_label_frames(sequence, browser, name: str) -> None:
    """Name the segmentation that moves and show it as outlines, for the images to be seen below."""
    sequences_logic(sequence.GetScene()).UpdateProxyNodesFromSequences(browser)
    proxy = browser.GetProxyNode(sequence)
    proxy.SetName(name)
    proxy.CreateDefaultDisplayNodes()
    proxy.GetDisplayNode().SetVisibility2DFill(False)


def label_series_from_node(node, geometry: Geometry | None = None) -> LabelSeries:
    """The labels of each frame of a sequence of segmentations or label volumes, by the times of its index.

    Where the index says no times, those of the images it is played with are taken.

    Parameters
    ----------
    geometry : the grid the labels are wanted on; the one they were drawn on if not given

    Raises
    ------
    InputError
        ``E-KIND`` for other nodes, ``E-TIME-FRAMES`` where nothing says when the frames were acquired,
        ``E-MASK-EMPTY`` where nothing is drawn.
    GeometryError
        Where the frames do not share their voxels.
    """
    sequence = sequence_of(node)
    if sequence is None or not sequence.GetNumberOfDataNodes():
        raise InputError(
            "E-KIND", "this is no sequence with frames", where=node.GetName() or node.GetClassName(),
            fix="Choose a sequence of segmentations or of label volumes.",
        )  # fmt: skip
    items = [sequence.GetNthDataNode(n) for n in range(sequence.GetNumberOfDataNodes())]
    label = sequence.GetName() or "sequence"
    if not all(item is not None and item.IsA("vtkMRMLSegmentationNode") for item in items):
        frames = frames_of(sequence)
        values, grid = stacked(frames)
        when = _times(sequence, frames)
        return LabelSeries(values, when.times, grid, name=label, time_source=when.source, findings=when.findings)
    values, grid, labels, findings = _drawn(items, geometry or grid_of(sequence), label)
    when = _times(sequence, Frames(tuple(items), (sequence,), label))
    return LabelSeries(values, when.times, grid, labels, label, when.source, (*when.findings, *findings))


def _times(sequence, frames: Frames) -> FrameTimes:
    """What the index says, or else the images with which the labels are played."""
    try:
        return times_of(frames)
    except InputError:
        browser = browser_of(sequence)
        images = browser.GetMasterSequenceNode() if browser is not None else None
        if images is None or images is sequence or images.GetNumberOfDataNodes() != frames.count:
            raise
        return times_of(frames_of(images))


def _drawn(
    items: list, wanted: Geometry | None, where: str
) -> tuple[np.ndarray, Geometry, dict[int, Label], tuple[Finding, ...]]:
    """(T, K, J, I) labels, their grid and names: a segment of one name is one label in all frames."""
    numbers: dict[str, int] = {}
    labels: dict[int, Label] = {}
    regions: list[tuple[int, int, np.ndarray, Geometry]] = []
    for frame, item in enumerate(items):
        with named_segments(item.GetSegmentation()) as segments:
            for segment in segments:
                number = numbers.setdefault(segment.GetName(), len(numbers) + 1)
                labels.setdefault(number, label_of(segment))
                found = segment_region(segment)
                if found is not None:
                    regions.append((frame, number, *found))
    if not regions:
        raise InputError(
            "E-MASK-EMPTY", f"no segment has voxels in any of its {len(items)} frames", where=where,
            fix="Draw a region in the Segment Editor, or let it make a binary labelmap of each segment.",
        )  # fmt: skip
    grid = wanted or _around([geometry for *_, geometry in regions], where)
    values = np.zeros((len(items), *grid.shape), np.uint8 if len(labels) < 256 else np.int16)
    overlap = 0
    for frame, number, region, geometry in regions:
        there, inside = _overlap(region.shape, _offset(geometry, grid, where), grid.shape)
        part = values[frame][there]
        mask = region[inside] > 0
        overlap += int(np.count_nonzero(part[mask]))
        part[mask] = number
    told = (
        Finding("W-LABEL-OVERLAP", Severity.WARN, f"{overlap} voxels lie in two segments; the later counts", where),
    )
    return values, grid, labels, told if overlap else ()


def _offset(geometry: Geometry, grid: Geometry, where: str) -> np.ndarray:
    """(3,) K, J and I in a grid of the first voxel of a part of it."""
    to_grid = np.linalg.inv(grid.affine) @ geometry.affine
    shift = to_grid[:3, 3]
    if np.abs(to_grid[:3, :3] - np.eye(3)).max() > FAR or np.abs(shift - np.rint(shift)).max() > FAR:
        raise GeometryError(
            "E-GEO-FRAMES", "segments of its frames do not share their voxels", where=where,
            fix="Give all segmentations one reference geometry (Segmentations, Specify geometry).",
        )  # fmt: skip
    return np.rint(shift).astype(int)[::-1]


def _overlap(shape: tuple, start: np.ndarray, whole: tuple) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """Where a part lies in the whole, and what of the part does."""
    low, high = np.maximum(start, 0), np.minimum(start + shape, whole)
    high = np.maximum(high, low)
    there = tuple(slice(a, b) for a, b in zip(low, high))
    return there, tuple(slice(a - s, b - s) for a, b, s in zip(low, high, start))


def _around(grids: list[Geometry], where: str) -> Geometry:
    """The smallest grid that holds all parts of one."""
    starts = np.array([_offset(grid, grids[0], where) for grid in grids])
    low = starts.min(axis=0)
    shape = (starts + [grid.shape for grid in grids]).max(axis=0) - low
    affine = grids[0].affine.copy()
    affine[:3, 3] = grids[0].ijk_to_ras(low[::-1])
    return Geometry(tuple(int(n) for n in shape), affine)
