"""A kind that the library gets by one file has its selector in the panel."""

from __future__ import annotations

import pytest
import slicer
from gui.user import User
from library.kinds.new_kind import new_kind
from SpatioTemporalNodes.values.table_nodes import fill_table

import SpatioTemporalLib as st

TITLE = "Total dose"


@pytest.fixture
def injections(tmp_path, panel):
    with new_kind(tmp_path) as kind:
        panel.analyse.fill_tree()
        yield kind
    panel.analyse.fill_tree()


def test_table_nodes_are_offered_for_a_kind_made_of_a_table(panel, injections):
    user = User(panel)
    user.click_item(panel.analyse.ui.analysisTree, "Dummy", TITLE)
    assert not panel.run.ui.startButton.enabled
    table = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTableNode", "doses")
    fill_table(table, st.Table({"time": [0.0, 60.0], "dose": [0.05, 0.1]}))
    selector = panel.analyse.selectors["injections"]
    assert list(selector.nodeTypes) == ["vtkMRMLTableNode"]
    user.choose_node(selector, "doses")
    assert selector.currentNode() is table and panel.run.ui.startButton.enabled
