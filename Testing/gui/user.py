"""What a user does with mouse and keyboard, counted."""

from __future__ import annotations

import slicer
from PySide6 import QtCore
from PySide6.QtTest import QTest

LEFT = QtCore.Qt.LeftButton


class User:
    """Presses buttons, clicks items and types; `clicks` says how often the mouse was pressed."""

    def __init__(self, panel):
        self.panel, self.clicks = panel, 0

    def press(self, button):
        assert button.enabled, f"{button.text} cannot be pressed: {button.toolTip}"
        assert button.isVisible(), f"{button.text} is not to be seen"
        self.clicks += 1
        QTest.mouseClick(button, LEFT)

    def click_item(self, tree, *texts):
        """Click the item with this text, below the items with the texts before."""
        found = tree.invisibleRootItem()
        for text in texts:
            children = [found.child(n) for n in range(found.childCount())]
            exact = [c for c in children if c.text(0) == text]
            found = next((c for c in exact + children if c.text(0).startswith(text)), None)
            assert found is not None, f"{text!r} is not among {[c.text(0) for c in children]}"
        tree.scrollToItem(found)
        self.clicks += 1
        QTest.mouseClick(tree.viewport(), LEFT, pos=tree.visualItemRect(found).center())

    def type_into(self, line, text):
        line.clear()
        QTest.keyClicks(line, text)

    def choose_node(self, selector, name):
        """Open a selector and take a node: two clicks."""
        node = slicer.mrmlScene.GetFirstNodeByName(name)
        assert node is not None
        self.clicks += 2
        selector.setCurrentNode(node)
        assert selector.currentNode() is node, f"the selector does not offer {name}"

    def move_mouse(self, voxel):
        """Over the slice view, to a voxel (i, j, k) of the chosen series."""
        from slicerdouble.desktop import move_cursor

        ras = self.panel.data.view.probe.geometry.ijk_to_ras(voxel)
        move_cursor(tuple(float(x) for x in ras))
