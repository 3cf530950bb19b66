"""What the steps of the panel have in common."""

from __future__ import annotations

import slicer

from ..narrow import let_shrink


class Step:
    """One step: its widget from a ``.ui`` file, and the panel it belongs to.

    Attributes
    ----------
    panel : Panel
    widget : qMRMLWidget
    ui : object with each named widget as an attribute
    """

    file = ""

    def __init__(self, panel):
        self.panel = panel
        self.widget = slicer.util.loadUI(panel.resource(f"UI/{self.file}"))
        self.ui = slicer.util.childWidgetVariables(self.widget)
        self.widget.setMRMLScene(slicer.mrmlScene)
        let_shrink(*vars(self.ui).values())
        self.set_up()

    def set_up(self) -> None:
        """Connect the widgets; called once."""

    def scene_closed(self) -> None:
        """Forget what was in the scene."""


def empty_layout(layout) -> None:
    """Remove all widgets of a layout, those of the layouts inside it too."""
    while layout.count():
        item = layout.takeAt(0)
        if item.layout() is not None:
            empty_layout(item.layout())
        elif item.widget() is not None:
            item.widget().hide()
            item.widget().deleteLater()


def short_number(value: float) -> str:
    """Four digits, as tables show them; nothing for what is not a number."""
    return "" if value != value else f"{value:.4g}"
