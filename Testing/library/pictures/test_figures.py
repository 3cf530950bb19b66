"""Pictures of results show what the results hold."""

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

import SpatioTemporalLib as st
from SpatioTemporalLib.data.result import Display
from SpatioTemporalLib.pictures.figures import maps_figure, result_figures
from SpatioTemporalLib.simulation.tofts_phantom import PhantomDesign, tofts_phantom

RED, BLUE = (0.9, 0.1, 0.1), (0.1, 0.1, 0.9)


@pytest.fixture
def two_halves():
    values = np.zeros((3, 8, 8), np.uint8)
    values[1, :, :4], values[1, :, 4:] = 1, 2
    labels = {1: st.Label("left half", RED), 2: st.Label("right half", BLUE)}
    return st.LabelMap(values, st.Geometry.from_spacing((3, 8, 8)), labels, "halves")


def test_label_maps_are_drawn_in_their_colours_with_their_names(two_halves):
    figure = maps_figure({"halves": two_halves}, {}, None)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())[..., :3] / 255
    for colour in (RED, BLUE):
        share = (np.abs(pixels - colour).max(axis=-1) < 0.02).mean()
        assert share > 0.2, "each half fills a good part of the picture, so the slice that holds them was chosen"
    legend = figure.axes[0].get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["left half", "right half"]


def test_a_result_of_maps_and_labels_becomes_one_picture(tmp_path):
    phantom = tofts_phantom(PhantomDesign(ktrans=(0.1,), ve=(0.3,), vp=(0.02,), patch=4), np.random.default_rng(0))
    result = st.run("kinetics.tofts", series=phantom.series)
    names = [path.name for path in result_figures(result, tmp_path)]
    assert names == ["maps.png", "curves.png", "input_function.png"]
    figure = maps_figure(result.of_kind(st.LabelMap) | result.of_kind(st.Map), result.displays, None)
    titles = [axes.get_title() for axes in figure.axes]
    assert "fit status" in titles and "Ktrans" in titles


def test_the_slice_of_what_was_found_is_shown_where_maps_are_whole():
    grid = st.Geometry.from_spacing((5, 6, 6))
    whole = st.Map(np.arange(5.0)[:, None, None] + np.zeros((5, 6, 6)), grid, "1", "slice")
    part = st.LabelMap(np.zeros((5, 6, 6), np.uint8), grid, {1: st.Label("found")}, "found")
    part.values[3, 2, 2] = 1
    figure = maps_figure({"found": part, "slice": whole}, {"slice": Display()}, None)
    (shown,) = [axes.images[0].get_array() for axes in figure.axes if axes.get_title() == "slice"]
    assert (shown == 3).all()


def test_anatomy_may_be_darker_than_zero():
    grid = st.Geometry.from_spacing((2, 6, 6))
    air = np.full((2, 6, 6), -1000.0)
    air[:, 2:4] = -800.0
    figure = maps_figure({"slice": st.Map(np.ones((2, 6, 6)), grid, "1", "slice")}, {"slice": Display()}, air)
    FigureCanvasAgg(figure).draw()
    anatomy = figure.axes[0].images[0]
    assert anatomy.get_clim() == (-1000.0, -800.0)
