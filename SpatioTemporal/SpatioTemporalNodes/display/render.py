"""A picture of what a slice view shows, without a window or a graphics card."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import slicer
import vtk
from vtk.util.numpy_support import numpy_to_vtk, vtk_to_numpy

from ..values.segmentation_nodes import named_segments
from ..values.voxels import node_geometry
from .views import MAP_OPACITY, show_in_slice, slice_logic


def render_slice(
    scene,
    path=None,
    *,
    background=None,
    foreground=None,
    segmentation=None,
    opacity: float = MAP_OPACITY,
    plane: str = "",
    size: tuple[int, int] = (512, 512),
    offset: float | None = None,
) -> np.ndarray:
    """(rows, columns, 3) colours 0..255 of a slice view on black, top row first.

    Parameters
    ----------
    scene : vtkMRMLScene
        Made by `create_scene` or `read_scene`; left as it was.
    path : optional
        PNG file to write.
    background, foreground, segmentation : nodes, optional
    plane : str
        "Axial", "Sagittal" or "Coronal"; that of the volume's own slices if not given.
    size : (columns, rows)
    offset : float, mm, optional
        Position of the slice along its normal; the middle if not given.
    """
    before = _node_ids(scene)
    try:
        composite = _composite(scene, background, foreground, segmentation, opacity)
        picture = _drawn(scene, composite, plane, size, offset)
    finally:
        # In order, so that nothing is shown any more when it goes: removing what is shown makes new nodes.
        for identifier in sorted(_node_ids(scene) - before, key=_goes_first):
            scene.RemoveNode(scene.GetNodeByID(identifier))
    if path is not None:
        _write_png(path, picture)
    return picture


def _composite(scene, background, foreground, segmentation, opacity: float):
    composite = scene.AddNewNodeByClass("vtkMRMLSliceCompositeNode", "Picture")
    composite.SetLayoutName("Picture")
    show_in_slice(composite, background, foreground, opacity)
    if segmentation is not None:
        labels = _segment_labels(scene, segmentation, background if background is not None else foreground)
        composite.SetLabelVolumeID(labels.GetID())
    return composite


def _drawn(scene, composite, plane: str, size: tuple[int, int], offset: float | None) -> np.ndarray:
    slice_node = _slice_node(scene, size)
    logic = slice_logic(scene, slice_node, composite)
    volume = logic.GetBackgroundLayer().GetVolumeNode()
    slice_node.SetOrientation(plane or _plane_of(volume))
    if not plane:
        slice_node.RotateToVolumePlane(volume)
    logic.FitSliceToAll(*size)
    if offset is None:
        logic.SnapSliceOffsetToIJK()
    else:
        logic.SetSliceOffset(offset)
    return _picture(logic)


def _goes_first(identifier: str) -> int:
    kinds = ("vtkMRMLSlice", "vtkMRMLLabelMapVolumeNode", "vtkMRMLLabelMapVolumeDisplay")
    return next((place for place, kind in enumerate(kinds) if identifier.startswith(kind)), len(kinds))


def _slice_node(scene, size: tuple[int, int]):
    node = scene.CreateNodeByClass("vtkMRMLSliceNode")
    node.UnRegister(None)
    node.SetName("Picture")
    node.SetLayoutName("Picture")
    node = scene.AddNode(node)
    node.SetDimensions(*size, 1)
    slicer.vtkMRMLSliceNode.AddDefaultSliceOrientationPresets(scene)
    node.SetUseLabelOutline(True)
    return node


def _plane_of(volume) -> str:
    """The standard plane nearest to the slices of a volume."""
    normal = node_geometry(volume).directions[:, 2]
    return ("Sagittal", "Coronal", "Axial")[int(np.abs(normal).argmax())]


def _picture(logic) -> np.ndarray:
    logic.UpdatePipeline()
    connection = logic.GetImageDataConnection()
    connection.GetProducer().Update()
    image = connection.GetProducer().GetOutputDataObject(connection.GetIndex())
    columns, rows, _ = image.GetDimensions()
    pixels = vtk_to_numpy(image.GetPointData().GetScalars()).reshape(rows, columns, 4)[::-1].astype(np.float32)
    # Slice views draw on black; a transparent picture would look different on each page.
    return (pixels[..., :3] * (pixels[..., 3:] / 255.0)).round().astype(np.uint8)


def _write_png(path, picture: np.ndarray) -> None:
    image = vtk.vtkImageData()
    image.SetDimensions(picture.shape[1], picture.shape[0], 1)
    image.GetPointData().SetScalars(numpy_to_vtk(picture[::-1].reshape(-1, 3), deep=True))
    writer = vtk.vtkPNGWriter()
    writer.SetFileName(str(Path(path)))
    writer.SetInputData(image)
    writer.Write()


def _segment_labels(scene, segmentation, reference):
    """Label volume of the visible segments in their colours: the slice pipeline draws no segmentation."""
    labels = scene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", "Picture segments")
    with named_segments(segmentation.GetSegmentation()):
        slicer.vtkSlicerSegmentationsModuleLogic.ExportVisibleSegmentsToLabelmapNode(segmentation, labels, reference)
    return labels


def _node_ids(scene) -> set[str]:
    nodes = scene.GetNodesByClass("vtkMRMLNode")
    nodes.UnRegister(None)
    return {nodes.GetItemAsObject(index).GetID() for index in range(nodes.GetNumberOfItems())}
