"""Pictures of results: maps over anatomy, curves with their fits, histograms. Needs matplotlib."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..data.curve import Curve
from ..data.geometry import Geometry
from ..data.result import Display, Result
from ..data.series import Series
from ..data.volumes import LabelMap, LabelSeries, Map
from ..errors import counted
from ..io import atomic_path
from ..system.packages import require
from .display_window import display_window
from .slice_view import SliceView, slice_view

# Of all voxels, that a segmentation of a part of the body labels at most.
MOST_OF_A_PART = 0.5
PANEL_INCHES = 3.4
COLUMNS = 4
STYLES = {"points": "o", "line": "-"}
CURVE_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
DOTS_PER_INCH = 130
LAYOUT = "constrained"


def new_figure(width: float, height: float):
    """An empty figure in inches that needs no display."""
    figure_module = require("matplotlib.figure", package="matplotlib", extra="figures", purpose="A figure")
    return figure_module.Figure(figsize=(width, height), layout=LAYOUT, dpi=DOTS_PER_INCH)


def save_figure(figure, path: str | Path) -> Path:
    """Write a figure as PNG, whole or not at all."""
    path = Path(path)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, format="png")
    return path


def result_figures(result: Result, folder: str | Path, background: np.ndarray | None = None) -> list[Path]:
    """Write a picture of the maps and label maps, and one of each set of curves of a result.

    background : (K, J, I) array, optional
        Anatomy shown under the maps.
    """
    folder = Path(folder)
    written = []
    frames = {name: fullest_frame(labels) for name, labels in result.of_kind(LabelSeries).items()}
    maps = frames | result.of_kind(LabelMap) | result.of_kind(Map)
    if maps:
        written.append(save_figure(maps_figure(maps, result.displays, background), folder / "maps.png"))
    for name, curves in result.of_kind(Curve).items():
        figure = new_figure(7, 4)
        draw_curves(figure.subplots(), curves, result.helps[name])
        written.append(save_figure(figure, folder / f"{name}.png"))
    return written


def maps_figure(maps: dict[str, Map | LabelMap], displays: dict[str, Display], background: np.ndarray | None):
    """All maps and label maps side by side in the slice that holds most of what was found, or else of the first."""
    columns = min(COLUMNS, len(maps))
    rows = -(-len(maps) // columns)
    figure = new_figure(PANEL_INCHES * columns, PANEL_INCHES * 0.9 * rows)
    grid = figure.subplots(rows, columns, squeeze=False)
    first = _telling(list(maps.values()))
    for axes, (name, values) in zip(grid.flat, maps.items()):
        chosen = fullest_slice(first if values.geometry.shape == first.geometry.shape else values)
        anatomy = background if background is not None and background.shape == values.geometry.shape else None
        if isinstance(values, LabelMap):
            draw_labels(axes, values, chosen, anatomy)
        else:
            draw_map(axes, values, displays[name], chosen, anatomy)
    for axes in grid.flat[len(maps) :]:
        axes.set_axis_off()
    return figure


def _telling(maps: list[Map | LabelMap]) -> Map | LabelMap:
    """What says which slice is worth to be shown: a segmentation of a part, or else the first map."""
    # A status tells of every voxel; the maps tell which of them matter.
    first = next((m for m in maps if isinstance(m, Map)), maps[0])
    if not isinstance(first, Map) or not np.isfinite(first.values).all():
        return first
    parts = [m for m in maps if isinstance(m, LabelMap) and m.geometry.shape == first.geometry.shape]
    return next((m for m in parts if 0 < m.foreground.mean() < MOST_OF_A_PART), first)


def draw_map(axes, values: Map, display: Display, slice_index: int, background: np.ndarray | None = None, title=""):
    """One slice of a map over its anatomy, with a colour bar that carries symbol and unit."""
    view = slice_view(values.geometry)
    layout = _draw_anatomy(axes, view, slice_index, background)
    low, high = display_window(values.values, display)
    shown = np.ma.masked_invalid(view.of(values.values[slice_index]))
    image = axes.imshow(shown, cmap=display.colours, vmin=low, vmax=high, **layout)
    bar = axes.figure.colorbar(image, ax=axes, fraction=0.046, pad=0.02, extend="max")
    name = (display.symbol or values.name).replace("_", " ")
    bar.set_label(f"{name} [{values.unit}]")
    axes.set_title(title or name)
    _name_side(axes, view)
    return image


def draw_labels(axes, labels: LabelMap, slice_index: int, background: np.ndarray | None = None) -> None:
    """One slice of a label map over its anatomy, each label in its colour, with the names of those that are there."""
    view = slice_view(labels.geometry)
    layout = _draw_anatomy(axes, view, slice_index, background)
    names = []
    for number, (value, label) in enumerate(labels.labels.items()):
        region = view.of(labels.region(value)[slice_index])
        if region.any():
            colour = label.colour or CURVE_COLOURS[number % len(CURVE_COLOURS)]
            one = _one_colour(colour)
            axes.imshow(np.ma.masked_where(~region, region.astype(float)), cmap=one, vmin=0, vmax=1, **layout)
            names.append(axes.plot([], [], "s", color=colour, label=label.name)[0])
    if names:
        axes.legend(handles=names, loc="upper center", bbox_to_anchor=(0.5, -0.02), fontsize=6, frameon=False)
    axes.set_title(labels.name.replace("_", " "))
    _name_side(axes, view)


def zoom_to(axes, region: np.ndarray, geometry: Geometry, margin: int) -> None:
    """Show of a drawn slice what lies around a region (J, I) of it, with a margin in voxels."""
    rows, columns = np.nonzero(slice_view(geometry).of(region))
    axes.set_xlim(columns.min() - margin, columns.max() + margin)
    axes.set_ylim(rows.max() + margin, rows.min() - margin)


def _name_side(axes, view: SliceView) -> None:
    axes.set_xticks([])
    axes.set_yticks([])
    axes.text(
        0.02, 0.5, view.left, transform=axes.transAxes, color="#ffdd55", size=7, va="center",
        bbox={"facecolor": "#000000", "alpha": 0.35, "linewidth": 0, "pad": 1},
    )  # fmt: skip


def _one_colour(colour):
    from matplotlib.colors import ListedColormap

    return ListedColormap([colour])


def _draw_anatomy(axes, view: SliceView, slice_index: int, background: np.ndarray | None) -> dict[str, object]:
    """Draw what lies below a map, and give back how images of its grid are drawn."""
    layout = {"origin": "upper", "aspect": view.aspect, "interpolation": "nearest"}
    if background is not None:
        anatomy = view.of(background[slice_index])
        low, high = np.nanpercentile(anatomy, (1, 99))
        # Signals count from zero, Hounsfield units from air.
        axes.imshow(anatomy, cmap="gray", vmin=min(low, 0.0), vmax=max(high, min(low, 0.0)), **layout)
    return layout


def draw_outlines(axes, labels: LabelMap, slice_index: int) -> None:
    """Outlines of the labels in their colours."""
    view = slice_view(labels.geometry)
    for number, (value, label) in enumerate(labels.labels.items()):
        region = view.of(labels.region(value)[slice_index])
        if region.any():
            colour = label.colour or CURVE_COLOURS[number % len(CURVE_COLOURS)]
            axes.contour(region, levels=[0.5], colors=[colour], linewidths=1.2)


def draw_curves(axes, curves: tuple[Curve, ...], title: str = "", colours: dict | None = None) -> None:
    """Measured curves as points with their spread, models as lines of the same colour."""
    measured = [curve for curve in curves if not curve.fit_of]
    colours = colours or {c.name: CURVE_COLOURS[n % len(CURVE_COLOURS)] for n, c in enumerate(measured)}
    for curve in curves:
        colour = colours.get(curve.fit_of or curve.name, "#444444")
        # Curves on a grid much finer than frames are continuous: points would only smear.
        style = STYLES.get(curve.drawn) or ("o" if len(curve.times) <= 300 else "-")
        style, width = ("-", 1.6) if curve.fit_of else (style, None)
        axes.plot(curve.times, curve.values, style, color=colour, markersize=3.5, linewidth=width, label=curve.name)
        if curve.spread is not None:
            low, high = curve.values - curve.spread, curve.values + curve.spread
            axes.fill_between(curve.times, low, high, color=colour, alpha=0.15, linewidth=0)
    axes.axhline(0, color="#999999", linewidth=0.6)
    # The limits follow the curves: a few wild voxels would otherwise let the band flatten them.
    low, high = min(np.nanmin(c.values) for c in curves), max(np.nanmax(c.values) for c in curves)
    lowest = min(np.nanmin(c.values if c.spread is None else c.values - c.spread) for c in curves)
    bottom = min(low, 0) - 0.35 * (high - low) if lowest < 0 else 0.0
    axes.set_ylim(bottom, high + 0.45 * (high - low))
    axes.set_xlabel(", ".join(dict.fromkeys(curve.axis for curve in curves)))
    axes.set_ylabel(f"[{curves[0].unit}]")
    axes.set_title(title)
    axes.legend(fontsize="small", frameon=False, handlelength=1.2)


def draw_histogram(axes, values: Map, display: Display, regions: LabelMap) -> None:
    """Distribution of a map over each region."""
    low, high = display_window(values.values, display)
    edges = np.linspace(low, high, 41)
    for number, (value, label) in enumerate(regions.labels.items()):
        inside = values.values[regions.region(value)]
        inside = inside[np.isfinite(inside)]
        colour = label.colour or CURVE_COLOURS[number % len(CURVE_COLOURS)]
        beyond = np.count_nonzero((inside < low) | (inside > high))
        text = f"{label.name}, median {np.median(inside):.3g}" + (
            f"\n({counted(beyond, 'voxel')} outside)" if beyond else ""
        )
        axes.hist(inside, bins=edges, color=colour, alpha=0.75, label=text)
    axes.set_xlabel(f"{display.symbol or values.name} [{values.unit}]")
    axes.set_ylabel("voxels")
    axes.legend(fontsize="small", frameon=False, handlelength=1.2)


def fullest_frame(labels: LabelSeries) -> LabelMap:
    """The frame of labels over time in which most voxels are set."""
    return labels.frame(int(np.argmax([np.count_nonzero(frame) for frame in labels.values])))


def fullest_slice(values: Map | LabelMap) -> int:
    """The slice with the most finite values, or labelled voxels."""
    there = values.foreground if isinstance(values, LabelMap) else np.isfinite(values.values)
    return int(there.sum(axis=(1, 2)).argmax())


def anatomy_of(series: Series) -> np.ndarray:
    """(K, J, I) mean over time, to show results on."""
    total = np.zeros(series.geometry.shape)
    for frame in series.values:
        total += np.nan_to_num(np.asarray(frame, dtype=float))
    return total / series.frame_count
