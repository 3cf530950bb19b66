"""Fonts and colours as users choose them, for the whole application or for one picture."""

from __future__ import annotations

from contextlib import contextmanager

import slicer
from PySide6 import QtCore, QtGui, QtWidgets

DARK = {"Window": "#353535", "Base": "#232323", "AlternateBase": "#2d2d2d", "Button": "#404040"}
BRIGHT = ("WindowText", "Text", "ButtonText", "BrightText", "ToolTipText")


def dark_palette():
    """A palette as Slicer's dark style has it."""
    palette = QtGui.QPalette()
    for role, colour in DARK.items():
        palette.setColor(getattr(QtGui.QPalette, role), QtGui.QColor(colour))
    for role in BRIGHT:
        palette.setColor(getattr(QtGui.QPalette, role), QtGui.QColor("#e6e6e6"))
    palette.setColor(QtGui.QPalette.PlaceholderText, QtGui.QColor("#909090"))
    return palette


@contextmanager
def looking(points: int = 9, dark: bool = False):
    """Let the application have a font of this size, and a dark palette or its own."""
    font, palette = QtGui.QFont(QtWidgets.QApplication.font()), QtGui.QPalette(QtWidgets.QApplication.palette())
    larger = QtGui.QFont(font)
    larger.setPointSize(points)
    QtWidgets.QApplication.setFont(larger)
    if dark:
        QtWidgets.QApplication.setPalette(dark_palette())
    QtWidgets.QApplication.processEvents()
    try:
        yield
    finally:
        QtWidgets.QApplication.setFont(font)
        QtWidgets.QApplication.setPalette(palette)
        QtWidgets.QApplication.processEvents()


class ScrolledPanel:
    """A panel in a scroll area, as the application has it, meanwhile.

    widget : the panel's outermost widget, which is given back to where it was.
    """

    def __init__(self, widget, width: int = 380, height: int = 700):
        self.widget, self.parent = widget, widget.parent()
        self.area = QtWidgets.QScrollArea()
        self.area.setWidgetResizable(True)
        self.area.resize(width, height)

    def __enter__(self):
        self.layout = self.parent.layout()
        self.area.setWidget(self.widget)
        # Slicer's scroll area always has room for the upright bar.
        self.area.setVerticalScrollBarPolicy(QtCore.Qt.ScrollBarAlwaysOn)
        self.area.show()
        self.settle()
        return self

    def __exit__(self, *error):
        self.area.takeWidget()
        self.layout.addWidget(self.widget)
        self.widget.setVisible(True)
        self.area.deleteLater()

    def settle(self) -> None:
        slicer.app.processEvents()
        QtWidgets.QApplication.processEvents()

    @property
    def hidden_width(self) -> int:
        """How many pixels of the panel can only be seen by scrolling sideways."""
        self.settle()
        return self.area.horizontalScrollBar().maximum()
