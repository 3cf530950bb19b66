"""The inputs of an analysis on one slice, to see at once what a parameter does."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import slicer

from SpatioTemporalLib.data import Geometry, ImageStack, LabelMap, Map, Series
from SpatioTemporalLib.declare import Analysis
from SpatioTemporalLib.errors import InputError

from ..results.input_nodes import value_from_node
from ..values.voxels import matrix_values
from .one_voxel import MASK
from .series_view import SeriesView

ALONG_K = 2  # column of the affine


@dataclass(frozen=True)
class SlicePart:
    """One slice of a grid, or every `step`-th row and column of it."""

    grid: Geometry
    k: int
    step: int = 1

    @property
    def index(self) -> np.ndarray:
        """(rows, columns) flat indices into the grid."""
        _, rows, columns = self.grid.shape
        j, i = (np.arange(self.step // 2, size, self.step) for size in (rows, columns))
        return (self.k * rows + j[:, None]) * columns + i[None, :]

    @property
    def geometry(self) -> Geometry:
        """Grid of the (1, rows, columns) voxels, where they were taken."""
        within = np.diag([self.step, self.step, 1.0, 1.0])
        within[:3, 3] = self.step // 2, self.step // 2, self.k
        return Geometry((1, *self.index.shape), self.grid.affine @ within)


class SliceCutter:
    """Cuts inputs to a slice; what did not change since is not read again.

    Regions in which something is measured, such as an artery, lie in other
    slices too: their voxels are added as rows below the slice.
    """

    def __init__(self):
        self._kept: dict[str, tuple] = {}

    def grid(self, analysis: Analysis, nodes: dict, view: SeriesView | None) -> Geometry | None:
        """The grid the inputs share, None when there is none yet."""
        if view is not None:
            return view.probe.geometry
        images = [i for i in analysis.inputs if i.kind in (ImageStack, Map) and nodes.get(i.name) is not None]
        return self._value(images[0], nodes[images[0].name], None).geometry if images else None

    def cut(self, analysis: Analysis, nodes: dict, view: SeriesView | None, part: SlicePart) -> dict[str, object]:
        """The inputs on the slice and the rows below it.

        Raises
        ------
        InputError
            ``E-MASK-EMPTY`` when the mask has no voxel in the slice, and what reading the nodes raises.
        """
        declared = {i.name: i for i in analysis.inputs if nodes.get(i.name) is not None}
        values = {name: self._value(i, nodes[name], part.grid) for name, i in declared.items() if i.kind is not Series}
        regions = {name: value for name, value in values.items() if isinstance(value, LabelMap)}
        index = _with_rows_of([labels for name, labels in regions.items() if name != MASK], part)
        rows = part.index.shape[0]
        geometry = replace(part.geometry, shape=(1, *index.shape))
        cut = {name: _cut(value, name, index, rows, geometry) for name, value in values.items()}
        if MASK in cut and not cut[MASK].foreground.any():
            raise InputError(
                "E-MASK-EMPTY", "the mask has no voxel in this slice", where=MASK, fix="Go to a slice that has some."
            )
        series = next((name for name, i in declared.items() if i.kind is Series), None)
        if series is not None:
            cut[series] = self._series(view, index, geometry)
        return cut

    def _value(self, declared, node, grid: Geometry | None) -> object:
        key = (node.GetID(), modified_time(node), grid)
        kept = self._kept.get(declared.name)
        if kept is None or kept[0] != key:
            kept = self._kept[declared.name] = (key, value_from_node(declared.kind, node, grid))
        return kept[1]

    def _series(self, view: SeriesView, index: np.ndarray, geometry: Geometry) -> Series:
        kept = self._kept.get("")
        if kept is None or kept[0] is not view or not np.array_equal(kept[1], index):
            kept = self._kept[""] = (view, index, _frames_at(view.probe.views, index))
        facts = {"unit": view.unit, "name": view.frames.label, "acquisition": view.acquisition}
        return Series(kept[2], view.times, geometry, **facts)


def slice_in_view(scene, grid: Geometry) -> int:
    """The slice of a grid that a slice view shows: the view that looks most nearly along the grid's slices."""
    nodes = slicer.util.getNodesByClass("vtkMRMLSliceNode", scene)
    if not nodes:
        return grid.shape[0] // 2
    along = grid.affine[:3, ALONG_K] / np.linalg.norm(grid.affine[:3, ALONG_K])
    places = [matrix_values(node.GetSliceToRAS()) for node in nodes]
    place = max(places, key=lambda matrix: abs(matrix[:3, ALONG_K] @ along))
    k = np.linalg.inv(grid.affine)[2] @ place[:, 3]
    return int(np.clip(np.rint(k), 0, grid.shape[0] - 1))


def modified_time(node) -> int:
    """A number that grows when the node, or the data it holds, changes."""
    held = [node]
    if node.IsA("vtkMRMLVolumeNode"):
        held.append(node.GetImageData())
    if node.IsA("vtkMRMLTableNode"):
        held.append(node.GetTable())
    if node.IsA("vtkMRMLSegmentationNode"):
        segmentation = node.GetSegmentation()
        representation = segmentation.GetSourceRepresentationName()
        segments = [segmentation.GetNthSegment(n) for n in range(segmentation.GetNumberOfSegments())]
        held += [segmentation, *segments, *(segment.GetRepresentation(representation) for segment in segments)]
    return max(each.GetMTime() for each in held if each is not None)


def _with_rows_of(regions: list[LabelMap], part: SlicePart) -> np.ndarray:
    """(rows, columns) flat indices of the slice, and below it of the voxels of regions; the last repeated."""
    measured = np.unique(np.concatenate([np.flatnonzero(labels.foreground) for labels in regions] or [[]])).astype(int)
    index = part.index
    if not measured.size:
        return index
    columns = index.shape[1]
    missing = -len(measured) % columns
    return np.concatenate([index, np.pad(measured, (0, missing), "edge").reshape(-1, columns)])


def _cut(value: object, name: str, index: np.ndarray, rows: int, geometry: Geometry) -> object:
    if isinstance(value, LabelMap):
        labels = value.values.reshape(-1)[index]
        _, first = np.unique(index[rows:], return_index=True)
        counted = np.zeros(labels.shape, bool)
        if name == MASK:
            counted[:rows] = True
        else:
            # Each voxel once: not again where the region crosses the slice, nor where the last one fills the row.
            counted[rows:].reshape(-1)[first] = True
        return replace(value, values=np.where(counted, labels, 0)[None], geometry=geometry)
    if isinstance(value, Map):
        return replace(value, values=value.values.reshape(-1)[index][None], geometry=geometry)
    if isinstance(value, ImageStack):
        frames = value.values.reshape(len(value.values), -1)
        return replace(value, values=frames[:, index][:, None], geometry=geometry)
    return value


def _frames_at(views: tuple[np.ndarray, ...], index: np.ndarray) -> np.ndarray:
    """(T, 1, rows, columns) values of the frames at flat indices."""
    if len(views) == 1 and views[0].ndim == 4:
        return np.moveaxis(views[0].reshape(-1, views[0].shape[-1])[index], -1, 0)[:, None]
    return np.stack([view.reshape(-1)[index] for view in views])[:, None]
