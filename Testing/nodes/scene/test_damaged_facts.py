"""Facts in the attributes of a scene that are no JSON, of another shape, huge or deep: told in words, with the node."""

from __future__ import annotations

import json

import pytest
import slicer
import vtk
from SpatioTemporalNodes.results.provenance import result_summary
from SpatioTemporalNodes.results.run_nodes import nodes_of_run, result_from_nodes
from SpatioTemporalNodes.scene import attributes, stored_json
from SpatioTemporalNodes.series.series_view import GIVEN_TIMES, series_of
from SpatioTemporalNodes.series.stack_nodes import stack_from_node
from SpatioTemporalNodes.values.report_nodes import page_without_scripts
from SpatioTemporalNodes.values.segmentation_nodes import grid_of
from SpatioTemporalNodes.values.value_nodes import curve_from_node
from SpatioTemporalNodes.visits.follow_up_nodes import follow_up_from_node
from SpatioTemporalNodes.visits.visit_view import visit_number

import SpatioTemporalLib as st

DEEP = "[" * 100_000 + "]" * 100_000
NO_JSON = ["", "{", "None", DEEP, "[" * 60 + "]" * 60, "9" * 5000, '"\x1b[2J']


@pytest.fixture
def node():
    made = slicer.vtkMRMLTextNode()
    made.SetName("odd\x1b[31m node")
    return made


def told(function, *arguments) -> str:
    with pytest.raises(st.InputError) as caught:
        function(*arguments)
    assert caught.value.code == "E-SCENE-FACT", str(caught.value)
    assert str(caught.value).isprintable()
    return str(caught.value)


@pytest.mark.parametrize("text", NO_JSON)
@pytest.mark.parametrize(
    "name, read",
    [
        ("Acquisition", attributes.acquisition_of),
        ("Findings", attributes.findings_of),
        ("FrameDurations", attributes.durations_of),
        ("Grid", grid_of),
        ("Seconds", lambda node: attributes.number_fact(node, "Seconds")),
    ],
)
def test_what_is_no_json_is_told_with_its_node(node, name, read, text):
    if name == "FrameDurations" and not text:
        assert read(node) is None
        return
    node.SetAttribute(attributes.PREFIX + name, text)
    assert "odd" in told(read, node) and name in told(read, node)


@pytest.mark.parametrize(
    "name, read", [("Acquisition", attributes.acquisition_of), ("Findings", attributes.findings_of)]
)
@pytest.mark.parametrize(
    "value",
    [
        *(3, "text", None, [1], [{"code": 1}], [{"code": "W", "severity": "dire", "message": "", "where": ""}]),
        *([{"code": "W", "severity": "warning", "message": 7, "where": ""}], {"echo_time": "long"}, {"dose": True}),
        *({"agent": 5}, {"decay_corrected": "yes"}, {"repetition_time": 1e400}, {"flip_angle": [1]}),
    ],
)
def test_json_of_another_shape_is_told(node, name, read, value):
    if (name == "Acquisition") != isinstance(value, dict) or value is None:
        node.SetAttribute(attributes.PREFIX + name, json.dumps(value))
        told(read, node)


@pytest.mark.parametrize(
    "grid",
    [
        *([1], {"shape": [2, 2, 2]}, {"shape": "abc", "affine": []}, {"shape": [1, 2, 3], "affine": [[1, 2], [3]]}),
        {"shape": [100_000] * 3, "affine": [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]},
        {"shape": [2.5, 2, 2], "affine": [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]},
    ],
)
def test_grids_that_are_none_or_fill_the_memory_are_told(node, grid):
    attributes.set_fact(node, "Grid", grid)
    told(grid_of, node)


def test_whole_facts_are_read_as_before(node):
    finding = st.Finding("W-X", st.Severity.WARN, "odd", "here")
    attributes.set_findings(node, (finding,))
    attributes.set_acquisition(node, st.Acquisition(modality="PT", half_life=6586.2, decay_corrected=True))
    attributes.set_durations(node, [10, 20.5])
    assert attributes.findings_of(node) == (finding,)
    assert attributes.acquisition_of(node) == st.Acquisition(modality="PT", half_life=6586.2, decay_corrected=True)
    assert attributes.durations_of(node) == [10, 20.5]


@pytest.mark.parametrize("text", ['{"a": 1}', "[1, null]", '["1"]', "[1e999]", "true"])
def test_given_times_that_are_none_are_told(shown, text):
    _, sequence, *_ = shown
    sequence.SetAttribute(attributes.PREFIX + GIVEN_TIMES, text)
    try:
        told(series_of, sequence)
    finally:
        sequence.RemoveAttribute(attributes.PREFIX + GIVEN_TIMES)


def sequence_of(scene, unit: str, name: str, *values: str):
    node, volume = scene.AddNewNodeByClass("vtkMRMLSequenceNode", "seq"), slicer.vtkMRMLScalarVolumeNode()
    image = vtk.vtkImageData()
    image.SetDimensions(2, 2, 2)
    image.AllocateScalars(4, 1)
    volume.SetAndObserveImageData(image)
    node.SetIndexType(slicer.vtkMRMLSequenceNode.TextIndex)
    node.SetIndexName(name)
    node.SetIndexUnit(unit)
    for value in values:
        node.SetDataNodeAtValue(volume, value)
    attributes.set_fact(node, "Unit", "HU")
    return node


@pytest.mark.parametrize("second", ["soon", "nan", "1e999"])
def test_an_index_that_is_no_number_is_told(scene, second):
    for unit, name, read in [("day", "time", follow_up_from_node), ("deg", "flip_angle", stack_from_node)]:
        node = sequence_of(scene, unit, name, "0", second)
        with pytest.raises(st.InputError):
            read(node)


@pytest.fixture
def damaged_run(scene, series, result):
    """The example's run in a scene of its own, its Ktrans to be damaged."""
    from SpatioTemporalNodes.results.result_nodes import add_result
    from SpatioTemporalNodes.series.series_nodes import add_series

    sequence, _ = add_series(scene, series)
    nodes = add_result(scene, result, series=sequence)
    return scene, nodes


@pytest.mark.parametrize("name", ["Parameters", "Inputs", "Software", "Findings"])
def test_a_run_with_damaged_facts_does_not_hide_and_says_what_is_wrong(damaged_run, name):
    scene, nodes = damaged_run
    for outputs in nodes.by_output.values():
        for node in outputs:
            node.SetAttribute(attributes.PREFIX + name, '{"a": [3' if name != "Inputs" else '{"series": 3}')
    (summary,) = result_summary(scene)
    assert summary.title and [finding.code for finding in summary.findings] == ["E-SCENE-FACT"]
    told(result_from_nodes, nodes_of_run(scene, summary.run))


@pytest.mark.parametrize("name", ["../../evil", "/tmp/evil", "a/b", "CON", "", "x\x1b[2J", ".hidden.", "y" * 500])
def test_an_output_whose_name_leads_elsewhere_is_not_exported(damaged_run, name):
    scene, nodes = damaged_run
    nodes.by_output["ktrans"][0].SetAttribute(attributes.PREFIX + "Output", name)
    (summary,) = result_summary(scene)
    told(result_from_nodes, nodes_of_run(scene, summary.run))


def test_a_chart_without_its_table_is_told(damaged_run):
    scene, nodes = damaged_run
    (table,) = [node for node in nodes.by_output["curves"] if node.IsA("vtkMRMLTableNode")]
    scene.RemoveNode(table)
    (summary,) = result_summary(scene)
    told(result_from_nodes, nodes_of_run(scene, summary.run))


def test_a_curve_of_text_is_told(scene):
    node = scene.AddNewNodeByClass("vtkMRMLTableNode", "text")
    for name in ("time [s]", "Cp [mmol/L]"):
        column = vtk.vtkStringArray()
        column.SetName(name)
        column.InsertNextValue("long ago")
        node.AddColumn(column)
    with pytest.raises(st.InputError, match="E-CURVE"):
        curve_from_node(node)


@pytest.mark.parametrize("text", ["[1]", "{", '{"a": 1}', DEEP])
def test_what_the_panel_kept_is_told_when_it_is_damaged(text):
    told(stored_json.settings_of, text)
    told(stored_json.points_of, text)


def test_what_the_panel_kept_is_read():
    assert stored_json.settings_of('{"kinetics.tofts": {"window": 3}}') == {"kinetics.tofts": {"window": 3}}
    assert stored_json.points_of("[[1, 2.5, -3]]") == [(1, 2.5, -3)]
    assert stored_json.settings_of("") == {} and stored_json.points_of("") == []


def test_a_report_from_a_scene_runs_nothing_in_the_browser():
    page = page_without_scripts(st.Report("t", "<html><script>alert(1)</script></html>", "r"))
    before, _, _ = page.partition("<script>")
    assert "default-src 'none'" in before and "script-src" not in before


@pytest.mark.parametrize("output", ["a_\u00b2", "a_" + "9" * 5000, "a_\u0663", "_", ""])
def test_a_map_of_no_visit_belongs_to_the_first(shown, output):
    scene, sequence, _, nodes = shown
    node = nodes.by_output["ktrans"][0]
    before = node.GetAttribute(attributes.PREFIX + "Output")
    node.SetAttribute(attributes.PREFIX + "Output", output)
    try:
        assert visit_number(node, sequence) == 0
    finally:
        node.SetAttribute(attributes.PREFIX + "Output", before)
