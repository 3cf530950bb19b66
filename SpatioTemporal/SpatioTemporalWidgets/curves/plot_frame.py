"""Where the parts of a plot lie, by the size of its letters."""

from __future__ import annotations

import numpy as np
import qt

MOST_NAMES = 12
GAP, MARKER = 4, 7  # px


class PlotFrame:
    """The ranges of a plot, the box of its curves, and the places of its words.

    Parameters
    ----------
    size : (width, height), px
    font : QFont
    lines : list of Line
    with_title : bool
        Whether a title of the values stands at the top.

    Attributes
    ----------
    row : height of a line of text.
    box : (left, top, right, bottom) of the curves.
    names : (x, row, width, line) of each name above the box.
    """

    def __init__(self, size: tuple[int, int], font, lines: list, with_title: bool):
        self.metrics = qt.QFontMetrics(font)
        self.row = int(self.metrics.height()) + 1
        width, height = size
        self.times = _span([line.times for line in lines], 0.0)
        self.values = _span(_with_spread(lines), 0.06)
        bottom = height - 2 * self.row - GAP
        rows = max(2, (bottom - 2 * self.row) // (2 * self.row))
        self.value_ticks = ticks(*self.values, min(5, rows))
        left = GAP + max((self.wide(f"{value:g}") for value in self.value_ticks), default=0) + GAP
        right = width - max(GAP, self.row // 2)
        self.names = self._placed(lines, left, right)
        above = (1 + max(row for _, row, _, _ in self.names) if self.names else 0) + bool(with_title)
        self.first_name = GAP + self.row * bool(with_title)
        self.box = (left, GAP + self.row * above + GAP, right, bottom)
        widest = max((self.wide(f"{time:g}") for time in ticks(*self.times, 5)), default=1)
        self.time_ticks = ticks(*self.times, max(1, min(6, (right - left) // (2 * widest))))

    def wide(self, text: str) -> int:
        """Width of a text in px."""
        return int(self.metrics.horizontalAdvance(text))

    def cut(self, text: str, width: int) -> str:
        """The text with dots at its end where it is wider."""
        return str(self.metrics.elidedText(text, qt.Qt.ElideRight, int(width)))

    def x(self, time: float) -> int:
        low, high = self.times
        return int(round(self.box[0] + (time - low) / (high - low) * (self.box[2] - self.box[0])))

    def y(self, value: float) -> int:
        low, high = self.values
        return int(round(self.box[3] - (value - low) / (high - low) * (self.box[3] - self.box[1])))

    def time_at(self, x: int) -> float:
        """The inverse of `x`."""
        low, high = self.times
        return low + (high - low) * (x - self.box[0]) / max(self.box[2] - self.box[0], 1)

    def _placed(self, lines: list, left: int, right: int) -> list[tuple]:
        """Place and row of each name above the plot, where no curve runs; a model goes with its points."""
        placed, x, row = [], left, 0
        for line in [line for line in lines if line.drawn != "line"][:MOST_NAMES]:
            wide = min(self.wide(line.name) + MARKER + 3 * GAP, right - left)
            if x > left and x + wide > right:
                x, row = left, row + 1
            placed.append((x, row, wide, line))
            x += wide
        return placed


def ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Round numbers in a range, about `count` of them."""
    raw = (high - low) / count
    power = 10.0 ** np.floor(np.log10(raw))
    step = power * next(m for m in (1, 2, 5, 10) if m * power >= raw * 0.999)
    return [round(n * step, 12) for n in range(int(np.ceil(low / step)), int(np.floor(high / step)) + 1)]


def _with_spread(lines: list) -> list:
    edges = [line.values for line in lines]
    spread = [line for line in lines if line.spread is not None]
    return edges + [line.values + sign * line.spread for line in spread for sign in (-1, 1)]


def _span(arrays: list, margin: float) -> tuple[float, float]:
    finite = [array[np.isfinite(array)] for array in map(np.asarray, arrays)]
    joined = np.concatenate(finite) if finite else np.zeros(0)
    if not joined.size:
        return 0.0, 1.0
    low, high = float(joined.min()), float(joined.max())
    room = (high - low) * margin if high > low else max(abs(low), 1.0) / 2
    return low - room, high + room
