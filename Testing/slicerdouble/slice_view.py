"""A picture of a slice view: images, map, segments and colour legend, from the nodes that say so."""

from __future__ import annotations

import numpy as np
import slicer
from PySide6 import QtCore, QtGui


def slice_picture(view="Red", size=(560, 560)):
    """What a slice view shows, as a QImage."""
    from SpatioTemporalNodes.display.render import render_slice

    scene = slicer.mrmlScene
    composite = scene.GetSingletonNode(view, "vtkMRMLSliceCompositeNode")
    background, foreground = (scene.GetNodeByID(i or "") for i in _layers(composite))
    pixels = render_slice(
        scene,
        background=background,
        foreground=foreground,
        segmentation=_visible_segmentation(scene),
        opacity=composite.GetForegroundOpacity(),
        size=size,
    )
    pixels = np.ascontiguousarray(pixels)
    image = QtGui.QImage(pixels.data, size[0], size[1], 3 * size[0], QtGui.QImage.Format_RGB888).copy()
    legend = slicer.vtkSlicerColorLogic.GetColorLegendDisplayNode(foreground) if foreground is not None else None
    if legend is not None and legend.GetVisibility():
        _draw_legend(image, foreground.GetDisplayNode(), legend)
    return image


def desktop_picture(panel_widget, width=1000):
    """The panel beside a slice view as high as the panel, as one QImage."""
    panel = panel_widget.grab().toImage()
    view = slice_picture(size=(width, panel.height()))
    whole = QtGui.QImage(panel.width() + width, panel.height(), QtGui.QImage.Format_RGB32)
    whole.fill(QtGui.QColor("#202020"))
    painter = QtGui.QPainter(whole)
    painter.drawImage(0, 0, panel)
    painter.drawImage(panel.width(), 0, view)
    painter.end()
    return whole


def _layers(composite):
    return composite.GetBackgroundVolumeID(), composite.GetForegroundVolumeID()


def _visible_segmentation(scene):
    nodes = slicer.util.getNodesByClass("vtkMRMLSegmentationNode", scene)
    shown = [n for n in nodes if n.GetDisplayNode() is not None and n.GetDisplayNode().GetVisibility()]
    return shown[0] if shown else None


def _draw_legend(image, display, legend):
    """The legend as its node describes it: its title, so many labels, in its format."""
    painter = QtGui.QPainter(image)
    table, count = display.GetColorNode(), 200
    left, top = image.width() - 70, image.height() // 2 - count // 2
    for row in range(count):
        colour = [0.0] * 4
        table.GetColor(int((1 - row / count) * (table.GetNumberOfColors() - 1)), colour)
        painter.setPen(QtGui.QColor.fromRgbF(*colour[:3]))
        painter.drawLine(left, top + row, left + 18, top + row)
    painter.setPen(QtGui.QColor("white"))
    low, high = display.GetWindowLevelMin(), display.GetWindowLevelMax()
    for part in np.linspace(0, 1, legend.GetNumberOfLabels()):
        text = legend.GetLabelFormat() % (low + part * (high - low))
        painter.drawText(left + 24, int(top + (1 - part) * count) + 4, text)
    box = QtCore.QRect(image.width() - 190, top - 40, 180, 32)
    painter.drawText(box, QtCore.Qt.AlignRight | QtCore.Qt.TextWordWrap, legend.GetTitleText())
    painter.end()
