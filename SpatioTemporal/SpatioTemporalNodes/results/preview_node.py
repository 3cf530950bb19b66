"""The volume in which a preview is shown: over the anatomy, in no list, and not saved with the scene."""

from __future__ import annotations

import slicer

from SpatioTemporalLib.data import Display, Geometry

from ..display.overlay import hide_overlay, overlaid_map, show_legend, show_overlay
from ..display.views import MAP_OPACITY
from ..display.volume_display import show_as_map
from ..values.voxels import set_node_geometry, set_node_values, without_nan


class PreviewNode:
    """Shows maps one after the other in one volume node, and takes it away again."""

    def __init__(self, scene):
        self.scene = scene
        self.node = None
        self._before: tuple | None = None

    def show(self, values, geometry: Geometry, display: Display, *, title: str, background, error=None) -> None:
        """Show (1, J, I) values, NaN where there are none, over a volume; the title stands at the colour legend.

        error : standard errors of the values, where they are known.
        """
        if self.node is None or self.scene.GetNodeByID(self.node.GetID()) is None:
            self._add()
        self.node.SetName(title)
        set_node_geometry(self.node, geometry)
        set_node_values(self.node, without_nan(values))
        show_as_map(self.node, values, display, error=error)
        self.node.GetDisplayNode().SetSaveWithScene(False)
        if overlaid_map(self.scene) is not self.node:
            show_overlay(self.scene, background, self.node)
        show_legend(self.node, title)

    def remove(self) -> None:
        """Take the preview away and show the map that was there before."""
        if self.node is None:
            return
        node, self.node = self.node, None
        if overlaid_map(self.scene) is node:
            before = [self.scene.GetNodeByID(identifier or "") for identifier in self._before]
            hide_overlay(self.scene)
            if before[1] is not None:
                show_overlay(self.scene, *before, MAP_OPACITY)
        while node.GetNumberOfDisplayNodes():
            # The legend's is one of them.
            self.scene.RemoveNode(node.GetNthDisplayNode(0))
        self.scene.RemoveNode(node)

    def forget(self) -> None:
        """Of a scene that is closed: its nodes are gone already."""
        self.node = None

    def _add(self) -> None:
        shown = overlaid_map(self.scene)
        composite = self.scene.GetFirstNodeByClass("vtkMRMLSliceCompositeNode")
        background = composite.GetBackgroundVolumeID() if composite is not None else None
        self._before = (background, shown.GetID() if shown is not None else None)
        node = slicer.vtkMRMLScalarVolumeNode()
        node.SetHideFromEditors(True)
        node.SetSaveWithScene(False)
        self.node = self.scene.AddNode(node)
