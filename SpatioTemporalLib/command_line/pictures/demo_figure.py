"""The demo's picture: anatomy with Ktrans, maps of the lesion, curves with fits, histogram."""

from __future__ import annotations

from pathlib import Path

from ...data.result import Result
from ...data.series import Series
from ...pictures.figures import (
    anatomy_of,
    draw_curves,
    draw_histogram,
    draw_map,
    draw_outlines,
    fullest_slice,
    new_figure,
    save_figure,
    zoom_to,
)

MARGIN = 8  # voxels around the lesion


def demo_figure(path: Path, series: Series, results: dict[str, Result]) -> Path:
    """Write the demo's figure; gives its path."""
    model, tissue, enhancement = results["extended_tofts"], results["tissue"], results["enhancement"]
    anatomy = anatomy_of(series)
    chosen = fullest_slice(model.ktrans)
    colours = {label.name: label.colour for label in tissue.regions.labels.values()}
    figure = new_figure(16, 7)
    figure.suptitle("Breast DCE-MRI, extended Tofts model of the enhancing tissue. For research only.", fontsize=13)
    grid = figure.add_gridspec(2, 4, width_ratios=[2.1, 1, 1, 1])
    whole = figure.add_subplot(grid[:, 0])
    draw_map(whole, model.ktrans, model.displays["ktrans"], chosen, anatomy, "Ktrans over the mean image")
    draw_outlines(whole, tissue.regions, chosen)
    for column, (result, name, title) in enumerate(
        (
            (model, "ktrans", "Ktrans of the lesion"),
            (model, "ve", "Extracellular volume ve"),
            (enhancement, "signal_enhancement_ratio", "Signal enhancement ratio"),
        ),
        start=1,
    ):
        axes = figure.add_subplot(grid[0, column])
        draw_map(axes, result[name], result.displays[name], chosen, anatomy, title)
        zoom_to(axes, tissue.regions.foreground[chosen], tissue.regions.geometry, MARGIN)
    draw_curves(figure.add_subplot(grid[1, 1]), model.curves, "Concentration and model", colours)
    draw_curves(figure.add_subplot(grid[1, 2]), model.input_function, "Input function")
    histogram = figure.add_subplot(grid[1, 3])
    draw_histogram(histogram, model.ktrans, model.displays["ktrans"], tissue.regions)
    histogram.set_title("Distribution of Ktrans")
    histogram.set_ylim(top=1.25 * histogram.get_ylim()[1])
    # The labels of the rightmost colour bars stand out a little beyond their axes.
    figure.get_layout_engine().set(rect=(0, 0, 0.98, 1))
    return save_figure(figure, path)
