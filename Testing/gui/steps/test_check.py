"""The check of the installation, as a user runs it from the panel."""

from __future__ import annotations

import pytest
import slicer
from gui.user import User


@pytest.fixture
def user(panel):
    panel.ui.checkButton.collapsed = False
    slicer.app.processEvents()
    yield User(panel)
    panel.ui.checkButton.collapsed = True


def table_of(panel):
    widget = panel.check.ui.checkTable
    return [[widget.item(row, column).text() for column in range(widget.columnCount)] for row in range(widget.rowCount)]


def test_shows_every_estimate_beside_its_reference(panel, user, wait, photograph):
    nodes = len(slicer.util.getNodesByClass("vtkMRMLNode"))
    user.press(panel.check.ui.startCheckButton)
    assert panel.check.ui.startCheckButton.text == "Stop"
    wait(lambda: panel.check.job is None)
    rows = table_of(panel)
    text = panel.check.ui.checkLabel.text
    assert text.startswith(f"{len(rows)} of {len(rows)} within their tolerance"), text
    headings = [panel.check.ui.checkTable.horizontalHeaderItem(n).text() for n in range(len(rows[0]))]
    assert {"estimate", "reference", "allowed", "result"} <= set(headings)
    assert all(row[headings.index("result")] == "pass" for row in rows)
    assert len(slicer.util.getNodesByClass("vtkMRMLNode")) == nodes
    photograph("check", panel.ui.checkButton)


def test_can_be_stopped_and_started_again(panel, user, wait):
    user.press(panel.check.ui.startCheckButton)
    user.press(panel.check.ui.startCheckButton)
    wait(lambda: panel.check.job is None)
    assert "cancelled" in panel.check.ui.checkLabel.text
    assert panel.check.ui.startCheckButton.text == "Check the numbers"
