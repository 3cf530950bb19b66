"""A scene that is written and read again is the same and still tells how each map was made."""

from __future__ import annotations

import os
import sys
import zipfile
from importlib.metadata import EntryPoint
from pathlib import Path

import numpy as np
import pytest
import slicer
import vtk
from SpatioTemporalNodes.results.hierarchy import hierarchy_of, item_of
from SpatioTemporalNodes.scene.scene_file import read_scene, result_summary, write_scene
from SpatioTemporalNodes.series.frames import browser_of, proxy_of
from SpatioTemporalNodes.series.series_nodes import series_from_node
from SpatioTemporalNodes.values.voxels import matrix_values, node_geometry, node_values

import SpatioTemporalLib as st


def named(scene, name, class_name="vtkMRMLNode"):
    nodes = scene.GetNodesByClassByName(class_name, name)
    nodes.UnRegister(None)
    assert nodes.GetNumberOfItems() == 1, f"{nodes.GetNumberOfItems()} {class_name} called {name}"
    return nodes.GetItemAsObject(0)


@pytest.fixture(scope="module")
def sequence(saved):
    return named(saved, "DCE", "vtkMRMLSequenceNode")


@pytest.fixture(scope="module")
def ktrans(saved):
    return named(saved, "DCE Ktrans")


def test_series_comes_back_exactly(sequence, series):
    found = series_from_node(sequence)
    assert np.array_equal(found.values, series.values)
    assert np.array_equal(found.times, series.times)
    assert np.abs(found.geometry.affine - series.geometry.affine).max() < 1e-12
    for fact in ("unit", "name", "acquisition", "time_source", "findings"):
        assert getattr(found, fact) == getattr(series, fact)


def test_sequence_still_plays(saved, sequence, series):
    browser = browser_of(sequence)
    for item in (5, 2):
        browser.SetSelectedItemNumber(item)
        assert np.array_equal(node_values(proxy_of(sequence)), series.values[item])
    assert sequence.GetIndexUnit() == "s"
    relative = named(saved, "DCE relative", "vtkMRMLSequenceNode")
    assert browser_of(relative) is browser


def test_map_keeps_values_place_quantity_unit_and_display(ktrans, result):
    values = result["ktrans"].values
    assert np.array_equal(node_values(ktrans), np.nan_to_num(values))
    assert node_geometry(ktrans) == result["ktrans"].geometry
    assert ktrans.GetVoxelValueQuantity().GetCodeValue() == "126312"
    assert ktrans.GetVoxelValueUnits().GetCodeValue() == "/min"
    display = ktrans.GetDisplayNode()
    assert display.GetColorNode() is not None and display.GetColorNode().GetName() == "Inferno"
    assert (display.GetWindowLevelMin(), display.GetWindowLevelMax()) == (0, 0.5)
    assert display.GetApplyThreshold() and 0 < display.GetLowerThreshold() <= np.nanmin(values)


def test_colours_survive(ktrans):
    colours = ktrans.GetDisplayNode().GetColorNode()
    top = [0.0] * 4
    colours.GetColor(colours.GetNumberOfColors() - 1, top)
    assert top == pytest.approx((0xFC / 255, 0xFF / 255, 0xA4 / 255, 1), abs=1e-3)


def test_every_volume_has_colours(saved):
    volumes = saved.GetNodesByClass("vtkMRMLScalarVolumeDisplayNode")
    volumes.UnRegister(None)
    assert volumes.GetNumberOfItems() >= 4
    assert all(volumes.GetItemAsObject(i).GetColorNode() is not None for i in range(volumes.GetNumberOfItems()))


def test_segments_keep_voxels_names_and_terminology(saved, ktrans, result):
    node = named(saved, "DCE regions")
    segmentation = node.GetSegmentation()
    for value, name in ((1, "tumour"), (2, "rim")):
        chosen = vtk.vtkStringArray()
        chosen.InsertNextValue(f"label_{value}")
        volume = saved.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode")
        slicer.vtkSlicerSegmentationsModuleLogic.ExportSegmentsToLabelmapNode(node, chosen, volume, ktrans)
        assert np.array_equal(node_values(volume) != 0, result["regions"].region(value))
        saved.RemoveNode(volume)
        assert segmentation.GetSegment(f"label_{value}").GetName() == name
    entry = vtk.reference("")
    segmentation.GetSegment("label_1").GetTag(slicer.vtkSegment.GetTerminologyEntryTagName(), entry)
    assert "SCT^49755003^Morphologically Abnormal Structure~SCT^4147007^Mass" in str(entry)


def test_table_keeps_values_kinds_and_units(saved):
    table = named(saved, "DCE statistics")
    assert [table.GetColumnName(i) for i in range(3)] == ["region", "ktrans", "voxels"]
    assert table.GetColumnUnitLabel("ktrans") == "1/min"
    ktrans = table.GetTable().GetColumnByName("ktrans")
    assert ktrans.IsA("vtkDoubleArray")
    assert ktrans.GetValue(0) == 0.31 and np.isnan(ktrans.GetValue(1))
    assert table.GetTable().GetColumnByName("voxels").GetValue(1) == 3


def test_chart_keeps_its_plots(saved, result):
    chart = named(saved, "DCE curves")
    assert chart.GetNumberOfPlotSeriesNodes() == 3
    plot = chart.GetNthPlotSeriesNode(1)
    column = plot.GetTableNode().GetTable().GetColumnByName(plot.GetYColumnName())
    expected = result["curves"][1].values
    # Slicer writes tables as text with six digits; the times of the images are kept exactly elsewhere.
    assert [column.GetValue(i) for i in range(len(expected))] == pytest.approx(expected.tolist(), rel=1e-5)
    assert plot.GetTableNode().GetColumnUnitLabel(plot.GetYColumnName()) == "mmol/L"


def test_folder_holds_the_outputs(saved, ktrans, result):
    hierarchy = hierarchy_of(saved)
    folder = hierarchy.GetItemParent(item_of(ktrans))
    assert hierarchy.GetItemName(folder).startswith(result.provenance.title)
    assert hierarchy.GetItemParent(item_of(named(saved, "DCE regions"))) == folder


def test_scene_says_how_each_map_was_made(saved, result):
    (summary,) = result_summary(saved)
    made = result.provenance
    assert (summary.analysis, summary.title, summary.citation) == (made.analysis, made.title, made.citation)
    assert summary.created == made.created
    assert summary.parameters == {"hematocrit": 0.38}
    assert summary.inputs == made.inputs
    assert summary.software == made.software
    assert summary.findings == result.findings
    assert summary.nodes["ktrans"] == ["DCE Ktrans"]
    assert set(summary.nodes) == set(result)


def test_opened_scene_shows_the_map_over_the_series_and_the_chart(saved, sequence, ktrans):
    composite = saved.GetSingletonNode("Red", "vtkMRMLSliceCompositeNode")
    assert composite.GetBackgroundVolumeID() == proxy_of(sequence).GetID()
    assert composite.GetForegroundVolumeID() == ktrans.GetID()
    assert 0.5 <= composite.GetForegroundOpacity() <= 0.6
    layout = saved.GetFirstNodeByClass("vtkMRMLLayoutNode")
    assert layout.GetViewArrangement() == slicer.vtkMRMLLayoutNode.SlicerLayoutConventionalPlotView
    plot_view = saved.GetSingletonNode("PlotView1", "vtkMRMLPlotViewNode")
    assert plot_view.GetPlotChartNode().GetName() == "DCE curves"


def test_opened_views_pass_through_the_map_in_the_planes_of_the_volume(saved, series, result):
    node = saved.GetSingletonNode("Red", "vtkMRMLSliceNode")
    matrix = matrix_values(node.GetSliceToRAS())
    normal = matrix[:3, 2]
    assert np.abs(series.geometry.directions.T @ normal).max() == pytest.approx(1, abs=1e-6)
    shown = np.argwhere(result["ktrans"].values > 0)[:, ::-1]
    along = (series.geometry.ijk_to_ras(shown) - matrix[:3, 3]) @ normal
    assert along.min() < 0 < along.max()


def test_left_handed_grid_is_the_same_place_after_reading(tmp_path, make):
    # Slicer writes such grids with their slices in the other order.
    series = make.uptake(make.oblique(left_handed=True), [0.0, 4.0, 9.0])
    result = make.run_example(series)
    scene = read_scene(write_scene(tmp_path / "left.mrb", series=[series], results=[result]))
    found = series_from_node(named(scene, "DCE", "vtkMRMLSequenceNode"))
    ktrans = named(scene, "DCE Ktrans")
    assert found.geometry == node_geometry(ktrans)
    index = np.array([[1, 2, 3], [20, 17, 5]])
    there = np.rint(found.geometry.ras_to_ijk(series.geometry.ijk_to_ras(index))).astype(int)
    assert np.abs(found.geometry.ijk_to_ras(there) - series.geometry.ijk_to_ras(index)).max() < 1e-9
    for (i, j, k), (a, b, c) in zip(index, there):
        assert np.array_equal(found.values[:, c, b, a], series.values[:, k, j, i])
        assert node_values(ktrans)[c, b, a] == np.nan_to_num(result["ktrans"].values[k, j, i])


def test_results_go_to_the_series_they_were_made_from(tmp_path, make, geometry):
    first, second = (make.uptake(geometry, [0.0, 5.0, 9.0], name=name) for name in ("early", "late"))
    path = write_scene(tmp_path / "two.mrb", series=[first, second], results=[make.run_example(second)])
    scene = read_scene(path)
    assert named(scene, "late Ktrans").GetAttribute("SpatioTemporal.Output") == "ktrans"


def test_result_alone_makes_a_scene(tmp_path, result):
    scene = read_scene(write_scene(tmp_path / "alone.mrb", results=[result]))
    composite = scene.GetSingletonNode("Red", "vtkMRMLSliceCompositeNode")
    assert composite.GetBackgroundVolumeID() == named(scene, "Ktrans").GetID()


def test_scene_without_anything_is_written(tmp_path):
    assert result_summary(read_scene(write_scene(tmp_path / "empty.mrb"))) == []


def test_file_appears_whole_and_nothing_else_stays(tmp_path, series):
    path = write_scene(tmp_path / "new folder" / "scene é.mrb", series=[series])
    assert os.listdir(path.parent) == ["scene é.mrb"]
    names = zipfile.ZipFile(path).namelist()
    assert any(name.endswith(".seq.nrrd") for name in names)


def test_working_folder_stays_and_relative_names_are_from_it(tmp_path, series, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = write_scene("here.mrb", series=[series])
    assert Path.cwd() == tmp_path
    assert path == tmp_path / "here.mrb" and path.exists()
    read_scene("here.mrb")
    assert Path.cwd() == tmp_path


def test_failure_leaves_the_file_that_was_there(tmp_path, series, monkeypatch):
    path = tmp_path / "scene.mrb"
    path.write_bytes(b"before")

    def broken(source, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(sys.modules["SpatioTemporalNodes.scene.scene_file"].os, "replace", broken)
    with pytest.raises(st.InputError, match="E-DISK-FULL"):
        write_scene(path, series=[series])
    assert os.listdir(tmp_path) == ["scene.mrb"]
    assert path.read_bytes() == b"before"


def test_other_file_names_are_refused(tmp_path):
    with pytest.raises(st.InputError, match=r"E-SCENE-NAME"):
        write_scene(tmp_path / "scene.zip")


@pytest.mark.parametrize("content", [None, b"", b"no archive"])
def test_what_is_no_scene_is_refused(tmp_path, content):
    path = tmp_path / "broken.mrb"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(st.InputError, match="broken.mrb.*E-SCENE-READ"):
        read_scene(path)


def test_entry_point_names_the_writer():
    entry = EntryPoint("mrb", "SpatioTemporalNodes.scene.scene_file:write_scene", "spatiotemporal.scene_writers")
    assert entry.load() is write_scene
    project = (Path(__file__).parents[3] / "pyproject.toml").read_text(encoding="utf-8")
    assert f'mrb = "{entry.value}"' in project
