"""A graph in a scene: drawn, with its tables, read back, and in a file that other programs read."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
from library.small.inputs import drawn_liver
from SpatioTemporalNodes.results.result_nodes import add_result
from SpatioTemporalNodes.results.run_nodes import nodes_of_run, result_from_nodes

import SpatioTemporalLib as st
from SpatioTemporalLib.io.output.results import write_result


def test_a_graph_is_drawn_where_its_nodes_lie_and_read_back(scene):
    result = st.run("prognosis.structures", visits=drawn_liver())
    nodes = add_result(scene, result)
    model = nodes["graph"]
    assert model.IsA("vtkMRMLModelNode")
    bounds = np.array(model.GetPolyData().GetBounds()).reshape(3, 2)
    places = result["graph"].places
    assert (bounds[:, 0] <= places.min(axis=0)).all() and (bounds[:, 1] >= places.max(axis=0)).all()
    assert model.GetDisplayNode().GetActiveScalarName() == "Colour"
    back = result_from_nodes(nodes_of_run(scene, model.GetAttribute("SpatioTemporal.Run")))
    assert back["graph"].nodes.columns["node"] == result["graph"].nodes.columns["node"]
    np.testing.assert_allclose(back["graph"].places, places)
    np.testing.assert_array_equal(back["graph"].pairs, result["graph"].pairs)


def test_running_again_fills_the_same_nodes(scene):
    result = st.run("prognosis.structures", visits=drawn_liver())
    first = add_result(scene, result)
    count = scene.GetNumberOfNodes()
    second = add_result(scene, result, replace=first)
    assert second["graph"] is first["graph"]
    assert scene.GetNumberOfNodes() == count


def test_a_graph_is_written_as_graphml(tmp_path):
    result = st.run("prognosis.structures", visits=drawn_liver())
    write_result(result, tmp_path / "out")
    root = ElementTree.parse(tmp_path / "out" / "graph.graphml").getroot()
    space = {"g": "http://graphml.graphdrawing.org/xmlns"}
    assert len(root.findall(".//g:node", space)) == result["graph"].nodes.row_count
    assert len(root.findall(".//g:edge", space)) == result["graph"].edges.row_count
    assert "volume [mL]" in {key.get("attr.name") for key in root.findall("g:key", space)}
