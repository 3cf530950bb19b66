"""A picture of a slice view shows what the nodes say."""

from __future__ import annotations

import numpy as np
import pytest
import vtk
from SpatioTemporalNodes.display.colours import colour_table
from SpatioTemporalNodes.display.render import render_slice
from SpatioTemporalNodes.results.result_nodes import add_result
from SpatioTemporalNodes.scene.scene_file import create_scene
from SpatioTemporalNodes.series.frames import proxy_of
from SpatioTemporalNodes.series.series_nodes import add_series
from vtk.util.numpy_support import vtk_to_numpy

import SpatioTemporalLib as st


@pytest.fixture(scope="module")
def picture(shown, tmp_path_factory):
    """Pixels and file of the map over the series, with the segments outlined."""
    scene, sequence, _, nodes = shown
    path = tmp_path_factory.mktemp("picture") / "slice.png"
    pixels = render_slice(
        scene,
        path,
        background=proxy_of(sequence),
        foreground=nodes["ktrans"],
        segmentation=nodes["regions"],
        plane="Axial",
    )
    return pixels, path


def test_map_is_in_colour_over_grey_anatomy_on_black(picture):
    pixels, _ = picture
    assert pixels.shape == (512, 512, 3)
    spread = np.ptp(pixels.astype(int), axis=-1)
    grey = (spread == 0) & (pixels[..., 0] > 0)
    assert grey.mean() > 0.1, "the series shows where there is no map"
    assert (spread > 30).mean() > 0.03, "the map is in colour"
    assert (pixels == 0).all(axis=-1).mean() > 0.05, "outside the volume it is black"


def test_outline_has_the_colour_of_the_segment(picture):
    pixels, _ = picture
    red = np.abs(pixels.astype(int) - np.rint(255 * np.array([0.9, 0.1, 0.1]))).max(axis=-1) <= 6
    assert 50 < red.sum() < 10_000


def test_file_holds_the_same_picture(picture):
    pixels, path = picture
    reader = vtk.vtkPNGReader()
    reader.SetFileName(str(path))
    reader.Update()
    written = vtk_to_numpy(reader.GetOutput().GetPointData().GetScalars()).reshape(512, 512, 3)[::-1]
    assert np.array_equal(written, pixels)


def test_opaque_map_shows_the_exact_colour_of_a_value(make):
    scene = create_scene()
    series = make.uptake(make.oblique(shape=(4, 8, 8)), [0.0, 10.0, 300.0])
    sequence, _ = add_series(scene, series)
    result = make.run_example(series)
    node = add_result(scene, result, series=sequence)["ktrans"]
    values = np.nan_to_num(result["ktrans"].values)
    k, j, i = np.unravel_index(values.argmax(), values.shape)
    place = series.geometry.ijk_to_ras([i, j, k])
    pixels = render_slice(scene, foreground=node, plane="Axial", size=(200, 200), offset=place[2])
    index = int(np.clip(values.max() / 0.5, 0, 1) * 255)
    expected = np.rint(255 * colour_table("inferno")[index])
    assert (np.abs(pixels.astype(int) - expected).max(axis=-1) <= 2).any()


def test_scene_is_left_as_it_was(shown):
    scene, sequence, _, nodes = shown
    before = scene.GetNumberOfNodes()
    render_slice(scene, background=proxy_of(sequence), segmentation=nodes["regions"], size=(64, 48), plane="Coronal")
    assert scene.GetNumberOfNodes() == before


def test_slices_differ_along_the_normal(shown, geometry):
    scene, sequence, _, _ = shown
    middle = geometry.ijk_to_ras((np.array(geometry.shape[::-1]) - 1) / 2)[2]
    offsets = (middle, middle + 5, middle + 1e3)
    pictures = [
        render_slice(scene, background=proxy_of(sequence), size=(64, 48), offset=o, plane="Axial") for o in offsets
    ]
    assert pictures[0].shape == (48, 64, 3)
    assert pictures[0].max() > 0
    assert not np.array_equal(pictures[0], pictures[1])
    assert pictures[2].max() == 0


def test_single_sagittal_slice_is_shown_in_its_own_plane(make):
    scene = create_scene()
    sagittal = st.Geometry((1, 30, 30), np.array([[0, 0, 5, 0], [1, 0, 0, 0], [0, -1, 0, 0], [0, 0, 0, 1.0]]))
    sequence, _ = add_series(scene, make.uptake(sagittal, [0.0, 10.0]))
    pixels = render_slice(scene, background=proxy_of(sequence), size=(60, 60))
    assert (pixels.max(axis=-1) > 0).mean() > 0.8
