"""Each output of a run becomes the node a Slicer user expects."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import slicer
import vtk
from SpatioTemporalNodes.results.hierarchy import hierarchy_of, item_of
from SpatioTemporalNodes.results.provenance import result_summary
from SpatioTemporalNodes.results.result_nodes import add_result
from SpatioTemporalNodes.series.frames import browser_of, proxy_of
from SpatioTemporalNodes.series.series_nodes import add_series, series_from_node
from SpatioTemporalNodes.values.voxels import node_geometry, node_values

import SpatioTemporalLib as st


@pytest.fixture(scope="module")
def nodes(shown):
    return shown[3]


def test_map_holds_the_values_with_zero_where_there_were_none(nodes, result):
    node, values = nodes["ktrans"], result["ktrans"].values
    missing = np.isnan(values)
    assert 0 < missing.sum() < missing.size
    assert node_values(node).dtype == np.float32
    assert np.array_equal(node_values(node), np.where(missing, 0, values))
    assert int(node.GetAttribute("SpatioTemporal.NotANumberCount")) == missing.sum()
    assert node_geometry(node) == result["ktrans"].geometry


def test_map_has_coded_quantity_and_unit(nodes):
    quantity, unit = nodes["ktrans"].GetVoxelValueQuantity(), nodes["ktrans"].GetVoxelValueUnits()
    assert (quantity.GetCodeValue(), quantity.GetCodingSchemeDesignator()) == ("126312", "DCM")
    assert (unit.GetCodeValue(), unit.GetCodingSchemeDesignator()) == ("/min", "UCUM")
    assert unit.GetCodeMeaning() == "1/min"


def test_map_is_shown_with_the_declared_window_and_colours_and_clear_outside(nodes, result):
    display = nodes["ktrans"].GetDisplayNode()
    assert (display.GetWindowLevelMin(), display.GetWindowLevelMax()) == (0, 0.5)
    assert not display.GetAutoWindowLevel()
    assert display.GetColorNode().GetName() == "Inferno"
    values = result["ktrans"].values
    assert display.GetApplyThreshold()
    assert 0 < display.GetLowerThreshold() <= np.nanmin(values)
    assert display.GetUpperThreshold() >= np.nanmax(values)


def test_signed_map_keeps_its_negative_values_visible(nodes, result):
    values = result["slope"].values
    assert values.min() < 0
    display = nodes["slope"].GetDisplayNode()
    assert not display.GetApplyThreshold()
    low, high = np.percentile(values, (2, 98))
    assert display.GetWindowLevelMin() == pytest.approx(low, rel=1e-5)
    assert display.GetWindowLevelMax() == pytest.approx(high, rel=1e-5)
    assert nodes["slope"].GetVoxelValueUnits().GetCodeMeaning() == "mmol/L/s"


def test_map_without_any_value_is_shown_as_nothing(scene, result):
    empty = replace(result["ktrans"], values=np.full_like(result["ktrans"].values, np.nan))
    displays = {"ktrans": replace(result.displays["ktrans"], window=None)}
    made = add_result(scene, replace(result, outputs={"ktrans": empty}, displays=displays))
    display = made["ktrans"].GetDisplayNode()
    assert node_values(made["ktrans"]).max() == 0 < display.GetLowerThreshold()
    assert display.GetWindowLevelMax() > display.GetWindowLevelMin()


def test_series_moves_with_the_browser_of_the_input(shown, result):
    _, sequence, browser, nodes = shown
    relative = nodes["relative"]
    assert browser_of(relative) is browser is nodes.by_output["relative"][1]
    assert series_from_node(relative).unit == "%"
    assert np.array_equal(series_from_node(relative).values, result["relative"].values)
    browser.SetSelectedItemNumber(3)
    assert np.array_equal(node_values(proxy_of(relative)), result["relative"].values[3])
    assert np.array_equal(node_values(proxy_of(sequence)), series_from_node(sequence).values[3])


def test_labels_are_segments_with_names_colours_and_terminology(nodes, result):
    segmentation = nodes["regions"].GetSegmentation()
    tumour, rim = (segmentation.GetNthSegment(i) for i in range(2))
    assert (tumour.GetName(), rim.GetName()) == ("tumour", "rim")
    assert tumour.GetColor() == pytest.approx((0.9, 0.1, 0.1))
    assert "SCT^49755003^Morphologically Abnormal Structure~SCT^4147007^Mass" in terminology(tumour)
    assert "SCT^85756007^Tissue" in terminology(rim)
    assert segment_values(nodes["regions"], "label_1", result).tolist() == result["regions"].region(1).tolist()
    assert segment_values(nodes["regions"], "label_2", result).tolist() == result["regions"].region(2).tolist()


def test_labels_after_a_map_wait_hidden_and_those_before_are_outlined(nodes, scene, result):
    assert not nodes["regions"].GetDisplayNode().GetVisibility()
    first = add_result(scene, replace(result, outputs={n: result[n] for n in ("regions", "ktrans")}))
    display = first["regions"].GetDisplayNode()
    assert display.GetVisibility() and not display.GetVisibility2DFill()
    alone = add_result(scene, replace(result, outputs={"regions": result["regions"]}))
    assert alone["regions"].GetDisplayNode().GetVisibility2DFill()


def segment_values(node, segment_id, result):
    """(K, J, I) bool of one segment on the grid of the map."""
    volume = node.GetScene().AddNewNodeByClass("vtkMRMLLabelMapVolumeNode")
    reference = node.GetScene().GetFirstNode("DCE Ktrans", "vtkMRMLScalarVolumeNode")
    chosen = vtk.vtkStringArray()
    chosen.InsertNextValue(segment_id)
    slicer.vtkSlicerSegmentationsModuleLogic.ExportSegmentsToLabelmapNode(node, chosen, volume, reference)
    values = node_values(volume) != 0
    node.GetScene().RemoveNode(volume)
    return values


def terminology(segment) -> str:
    entry = vtk.reference("")
    segment.GetTag(slicer.vtkSegment.GetTerminologyEntryTagName(), entry)
    return str(entry)


def test_terminology_is_written_as_slicer_writes_it(nodes):
    expected = slicer.vtkSlicerTerminologiesModuleLogic.SerializeTerminologyEntry(
        "Segmentation category and type - 3D Slicer General Anatomy list",
        *("49755003", "SCT", "Morphologically Abnormal Structure", "4147007", "SCT", "Mass", "", "", ""),
        "Anatomic codes - DICOM master list",
        *("", "", "", "", "", ""),
    )
    assert terminology(nodes["regions"].GetSegmentation().GetSegment("label_1")) == expected


def test_table_keeps_kinds_and_units(nodes):
    table = nodes["statistics"]
    columns = [table.GetTable().GetColumn(i) for i in range(3)]
    assert [c.GetName() for c in columns] == ["region", "ktrans", "voxels"]
    assert table.GetCellText(0, 0) == "tumour"
    assert columns[1].GetValue(0) == 0.31 and np.isnan(columns[1].GetValue(1))
    assert columns[2].GetValue(0) == 12
    assert table.GetColumnUnitLabel("ktrans") == "1/min"


def test_curves_are_points_and_lines_of_one_colour_in_one_chart(nodes):
    chart = nodes["curves"]
    assert chart.GetXAxisTitle() == "time [s]"
    assert chart.GetYAxisTitle().endswith("[mmol/L]")
    plots = {chart.GetNthPlotSeriesNode(i).GetName(): chart.GetNthPlotSeriesNode(i) for i in range(3)}
    measured, fit, rim = plots["tumour"], plots["tumour fit"], plots["rim"]
    assert (measured.GetMarkerStyle(), measured.GetLineStyle()) == (measured.MarkerStyleCircle, measured.LineStyleNone)
    assert (fit.GetMarkerStyle(), fit.GetLineStyle()) == (fit.MarkerStyleNone, fit.LineStyleSolid)
    assert fit.GetColor() == measured.GetColor() != rim.GetColor()


def test_curves_at_other_times_have_their_own_column_of_times(nodes, result):
    table = nodes.of_class("vtkMRMLTableNode")[1].GetTable()
    names = [table.GetColumnName(i) for i in range(table.GetNumberOfColumns())]
    assert names == ["time", "tumour", "tumour spread", "time of tumour fit", "tumour fit", "rim"]
    chart = nodes["curves"]
    assert [chart.GetNthPlotSeriesNode(i).GetXColumnName() for i in range(3)] == ["time", "time of tumour fit", "time"]
    assert table.GetNumberOfRows() == 40
    measured = [table.GetColumnByName("tumour").GetValue(i) for i in range(7)]
    assert measured[:6] == result["curves"][0].values.tolist() and np.isnan(measured[6])


def test_finely_sampled_curve_is_a_line(scene, result):
    times = np.arange(2000) * 0.1
    made = add_result(scene, replace(result, outputs={"curves": (st.Curve(times, times, "mmol/L", "population"),)}))
    plot = made["curves"].GetNthPlotSeriesNode(0)
    assert (plot.GetMarkerStyle(), plot.GetLineStyle()) == (plot.MarkerStyleNone, plot.LineStyleSolid)


def test_curves_of_one_name_are_kept_apart(scene, result):
    curves = (st.Curve([0, 1], [1, 2], "1"), st.Curve([0, 1], [3, 4], "1"))
    made = add_result(scene, replace(result, outputs={"curves": curves}))
    table = made.of_class("vtkMRMLTableNode")[0]
    assert [table.GetColumnName(i) for i in range(3)] == ["time", "curve", "curve 2"]


def test_every_node_says_how_it_was_made(nodes, result):
    for output, made in nodes.by_output.items():
        for node in made:
            if node.IsA("vtkMRMLSequenceBrowserNode"):
                continue
            assert node.GetAttribute("SpatioTemporal.Output") == output
            assert node.GetAttribute("SpatioTemporal.Analysis") == "test.example"
            assert node.GetAttribute("SpatioTemporal.Help") == result.helps[output]
            assert json.loads(node.GetAttribute("SpatioTemporal.Parameters")) == {"hematocrit": 0.38}
            inputs = json.loads(node.GetAttribute("SpatioTemporal.Inputs"))
            assert inputs == result.provenance.inputs


def test_run_is_one_folder_in_the_study_of_the_series(scene, series, result):
    hierarchy = hierarchy_of(scene)
    sequence, _ = add_series(scene, series)
    patient = hierarchy.CreateSubjectItem(hierarchy.GetSceneItemID(), "Patient")
    study = hierarchy.CreateStudyItem(patient, "Study")
    hierarchy.CreateItem(study, proxy_of(sequence))
    made = add_result(scene, result, series=sequence)
    assert hierarchy.GetItemParent(made.folder) == study
    assert hierarchy.GetItemName(made.folder).startswith(f"{result.provenance.title} 20")
    for node in (made["ktrans"], made["regions"], made["statistics"], made["curves"], proxy_of(made["relative"])):
        assert hierarchy.GetItemParent(item_of(node)) == made.folder


def test_run_without_a_series_stands_by_itself(scene, result):
    made = add_result(scene, result, name="my run")
    hierarchy = hierarchy_of(scene)
    assert hierarchy.GetItemParent(made.folder) == hierarchy.GetSceneItemID()
    assert hierarchy.GetItemName(made.folder) == "my run"
    assert made["ktrans"].GetName() == "Ktrans"


def test_second_run_fills_the_same_nodes(scene, make, series):
    sequence, _ = add_series(scene, series)
    first = add_result(scene, make.run_example(series), series=sequence)
    count = scene.GetNumberOfNodes()
    other = make.run_example(replace(series, values=series.values * 0.9))
    second = add_result(scene, other, series=sequence, replace=first)
    assert scene.GetNumberOfNodes() == count
    assert second.folder == first.folder
    assert second.by_output == first.by_output
    assert np.array_equal(node_values(second["ktrans"]), np.nan_to_num(other["ktrans"].values))
    assert np.array_equal(series_from_node(second["relative"]).values, other["relative"].values)
    assert len(result_summary(scene)) == 1


def test_second_run_keeps_what_the_user_changed_in_the_display(scene, result):
    first = add_result(scene, result)
    display = first["ktrans"].GetDisplayNode()
    display.SetWindowLevelMinMax(0.1, 0.2)
    display.SetAndObserveColorNodeID("vtkMRMLColorTableNodeGrey")
    first["regions"].GetDisplayNode().SetVisibility(True)
    second = add_result(scene, result, replace=first)
    assert second["ktrans"].GetDisplayNode() is display
    assert (display.GetWindowLevelMin(), display.GetWindowLevelMax()) == pytest.approx((0.1, 0.2))
    assert display.GetColorNode().GetName() == "Grey"
    assert second["regions"].GetDisplayNode().GetVisibility()


def test_series_at_other_times_leaves_the_shared_browser(scene, make, series, geometry):
    sequence, browser = add_series(scene, series)
    first = add_result(scene, make.run_example(series), series=sequence)
    other = make.run_example(make.uptake(geometry, [0.0, 3.0, 8.0]))
    second = add_result(scene, other, series=sequence, replace=first)
    relative, own = second.by_output["relative"]
    assert relative is first["relative"] and own is not browser
    assert browser.GetNumberOfSynchronizedSequenceNodes(True) == 1
    assert series_from_node(relative).times.tolist() == [0, 3, 8]
    assert proxy_of(relative) is not None


def test_outputs_missing_in_the_second_run_are_removed(scene, result):
    first = add_result(scene, result)
    only_map = replace(result, outputs={"ktrans": result["ktrans"]})
    second = add_result(scene, only_map, replace=first)
    assert second["ktrans"] is first["ktrans"]
    assert scene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode") == 0
    assert scene.GetNumberOfNodesByClass("vtkMRMLPlotChartNode") == 0
    assert scene.GetNumberOfNodesByClass("vtkMRMLSequenceNode") == 0
    assert scene.GetNumberOfNodesByClass("vtkMRMLSequenceBrowserNode") == 0


def test_names_that_are_taken_tell_the_method(scene, result):
    assert add_result(scene, result)["ktrans"].GetName() == "Ktrans"
    assert add_result(scene, result)["ktrans"].GetName() == f"Ktrans ({result.provenance.title})"
    assert add_result(scene, result)["ktrans"].GetName() == f"Ktrans ({result.provenance.title})_1"


def test_two_runs_beside_each_other_are_two_runs(scene, result):
    add_result(scene, result)
    add_result(scene, result)
    summaries = result_summary(scene)
    assert len(summaries) == 2
    assert summaries[0].run != summaries[1].run
    assert "hematocrit=0.38" in str(summaries[0])


def test_removing_a_series_leaves_the_browser_of_the_input(scene, series, result):
    sequence, browser = add_series(scene, series)
    first = add_result(scene, result, series=sequence)
    add_result(scene, replace(result, outputs={}), series=sequence, replace=first)
    assert browser_of(sequence) is browser
    assert browser.GetNumberOfSynchronizedSequenceNodes(True) == 1
    volumes = scene.GetNodesByClass("vtkMRMLScalarVolumeNode")
    volumes.UnRegister(None)
    assert [volumes.GetItemAsObject(i).GetName() for i in range(volumes.GetNumberOfItems())] == ["DCE"]
