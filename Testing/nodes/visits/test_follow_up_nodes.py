"""Visits, points and reports as nodes, before and after a scene is saved."""

from __future__ import annotations

import numpy as np
import pytest
import slicer
from library.io.dicom.dicom_phantom import header, save
from library.kinds import every_kind
from library.other_packages import known
from library.small.inputs import two_visits
from SpatioTemporalNodes.kinds.points import point_from_node
from SpatioTemporalNodes.results.input_nodes import value_from_node
from SpatioTemporalNodes.results.result_nodes import add_result
from SpatioTemporalNodes.results.run_nodes import nodes_of_run, result_from_nodes
from SpatioTemporalNodes.results.runs import values_of
from SpatioTemporalNodes.scene.scene_file import read_scene, result_summary, write_scene
from SpatioTemporalNodes.series.frames import browser_of, proxy_of
from SpatioTemporalNodes.values.dicom_instances import days_between
from SpatioTemporalNodes.values.segmentation_nodes import fill_segmentation
from SpatioTemporalNodes.values.value_nodes import unit_of
from SpatioTemporalNodes.values.voxels import node_geometry, set_node_geometry, set_node_values
from SpatioTemporalNodes.visits.follow_up_nodes import add_follow_up, follow_up_from_node, is_follow_up

import SpatioTemporalLib as st


def volume(scene, image, name, unit="HU"):
    node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", name)
    set_node_values(node, image.values)
    set_node_geometry(node, image.geometry)
    if unit:
        node.SetAttribute("SpatioTemporal.Unit", unit)
    return node


def segmentation(scene, labels, name):
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", name)
    fill_segmentation(node, labels)
    return node


@pytest.fixture
def visits():
    return two_visits()


@pytest.fixture
def joined(scene, visits):
    """The visits, the later one first in the list, and only it with a segmentation."""
    first, later = visits.visits
    volumes = [volume(scene, v.images["image"], f"CT {v.days:g}") for v in (later, first)]
    return add_follow_up(scene, volumes, [120, 30], [segmentation(scene, later.mask, "lesion"), None])


def check(found, visits):
    assert found.days.tolist() == [0, 90] and found.unit == "HU"
    for visit, truth in zip(found.visits, visits.visits):
        image, true = visit.images["image"], truth.images["image"]
        assert image.geometry.matches(true.geometry)
        np.testing.assert_array_equal(image.values, true.values)
    assert found.visits[0].mask is None
    np.testing.assert_array_equal(found.visits[1].mask.foreground, visits.visits[1].mask.foreground)


def test_visits_come_back_sorted_by_day_each_on_its_grid_with_its_mask(joined, visits):
    assert joined.GetName() == "Visits of CT 0" and is_follow_up(joined)
    assert (joined.GetIndexName(), joined.GetIndexUnit()) == ("days", "d")
    check(follow_up_from_node(joined), visits)
    check(value_from_node(st.FollowUp, joined), visits)


@pytest.mark.parametrize("ending", ["mrb", "mrml"])
def test_saved_scene_keeps_the_visits_and_their_masks(scene, joined, visits, tmp_path, ending):
    path = tmp_path / f"scene.{ending}"
    if ending == "mrb":
        assert scene.WriteToMRB(str(path), None)
        back = read_scene(path)
        sequence = back.GetFirstNodeByName(joined.GetName())
        assert is_follow_up(sequence)
        check(follow_up_from_node(sequence), visits)
    else:
        # The scene's own description holds what refers to the visits.
        scene.Commit(str(path))
        text = path.read_text()
        assert "SpatioTemporal.Mask.1" in text and "FollowUp" in text


def test_mask_that_was_removed_is_left_out(scene, joined):
    scene.RemoveNode(scene.GetFirstNodeByName("lesion"))
    assert [visit.mask for visit in follow_up_from_node(joined).visits] == [None, None]


def test_unit_of_ct_is_read_as_slicer_says_it(scene, visits):
    node = volume(scene, visits.visits[0].images["image"], "CT", unit="")
    entry = slicer.vtkCodedEntry()
    entry.SetValueSchemeMeaning("[hnsf'U]", "UCUM", "Hounsfield unit")
    node.SetVoxelValueUnits(entry)
    assert unit_of(node) == "HU"


@pytest.mark.parametrize(
    "days, units, words",
    [([5, 5], ("HU", "HU"), "day of its own. [E-VISIT-ORDER]"), ([0, 5], ("HU", "a.u."), "units: HU, a.u.")],
)
def test_volumes_that_make_no_follow_up_are_refused_and_leave_no_node(scene, visits, days, units, words):
    volumes = [volume(scene, v.images["image"], "CT", unit) for v, unit in zip(visits.visits, units)]
    before = scene.GetNumberOfNodes()
    with pytest.raises(st.InputError) as caught:
        add_follow_up(scene, volumes, days)
    assert words in str(caught.value)
    assert scene.GetNumberOfNodes() == before


def test_volume_under_a_transform_is_refused(scene, visits):
    node = volume(scene, visits.visits[0].images["image"], "CT")
    node.SetAndObserveTransformNodeID(scene.AddNewNodeByClass("vtkMRMLLinearTransformNode").GetID())
    with pytest.raises(st.GeometryError) as caught:
        add_follow_up(scene, [node], [0])
    assert caught.value.code == "E-GEO-TRANSFORM"


def test_visits_without_a_unit_or_frames_in_time_say_what_to_do(scene, visits, series):
    from SpatioTemporalNodes.series.series_nodes import add_series

    volumes = [volume(scene, v.images["image"], "CT", unit="") for v in visits.visits]
    with pytest.raises(st.InputError, match="step 3") as caught:
        follow_up_from_node(add_follow_up(scene, volumes, [0, 90]))
    assert caught.value.code == "E-UNIT"
    with pytest.raises(st.InputError, match="Several volumes") as caught:
        follow_up_from_node(add_series(scene, series)[0])
    assert caught.value.code == "E-VISITS"


def test_days_are_counted_from_the_dates_of_the_files_volumes_were_loaded_from(scene, visits, tmp_path):
    files = {}
    for uid, day in (("1.2.1", "20240310"), ("1.2.2", "20240229")):
        files[uid] = str(
            save(header(AcquisitionDate=day, SOPInstanceUID=uid), tmp_path / uid, np.zeros((4, 5), np.uint16))
        )
    volumes = [volume(scene, v.images["image"], "CT") for v in visits.visits]
    for node, uid in zip(volumes, files):
        node.SetAttribute("DICOM.instanceUIDs", f"{uid} 1.2.9")
    assert days_between(volumes, files.get) == [10.0, 0.0]
    assert days_between(volumes) is None, "without a database nothing is known"
    volumes[0].RemoveAttribute("DICOM.instanceUIDs")
    assert days_between(volumes, files.get) is None


def test_point_is_the_first_control_point_where_transforms_put_it(scene):
    node = scene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", "F")
    with pytest.raises(st.InputError, match="no point has been placed"):
        point_from_node(node)
    node.AddControlPoint([1.0, 2.0, 3.0], "nodule")
    node.AddControlPoint([7.0, 7.0, 7.0])
    assert point_from_node(node) == st.Point((1.0, 2.0, 3.0), "nodule")
    transform = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    matrix = transform.GetMatrixTransformToParent()
    matrix.SetElement(0, 3, -10.0)
    transform.SetMatrixTransformToParent(matrix)
    node.SetAndObserveTransformNodeID(transform.GetID())
    assert value_from_node(st.Point, node).ras == pytest.approx((-9.0, 2.0, 3.0))


def test_region_on_its_own_grid_keeps_it(scene, joined, visits):
    elsewhere = st.Geometry.from_spacing((4, 6, 8), (3.0, 3.0, 3.0), (5.0, 0.0, 0.0))
    labels = st.LabelMap(np.ones(elsewhere.shape, np.uint8), elsewhere, name="region")
    node = segmentation(scene, labels, "region")
    inputs = values_of(every_kind.every_kind.declaration, {"visits": joined, "region": node})
    assert inputs["region"].geometry.matches(elsewhere)
    check(inputs["visits"], visits)


def test_results_on_several_grids_and_their_report_are_saved_and_read_back(scene, joined, tmp_path):
    with known(every_kind.every_kind.declaration) as id:
        result = st.run(id, visits=follow_up_from_node(joined))
    made = add_result(scene, result, series=joined)
    assert made["brighter_2"].GetName() == "Visits of CT 0 HU+1 2"
    assert made["report"].IsA("vtkMRMLTextNode")
    path = tmp_path / "scene.mrb"
    assert scene.WriteToMRB(str(path), None)
    back = read_scene(path)
    for there in (scene, back):
        (summary,) = result_summary(there)
        found = result_from_nodes(nodes_of_run(there, summary.run))
        assert set(found) == set(result)
        assert (found["report"].title, found["report"].html) == ("Every kind", result.report.html)
        for name, image in result.of_kind(st.Map).items():
            np.testing.assert_allclose(found[name].values, image.values, rtol=1e-6)
            assert found[name].geometry.matches(image.geometry)
        np.testing.assert_array_equal(found["lesion_2"].values, result["lesion_2"].values)


def test_scene_written_of_a_run_shows_the_visits_and_what_came_of_them(visits, tmp_path):
    with known(every_kind.every_kind.declaration) as id:
        result = st.run(id, visits=visits)
    back = read_scene(write_scene(tmp_path / "run.mrb", follow_ups=[visits], results=[result]))
    sequence = back.GetFirstNodeByClass("vtkMRMLSequenceNode")
    found = follow_up_from_node(sequence)
    assert found.name == "p1" and found.days.tolist() == [0, 90]
    assert all(visit.mask.foreground.any() for visit in found.visits)
    proxy = proxy_of(sequence)
    for item, visit in enumerate(visits.visits):
        browser_of(sequence).SetSelectedItemNumber(item)
        assert node_geometry(proxy).matches(visit.images["image"].geometry)
    assert back.GetFirstNodeByName("p1 HU+1 2") is not None


def test_run_again_fills_the_same_nodes_and_removes_those_left_over(scene, joined, visits):
    first = visits.visits[0]
    with known(every_kind.every_kind.declaration) as id:
        three = st.FollowUp("p", (*visits.visits, st.Visit(200.0, first.images)))
        made = add_result(scene, st.run(id, visits=three), series=joined)
        again = add_result(scene, st.run(id, visits=visits), series=joined, replace=made)
    assert again["brighter_1"].GetID() == made["brighter_1"].GetID()
    assert again["report"].GetID() == made["report"].GetID()
    assert made["brighter_3"].GetScene() is None and "brighter_3" not in again.by_output
