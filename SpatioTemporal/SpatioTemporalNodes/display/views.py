"""What the slice and plot views show when a scene is opened."""

from __future__ import annotations

import numpy as np
import slicer

from ..scene.application import application_logic
from ..series.frames import proxy_of
from ..values.voxels import node_geometry, node_values

SLICE_VIEWS = ("Red", "Green", "Yellow")
PLOT_VIEW = "PlotView1"
MAP_OPACITY = 0.55


def show_first(scene, sequences: list, results: list) -> None:
    """Show the first series, the first map over it, and the first chart beside them."""
    background = proxy_of(sequences[0]) if sequences else None
    foreground = next((n for made in results for n in made.of_class("vtkMRMLScalarVolumeNode")), None)
    chart = next((n for made in results for n in made.of_class("vtkMRMLPlotChartNode")), None)
    _choose_layout(scene, with_plot=chart is not None)
    for view in SLICE_VIEWS:
        composite = _singleton(scene, "vtkMRMLSliceCompositeNode", view)
        composite.SetLayoutName(view)
        composite.SetLinkedControl(1)
        show_in_slice(composite, background, foreground)
        if composite.GetBackgroundVolumeID():
            _look_at(scene, _singleton(scene, "vtkMRMLSliceNode", view), composite, foreground)
    if chart is not None:
        _singleton(scene, "vtkMRMLPlotViewNode", PLOT_VIEW).SetPlotChartNodeID(chart.GetID())


def show_in_slice(composite, background, foreground=None, opacity: float = MAP_OPACITY) -> None:
    """Put a volume, and a map over it, into a slice view. A map alone becomes the background."""
    if background is None:
        background, foreground = foreground, None
    composite.SetBackgroundVolumeID(background.GetID() if background is not None else None)
    composite.SetForegroundVolumeID(foreground.GetID() if foreground is not None else None)
    composite.SetForegroundOpacity(opacity)


def slice_logic(scene, slice_node, composite):
    """A logic that resamples and blends what a slice view shows."""
    logic = slicer.vtkMRMLSliceLogic()
    logic.SetMRMLApplicationLogic(application_logic(scene))
    logic.SetMRMLScene(scene)
    logic.SetSliceNode(slice_node)
    logic.SetSliceCompositeNode(composite)
    return logic


def _choose_layout(scene, *, with_plot: bool) -> None:
    # The logic adds the nodes of the views and the layouts' descriptions; the scene keeps them.
    logic = slicer.vtkMRMLLayoutLogic()
    logic.SetMRMLScene(scene)
    node = slicer.vtkMRMLLayoutNode
    logic.GetLayoutNode().SetViewArrangement(
        node.SlicerLayoutConventionalPlotView if with_plot else node.SlicerLayoutConventionalView
    )


def _look_at(scene, slice_node, composite, foreground) -> None:
    """Turn a view into the planes of its volume and through the middle of the map."""
    logic = slice_logic(scene, slice_node, composite)
    slice_node.RotateToVolumePlane(logic.GetBackgroundLayer().GetVolumeNode())
    logic.FitSliceToAll()
    if foreground is not None:
        slice_node.JumpSliceByOffsetting(*_middle(foreground))
    logic.SnapSliceOffsetToIJK()


def _middle(volume) -> np.ndarray:
    """(3,) middle in RAS mm of what a map shows, of its grid if it shows nothing."""
    geometry, shown = node_geometry(volume), np.argwhere(node_values(volume) != 0)
    ijk = shown[:, ::-1].mean(axis=0) if len(shown) else (np.array(geometry.shape[::-1]) - 1) / 2
    return geometry.ijk_to_ras(ijk)


def _singleton(scene, class_name: str, tag: str):
    """The node the application makes for a view, so that its own is filled when the file is opened."""
    existing = scene.GetSingletonNode(tag, class_name)
    if existing is not None:
        return existing
    node = scene.CreateNodeByClass(class_name)
    node.UnRegister(None)
    node.SetSingletonTag(tag)
    node.SetName(tag)
    return scene.AddNode(node)
