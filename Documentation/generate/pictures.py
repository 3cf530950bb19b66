"""Pictures of what the analyses give, made by running them; kept until the code or the example changes."""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path

import numpy as np

import SpatioTemporalLib as st
from SpatioTemporalLib.declare import Analysis
from SpatioTemporalLib.pictures.figures import (
    anatomy_of,
    draw_curves,
    draw_labels,
    draw_map,
    fullest_frame,
    new_figure,
    save_figure,
    zoom_to,
)

from .calls import ERRORS
from .examples import example_of
from .examples.offer import Example

MOST = 5
# Errors, goodness and status matter to who uses a map; a picture has no room for them.
LEFT_OUT = {"fit_status", "saturated", "rmse", "r2", "s0"}
MARGIN = 6  # voxels around what is shown
PANEL = 2.9  # inches


def picture_of(analysis: Analysis, folder: Path) -> Path | None:
    """The picture of an analysis in the folder, made when it is not there; None when nothing can be drawn."""
    example = example_of(analysis)
    if example is None:
        return None
    path, key = folder / f"{analysis.id}.png", folder / f"{analysis.id}.key"
    current = code_key()
    if path.exists() and key.exists() and key.read_text() == current:
        return path
    result = st.run(analysis.id, **example.inputs, **example.parameters)
    figure = result_figure(result, example)
    if figure is None:
        return None
    save_figure(figure, path)
    key.write_text(current)
    return path


@functools.cache
def code_key() -> str:
    """Changes with the library, the examples and this file: a picture shows what the code gives."""
    files = [Path(__file__)]
    for root in (Path(st.__file__).parent, Path(__file__).parent / "examples"):
        files += sorted(root.rglob("*.py"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def result_figure(result: st.Result, example: Example):
    """Maps and label maps over their anatomy, and the first set of curves; None without either."""
    images, curves = _images(result), next(iter(result.of_kind(st.Curve).values()), ())
    count = len(images) + bool(curves)
    if not count:
        return _table_figure(result)
    columns = min(3, count)
    rows = -(-count // columns)
    figure = new_figure(PANEL * columns + 0.6, PANEL * 0.85 * rows)
    grid = figure.subplots(rows, columns, squeeze=False)
    chosen = _slice_of(images)
    for axes, (name, values) in zip(grid.flat, images.items()):
        _draw(axes, name, values, result, chosen, _anatomy(example, values))
    if curves:
        draw_curves(grid.flat[len(images)], curves, "")
    for axes in grid.flat[count:]:
        axes.set_axis_off()
    return figure


def _images(result: st.Result) -> dict[str, st.Map | st.LabelMap]:
    """What is looked at first: no errors, no status; of a series the frame that shows most."""
    maps = {n: m for n, m in result.of_kind(st.Map).items() if not n.endswith(ERRORS) and np.nanstd(m.values) > 0}
    frames = {n: _one_frame(s) for n, s in result.of_kind(st.Series).items()}
    drawn = {n: fullest_frame(labels) for n, labels in result.of_kind(st.LabelSeries).items()}
    images = {**drawn, **result.of_kind(st.LabelMap), **frames, **maps}
    seen = {n: m for n, m in images.items() if n not in LEFT_OUT and _there(m).any()}
    return dict(list(seen.items())[:MOST])


def _one_frame(series: st.Series) -> st.Map:
    level = np.nanmean(np.where(np.isfinite(series.values), series.values, np.nan), axis=(1, 2, 3))
    frame = int(np.nanargmax(np.abs(level - level[0])))
    return st.Map(series.values[frame], series.geometry, series.unit, f"{series.name}, {series.times[frame]:g} s")


def _there(values: st.Map | st.LabelMap) -> np.ndarray:
    return values.foreground if isinstance(values, st.LabelMap) else np.isfinite(values.values)


def _slice_of(images: dict[str, st.Map | st.LabelMap]) -> dict[tuple, int]:
    """The slice that shows most, for each shape of images."""
    shown: dict[tuple, np.ndarray] = {}
    for values in images.values():
        shape = values.geometry.shape
        shown[shape] = shown.get(shape, 0) + _content(values)
    return {shape: int(content.argmax()) for shape, content in shown.items()}


def _content(values: st.Map | st.LabelMap) -> np.ndarray:
    """(K,) how much of a map lies in each slice: voxels, and where all have as many, how far they differ."""
    there = _there(values).sum(axis=(1, 2)).astype(float)
    if there.min() == there.max() and isinstance(values, st.Map):
        there = np.nan_to_num(np.nanstd(values.values, axis=(1, 2)))
    return there / max(there.max(), 1e-12)


def _draw(axes, name: str, values, result: st.Result, chosen: dict[tuple, int], anatomy) -> None:
    index = chosen[values.geometry.shape]
    if isinstance(values, st.LabelMap):
        draw_labels(axes, values, index, anatomy)
    else:
        display = result.displays.get(name) or st.Display()
        draw_map(axes, values, display, index, anatomy, display.symbol or name.replace("_", " "))
    there = _there(values)[index]
    if 0 < there.sum() < 0.5 * there.size:
        zoom_to(axes, there, values.geometry, MARGIN)


def _anatomy(example: Example, values) -> np.ndarray | None:
    """Of the inputs what lies on the same grid."""
    for given in example.inputs.values():
        if isinstance(given, st.Series) and given.geometry.shape == values.geometry.shape:
            return anatomy_of(given)
        visits = given.visits if isinstance(given, st.FollowUp) else ()
        for image in (image for visit in visits for image in visit.images.values()):
            if image.geometry == values.geometry:
                # Grey begins at zero, CT far below it.
                return image.values - image.values.min()
    return None


def _table_figure(result: st.Result):
    """The first table as it stands."""
    shown = next(iter(result.of_kind(st.Table).values()), None)
    if shown is None:
        return None
    names = list(shown.columns)[:7]
    cells = [[_cell(shown.columns[n][row]) for n in names] for row in range(min(8, len(shown.columns[names[0]])))]
    headings = [f"{n}\n[{shown.units[n]}]" if shown.units.get(n) else n for n in names]
    figure = new_figure(1.35 * len(names) + 0.4, 0.32 * len(cells) + 0.7)
    axes = figure.subplots()
    axes.set_axis_off()
    drawn = axes.table(cellText=cells, colLabels=headings, loc="center", cellLoc="center", edges="horizontal")
    drawn.auto_set_font_size(False)
    drawn.set_fontsize(8)
    drawn.scale(1, 1.5)
    return figure


def _cell(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
