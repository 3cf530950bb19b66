"""A kind that the library gets by one file is taken from nodes, nothing else touched."""

from __future__ import annotations

import pytest
from library.kinds.new_kind import new_kind
from SpatioTemporalNodes.results.input_nodes import node_classes, node_readers, value_from_node
from SpatioTemporalNodes.results.runs import values_of
from SpatioTemporalNodes.values.table_nodes import fill_table

import SpatioTemporalLib as st
from SpatioTemporalLib.kinds.registry import known_kinds, nodes_of

ID = "dummy.total_dose"


@pytest.fixture
def injections(tmp_path):
    with new_kind(tmp_path) as kind:
        yield kind


@pytest.fixture
def node(scene):
    """A table node, as a user would load it."""

    def filled(columns):
        node = scene.AddNewNodeByClass("vtkMRMLTableNode", "doses")
        fill_table(node, st.Table(columns, {"time": "s"}))
        return node

    return filled


def test_table_node_stands_for_a_kind_made_of_a_table(injections, node):
    found = value_from_node(injections, node({"time": [0.0, 60.0], "dose": [0.05, 0.1]}))
    assert isinstance(found, injections) and found.name == "doses" and found.doses.tolist() == [0.05, 0.1]
    assert node_classes(injections) == ("vtkMRMLTableNode",)


def test_analysis_runs_on_the_node_with_its_name_in_the_provenance(injections, node):
    analysis = st.get(ID)
    values = values_of(analysis, {"injections": node({"time": [0.0, 60.0], "dose": [0.05, 0.1]})})
    result = st.run(ID, **values)
    assert result.total.columns["dose"] == pytest.approx([0.15])
    assert result.provenance.inputs["injections"]["name"] == "doses"


def test_node_that_cannot_be_of_the_kind_is_refused_with_its_name(injections, node):
    with pytest.raises(st.InputError, match="doses: columns time and dose were expected, found time"):
        value_from_node(injections, node({"time": [0.0, 60.0]}))


def test_every_kind_of_input_can_be_taken_from_nodes(scene):
    for kind in known_kinds().values():
        if kind.is_input:
            classes = nodes_of(kind.data).classes
            assert classes and all(scene.CreateNodeByClass(name) is not None for name in classes)
            # Series are read by the panel's first step, with the times that stand there.
            assert kind.name in node_readers() or kind.made is not None or kind.data is st.Series
