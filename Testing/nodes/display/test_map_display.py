"""A map leaves the anatomy to be seen where it is zero, or hardly more; its legend writes the numbers as they are."""

from __future__ import annotations

import numpy as np
import pytest
import slicer
from SpatioTemporalNodes.display.overlay import label_format, show_legend
from SpatioTemporalNodes.display.render import render_slice
from SpatioTemporalNodes.display.volume_display import lowest_shown, show_as_anatomy, show_as_map
from SpatioTemporalNodes.results.preview_node import PreviewNode
from SpatioTemporalNodes.values.voxels import set_node_geometry, set_node_values, without_nan

import SpatioTemporalLib as st

SIZE = 64
GRID = st.Geometry.from_spacing((1, SIZE, SIZE), (1, 1, 1))
LESION = (slice(0, 1), slice(20, 40), slice(20, 40))
KTRANS = st.Display((0, 0.5), "inferno", symbol="Ktrans")


def ktrans(background, negative=0.0):
    """A lesion of 0.25 in tissue of some value with noise; nothing fitted in the first rows."""
    values = np.full(GRID.shape, background, np.float32)
    values += np.random.default_rng(0).uniform(-negative, negative, GRID.shape).astype(np.float32)
    values[LESION] = 0.25
    values[:, :8] = np.nan
    return values


@pytest.fixture
def anatomy(scene):
    node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "anatomy")
    values = np.tile(np.linspace(50, 150, SIZE, dtype=np.float32), (1, SIZE, 1))
    set_node_geometry(node, GRID)
    set_node_values(node, values)
    show_as_anatomy(node, values[None])
    return node


def added(scene, values, display=KTRANS, error=None):
    node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "map")
    set_node_geometry(node, GRID)
    set_node_values(node, without_nan(values))
    show_as_map(node, values, display, error=error)
    return node


def changed(scene, anatomy, node) -> np.ndarray:
    """(J, I) whether a pixel looks otherwise with the map than without."""
    pictures = [
        render_slice(scene, background=anatomy, foreground=over, size=(SIZE, SIZE)).astype(int) for over in (None, node)
    ]
    return (np.abs(pictures[1] - pictures[0]).max(axis=2) > 2)[::-1, ::-1]


def lesion_only(seen) -> bool:
    wanted = np.zeros((SIZE, SIZE), bool)
    wanted[LESION[1:]] = True
    # A picture may lie one pixel beside the grid, whichever way its axes run.
    return any(np.mean(turned != wanted) < 0.05 for turned in (seen, seen[::-1], seen[:, ::-1], seen[::-1, ::-1]))


@pytest.mark.parametrize(
    ("background", "negative"),
    [(0.0, 0.0), (1e-7, 0.0), (0.004, 0.0), (0.0, 0.01), (0.0, 0.04)],
    ids=["zero", "rounding", "little", "noise", "much noise"],
)
def test_picture_shows_the_lesion_and_leaves_the_rest(scene, anatomy, background, negative):
    seen = changed(scene, anatomy, added(scene, ktrans(background, negative)))
    assert lesion_only(seen)


@pytest.fixture
def legends(scene, monkeypatch):
    """The scene as the one on screen, which knows legends."""
    scene.RegisterNodeClass(slicer.vtkMRMLColorLegendDisplayNode())
    monkeypatch.setattr(slicer, "mrmlScene", scene, raising=False)
    monkeypatch.delattr(slicer, "modules", raising=False)


def test_preview_leaves_the_anatomy_where_it_is_zero(scene, legends, anatomy):
    preview = PreviewNode(scene)
    preview.show(ktrans(0.0, 0.01), GRID, KTRANS, title="Preview", background=anatomy)
    seen = changed(scene, anatomy, preview.node)
    preview.remove()
    assert lesion_only(seen)


def test_what_its_standard_error_does_not_tell_from_zero_is_hidden(scene, anatomy):
    values = ktrans(0.034)
    error = np.where(values > 0.2, 0.01, 0.05).astype(np.float32)
    assert not lesion_only(changed(scene, anatomy, added(scene, values, error=np.full_like(values, 0.001))))
    assert lesion_only(changed(scene, anatomy, added(scene, values, error=error)))


def test_low_values_that_are_well_known_stay(scene, anatomy):
    seen = changed(scene, anatomy, added(scene, ktrans(0.06)))
    assert seen.mean() > 0.8


@pytest.mark.parametrize("window", [(0.5, 3.0), (36.0, 42.0)])
def test_window_that_does_not_begin_at_zero_hides_nothing_that_was_measured(window):
    values = np.linspace(0.01, window[1], 500)
    assert lowest_shown(values, window) <= values.min()


def test_map_of_small_values_only_is_shown():
    assert lowest_shown(np.array([1e-4, 2e-4]), (0, 0.5)) <= 1e-4


def test_map_of_either_sign_is_shown_on_both_sides(scene):
    values = np.linspace(-0.01, 0.01, SIZE * SIZE, dtype=np.float32).reshape(GRID.shape)
    for display in (st.Display((-0.01, 0.01), "coolwarm"), st.Display()):
        assert not added(scene, values, display).GetDisplayNode().GetApplyThreshold()


@pytest.mark.parametrize(
    ("low", "high", "written"),
    [
        (0, 0.15, ["0.000", "0.037", "0.075", "0.113", "0.150"]),
        (0, 1, ["0.00", "0.25", "0.50", "0.75", "1.00"]),
        (0, 10, ["0.0", "2.5", "5.0", "7.5", "10.0"]),
        (0, 240, ["0", "60", "120", "180", "240"]),
        (36.2, 36.6, ["36.200", "36.300", "36.400", "36.500", "36.600"]),
        (-0.01, 0.01, ["-0.0100", "-0.0050", "0.0000", "0.0050", "0.0100"]),
        (0, 4e-6, ["0.00e+00", "1.00e-06", "2.00e-06", "3.00e-06", "4.00e-06"]),
        (1e5, 100004, ["1.0000000e+05", "1.0000100e+05", "1.0000200e+05", "1.0000300e+05", "1.0000400e+05"]),
        (0, 4e6, ["0.00e+00", "1.00e+06", "2.00e+06", "3.00e+06", "4.00e+06"]),
    ],
)
def test_legend_writes_numbers_to_a_hundredth_of_their_range(low, high, written):
    numbers = [label_format(low, high) % value for value in np.linspace(low, high, 5)]
    assert [float(number) for number in numbers] == pytest.approx(
        [float(text) for text in written], abs=(high - low) / 99
    )
    assert [len(number) for number in numbers] == [len(text) for text in written]


def test_legend_of_a_map_has_the_format_of_its_window(scene, legends):
    node = added(scene, ktrans(0.0), st.Display((0, 0.15), "viridis", symbol="vp"))
    show_legend(node, "vp [1]")
    legend = slicer.vtkSlicerColorLogic.GetColorLegendDisplayNode(node)
    assert legend.GetLabelFormat() % 0.15 == "0.150"
    node.GetDisplayNode().SetWindowLevelMinMax(0, 300)
    show_legend(node, "vp [1]")
    assert legend.GetLabelFormat() % 150 == "150"
