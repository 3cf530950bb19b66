"""A map on the slice in view that follows every change of the form, the inputs and the slice."""

from __future__ import annotations

import numpy as np
import pytest
import slicer
from gui.user import User
from SpatioTemporalNodes.display.overlay import overlaid_map
from SpatioTemporalNodes.series.series_nodes import add_series
from SpatioTemporalNodes.values.voxels import node_geometry, node_values, set_node_geometry, set_node_values, with_nan

import SpatioTemporalLib as st
from SpatioTemporalLib.data import Geometry, Series
from SpatioTemporalLib.simulation.tofts_phantom import PhantomDesign, tofts_phantom

SLICES = 5


@pytest.fixture(scope="module")
def phantom():
    design = PhantomDesign(ktrans=(0.05, 0.1, 0.2), ve=(0.2, 0.4), vp=(0.05,), patch=10, frame_interval=4.0, noise=0.01)
    return tofts_phantom(design, np.random.default_rng(0))


@pytest.fixture
def previewing(panel, phantom, wait):
    """The panel on a series of five slices, which grow brighter with k, with the preview of Ktrans on."""
    flat = phantom.series
    scale = (1 + np.arange(SLICES))[None, :, None, None]
    geometry = Geometry((SLICES, *flat.geometry.shape[1:]), flat.geometry.affine)
    series = Series(flat.values * scale, flat.times, geometry, name="dce", acquisition=flat.acquisition)
    sequence, _ = add_series(slicer.mrmlScene, series)
    panel.data.ui.seriesSelector.setCurrentNode(sequence)
    panel.analyse.choose("kinetics.tofts")
    user = User(panel)
    user.press(panel.analyse.ui.previewBox)
    wait(lambda: whole(panel))
    yield panel, user, series
    panel.analyse.ui.previewBox.setChecked(False)


def shown():
    node = overlaid_map(slicer.mrmlScene)
    return with_nan(node_values(node))


def whole(panel):
    """Whether the preview of the whole slice has come, and nothing newer is asked for."""
    preview = panel.analyse.preview
    return preview.job is None and panel.analyse.ui.previewLabel.text.startswith("Slice") and preview.asked[1] == 1


def expected(series, k, **parameters):
    values = series.values[:, k : k + 1]
    offset = np.eye(4)
    offset[2, 3] = k
    geometry = Geometry((1, *series.geometry.shape[1:]), series.geometry.affine @ offset)
    one = Series(values, series.times, geometry, acquisition=series.acquisition)
    return st.run("kinetics.tofts", series=one, **parameters).ktrans


def slice_of(panel):
    return panel.analyse.preview.asked[0][-1]


def test_shows_what_a_run_on_the_slice_gives(previewing, photograph):
    panel, _, series = previewing
    reference = expected(series, slice_of(panel))
    np.testing.assert_allclose(shown(), reference.values, rtol=1e-4, atol=1e-6)
    node = overlaid_map(slicer.mrmlScene)
    assert node.GetName() == "Preview of Ktrans [1/min]"
    node_geometry(node).require_match(reference.geometry, "preview", "slice")
    photograph("preview")


def test_a_changed_parameter_changes_the_map(previewing, wait):
    panel, user, series = previewing
    before = shown().copy()
    user.type_into(panel.analyse.form.fields["hematocrit"].editor, "0.2")
    wait(lambda: not np.array_equal(shown(), before, equal_nan=True) and whole(panel))
    np.testing.assert_allclose(shown(), expected(series, slice_of(panel), hematocrit=0.2).values, rtol=1e-4, atol=1e-6)


def test_another_slice_is_computed_when_it_comes_into_view(previewing, wait):
    panel, _, series = previewing
    k = slice_of(panel)
    red = max(
        slicer.util.getNodesByClass("vtkMRMLSliceNode"), key=lambda node: abs(node.GetSliceToRAS().GetElement(2, 2))
    )
    red.JumpSliceByOffsetting(0, 0, float((series.geometry.affine @ [0, 0, SLICES - 1, 1])[2]))
    wait(lambda: slice_of(panel) == SLICES - 1 and whole(panel))
    assert k != SLICES - 1
    assert node_geometry(overlaid_map(slicer.mrmlScene)).affine[2, 3] == pytest.approx(
        (series.geometry.affine @ [0, 0, SLICES - 1, 1])[2]
    )


def test_an_artery_in_another_slice_is_measured_there(previewing, phantom, wait):
    panel, user, series = previewing
    labels = np.zeros(series.geometry.shape, np.uint8)
    elsewhere = SLICES - 1 - slice_of(panel)
    labels[elsewhere] = phantom.artery.foreground[0]
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", "artery")
    set_node_geometry(node, series.geometry)
    set_node_values(node, labels)
    before = shown().copy()
    assert slice_of(panel) != elsewhere
    user.choose_node(panel.analyse.selectors["aif_mask"], "artery")
    wait(lambda: not np.array_equal(shown(), before, equal_nan=True) and whole(panel))
    measured = st.run(
        "kinetics.tofts", series=series, aif_mask=st.LabelMap(labels, series.geometry), t1_blood=1.65
    ).ktrans
    np.testing.assert_allclose(shown()[0], measured.values[slice_of(panel)], rtol=2e-3, atol=1e-5)


def test_what_cannot_be_computed_is_said_beside_the_preview(previewing, wait):
    panel, user, _ = previewing
    user.type_into(panel.analyse.form.fields["hematocrit"].editor, "7")
    wait(lambda: "outside 0..0.7" in panel.analyse.ui.previewLabel.text)
    assert panel.run.job is None and panel.analyse.preview.job is None
    user.type_into(panel.analyse.form.fields["hematocrit"].editor, "0.42")
    wait(lambda: whole(panel))
    assert "median" in panel.analyse.ui.previewLabel.text


def test_switched_off_it_leaves_the_scene_as_it_was(previewing):
    panel, user, _ = previewing
    node = overlaid_map(slicer.mrmlScene)
    identifier = node.GetID()
    user.press(panel.analyse.ui.previewBox)
    assert not slicer.util.getNodesByClass("vtkMRMLColorLegendDisplayNode")
    assert slicer.mrmlScene.GetNodeByID(identifier) is None
    assert overlaid_map(slicer.mrmlScene) is None
    assert not panel.analyse.ui.previewLabel.text


def test_is_not_offered_where_there_is_no_map(panel):
    panel.analyse.choose("dummy.slow_mean")
    assert panel.analyse.ui.previewBox.enabled
    panel.analyse.choose("segmentation.enhancing_tissue")
    offered = [o.kind for o in panel.analyse.analysis.outputs]
    assert panel.analyse.ui.previewBox.enabled == (st.Map in offered)
