"""What a network says of a nodule as nodes: its maps over the visits, tables, report, and a saved scene."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from library.small.bundles import scanned_visits, small_bundle
from SpatioTemporalNodes.results.provenance import result_summary
from SpatioTemporalNodes.results.result_nodes import add_result
from SpatioTemporalNodes.results.run_nodes import input_nodes, nodes_of_run, remember_inputs
from SpatioTemporalNodes.scene.scene_file import read_scene
from SpatioTemporalNodes.series.frames import proxy_of
from SpatioTemporalNodes.values.report_nodes import report_from_node
from SpatioTemporalNodes.values.value_nodes import table_from_node
from SpatioTemporalNodes.values.voxels import node_geometry
from SpatioTemporalNodes.visits.follow_up_nodes import add_visits, follow_up_from_node
from SpatioTemporalNodes.visits.visit_view import background_of, is_part, visit_number

import SpatioTemporalLib as st

ID = "follow_up.malignancy"


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """The visits and what the small network says of them."""
    bundle = small_bundle(tmp_path_factory.mktemp("bundle") / "small")
    visits = scanned_visits()
    result = st.run(
        ID, visits=visits, bundle=str(bundle), covariates="age=63,sex=F", occlusion=True, samples=2, grad_cam=True
    )
    return visits, result


@pytest.fixture
def shown(scene, found):
    """The scene's visits, and the nodes of the result made from them."""
    visits, result = found
    sequence = add_visits(scene, visits)
    nodes = add_result(scene, result, series=sequence)
    remember_inputs(nodes, {"visits": sequence})
    return sequence, nodes


@pytest.mark.parametrize("saved", [False, True])
def test_each_map_belongs_over_the_images_of_its_visit(scene, found, shown, tmp_path, saved):
    visits, _ = found
    if saved:
        path = tmp_path / "scene.mrb"
        assert scene.WriteToMRB(str(path), None)
        scene = read_scene(path)
    (summary,) = result_summary(scene)
    nodes = nodes_of_run(scene, summary.run)
    inputs = input_nodes(nodes)
    for name in ("layer_cam", "grad_cam", "integrated_gradients", "occlusion"):
        for number, visit in enumerate(visits.visits):
            node = nodes[f"{name}_{number + 1}"]
            assert visit_number(node, inputs["visits"]) == number
            background = background_of(node, inputs)
            assert node_geometry(background).matches(visit.images["image"].geometry)
            assert is_part(node, background)


def test_visits_without_a_browser_are_given_one_when_they_are_first_shown(scene, found, shown):
    sequence, nodes = shown
    browser = scene.GetFirstNodeByClass("vtkMRMLSequenceBrowserNode")
    scene.RemoveNode(browser)
    assert proxy_of(sequence) is None
    background = background_of(nodes["grad_cam_2"], {"visits": sequence})
    assert background is proxy_of(sequence)
    assert background is background_of(nodes["occlusion_2"], {"visits": sequence})
    assert follow_up_from_node(sequence).days.tolist() == found[0].days.tolist()


@pytest.mark.parametrize(
    "name, colours", [("layer_cam", "Inferno"), ("grad_cam", "Inferno"), ("integrated_gradients", "Coolwarm")]
)
def test_maps_of_all_visits_share_colours_and_window(shown, name, colours):
    displays = [shown[1][f"{name}_{number}"].GetDisplayNode() for number in (1, 2)]
    assert {display.GetColorNode().GetName() for display in displays} == {colours}
    assert len({(display.GetWindowLevelMin(), display.GetWindowLevelMax()) for display in displays}) == 1


@pytest.mark.parametrize("name", ["integrated_gradients", "occlusion"])
def test_zero_is_the_middle_of_the_colours_of_maps_of_either_sign(found, shown, name):
    display = shown[1][f"{name}_1"].GetDisplayNode()
    assert display.GetWindowLevelMax() == pytest.approx(-display.GetWindowLevelMin()) != 0
    assert display.GetColorNode().GetName() == "Coolwarm"
    values = np.concatenate([np.abs(found[1][f"{name}_{number}"].values).ravel() for number in (1, 2)])
    assert display.GetWindowLevelMax() == pytest.approx(np.percentile(values, 98), rel=1e-5)


def test_tables_and_report_come_first_and_last_and_survive_saving(scene, found, shown, tmp_path):
    result = found[1]
    path = tmp_path / "scene.mrb"
    assert scene.WriteToMRB(str(path), None)
    back = read_scene(path)
    (summary,) = result_summary(back)
    nodes = nodes_of_run(back, summary.run)
    assert list(nodes.by_output)[0] == "prediction" and list(nodes.by_output)[-1] == "report"
    prediction = table_from_node(nodes["prediction"]).columns
    # Tables are saved with six digits.
    assert prediction["probability"][0] == pytest.approx(result.prediction.columns["probability"][0], rel=1e-5)
    assert prediction["trained on"] == ["SIMULATED DATA (simulated nodules)"]
    assert report_from_node(nodes["report"]).html == result.report.html
    assert summary.parameters["covariates"] == ["age=63", "sex=F"]
    assert any(finding.code == "W-SIMULATED" for finding in summary.findings)


def test_map_whose_analysis_does_not_say_so_lies_over_the_visit_with_its_grid(scene, found, shown):
    sequence, nodes = shown
    visits, result = found
    second = visits.visits[1].images["image"]
    moved = replace(result, outputs={"registered_7": second}, displays={"registered_7": st.Display()})
    node = add_result(scene, moved, series=sequence)["registered_7"]
    assert visit_number(node, sequence) == 1
    assert not is_part(node, background_of(node, {"visits": sequence}))
