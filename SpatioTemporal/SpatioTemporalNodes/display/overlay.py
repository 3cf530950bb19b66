"""A map over the anatomy in all slice views, with its colour legend."""

from __future__ import annotations

import math

import slicer

from .views import MAP_OPACITY, show_in_slice


def show_overlay(scene, background, foreground, opacity: float = MAP_OPACITY) -> None:
    """Show a map over a volume in all slice views; positions and zoom stay as they are."""
    for composite in _composites(scene):
        show_in_slice(composite, background, foreground, opacity)
    for node in slicer.util.getNodesByClass("vtkMRMLColorLegendDisplayNode", scene):
        node.SetVisibility(foreground is not None and node.GetDisplayableNode() is foreground)


def hide_overlay(scene) -> None:
    """Show only the volume below."""
    for composite in _composites(scene):
        composite.SetForegroundVolumeID(None)
    for node in slicer.util.getNodesByClass("vtkMRMLColorLegendDisplayNode", scene):
        node.SetVisibility(False)


def set_overlay_opacity(scene, opacity: float) -> None:
    for composite in _composites(scene):
        composite.SetForegroundOpacity(opacity)


def overlaid_map(scene):
    """The map that is shown over something, or None."""
    found = (scene.GetNodeByID(c.GetForegroundVolumeID() or "") for c in _composites(scene))
    return next((node for node in found if node is not None), None)


def show_legend(volume, title: str, *, visible: bool = True) -> None:
    """A colour legend with the quantity and its unit."""
    logic = slicer.modules.colors.logic() if hasattr(slicer, "modules") else slicer.vtkSlicerColorLogic
    legend = logic.GetColorLegendDisplayNode(volume) or logic.AddDefaultColorLegendDisplayNode(volume)
    if legend is not None:
        display = volume.GetDisplayNode()
        legend.SetTitleText(title)
        legend.SetLabelFormat(label_format(display.GetWindowLevelMin(), display.GetWindowLevelMax()))
        legend.SetVisibility(visible)


def label_format(low: float, high: float) -> str:
    """How the numbers of a legend are written so that those beside one another differ, as printf has it."""
    span, largest = abs(high - low), max(abs(low), abs(high))
    if not span or not math.isfinite(span):
        return "%.3g"
    if largest >= 1e5 or span < 1e-4:
        return f"%.{max(2, 2 + math.ceil(math.log10(largest / span)))}e"
    # To less than a hundredth of the range.
    return f"%.{max(0, 2 - math.floor(math.log10(span)))}f"


def fit_views(scene, volume) -> None:
    """Turn the slice views into the planes of a volume and show all of it."""
    logic = slicer.app.applicationLogic() if hasattr(slicer, "app") else None
    for node in slicer.util.getNodesByClass("vtkMRMLSliceNode", scene):
        node.RotateToVolumePlane(volume)
        slice_logic = logic.GetSliceLogic(node) if logic is not None else None
        if slice_logic is not None:
            slice_logic.FitSliceToAll()


def _composites(scene) -> list:
    return slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode", scene)
