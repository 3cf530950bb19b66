"""The demo's picture: anatomy, maps, curves with fits, histogram."""

from __future__ import annotations

from pathlib import Path

from ..data.result import Result
from ..data.series import Series
from ..figures import (
    anatomy_of,
    draw_curves,
    draw_histogram,
    draw_map,
    draw_outlines,
    fullest_slice,
    new_figure,
    save_figure,
)


def demo_figure(path: Path, series: Series, results: dict[str, Result]) -> Path:
    """Write the demo's figure; gives its path."""
    model, tissue, enhancement = results["extended_tofts"], results["tissue"], results["enhancement"]
    anatomy = anatomy_of(series)
    chosen = fullest_slice(model.ktrans)
    figure = new_figure(15, 8.6)
    figure.suptitle("Breast DCE-MRI: extended Tofts model of enhancing tissue (research only)")
    axes = figure.subplots(2, 4)
    colours = {label.name: label.colour for label in tissue.regions.labels.values()}
    draw_map(
        axes[0, 0],
        tissue.early_enhancement,
        tissue.displays["early_enhancement"],
        chosen,
        title="Early enhancement, regions outlined",
    )
    draw_outlines(axes[0, 0], tissue.regions, chosen)
    for place, name, title in (
        (axes[0, 1], "ktrans", "Transfer constant Ktrans"),
        (axes[0, 2], "ve", "Extracellular volume ve"),
        (axes[0, 3], "vp", "Plasma volume vp"),
    ):
        draw_map(place, model[name], model.displays[name], chosen, anatomy, title)
    draw_curves(axes[1, 0], model.curves, "Concentration and fitted model", colours)
    draw_curves(axes[1, 1], model.input_function, "Input function")
    draw_histogram(axes[1, 2], model.ktrans, model.displays["ktrans"], tissue.regions)
    axes[1, 2].set_title("Distribution of Ktrans")
    draw_map(
        axes[1, 3],
        enhancement.signal_enhancement_ratio,
        enhancement.displays["signal_enhancement_ratio"],
        chosen,
        anatomy,
        "Signal enhancement ratio",
    )
    return save_figure(figure, path)
