"""Draws curves over time into a label; quick enough to follow the mouse."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import qt

MARGINS = (52, 10, 10, 34)  # left, top, right, bottom
# Qt's alignment flags as the numbers that drawText takes in every binding of Qt.
_LEFT, _RIGHT, _CENTRE, _NOTE = 0x81, 0x82, 0x84, 0x1084
MOST_NAMES = 12
ROW = 15
PAPER, INK, GRID, MARK = "#ffffff", "#333333", "#e4e4e4", "#d04000"


@dataclass(frozen=True)
class Line:
    """One curve of a plot.

    colour : (r, g, b), 0..1. drawn : "both" line and markers, "line" or "points".
    """

    times: np.ndarray
    values: np.ndarray
    name: str
    colour: tuple[float, float, float]
    drawn: str = "both"
    dashed: bool = False
    spread: np.ndarray | None = None


class MouseFilter(qt.QWidget):
    """Hears clicks on a widget and changes of its size."""

    def watch(self, widget, clicked, resized) -> None:
        self.clicked, self.resized = clicked, resized
        widget.installEventFilter(self)

    def eventFilter(self, watched, event):
        if event.type() == qt.QEvent.MouseButtonPress:
            # Qt 5 has no position(), and Qt 6 is about to lose pos().
            place = event.position() if hasattr(event, "position") else event.pos()
            self.clicked(int(place.x()))
        elif event.type() == qt.QEvent.Resize:
            self.resized()
        return False


class CurvePlot:
    """A plot in a ``QLabel``.

    Parameters
    ----------
    label : QLabel
    clicked : callable(time)
        Told the time under a click.
    """

    def __init__(self, label, clicked):
        self.label, self.clicked = label, clicked
        self.lines: list[Line] = []
        self.titles, self.now = ("time [s]", ""), None
        self.note = ""
        self.filter = MouseFilter()
        self.filter.watch(label, self._clicked, self.draw)

    def show(self, lines: list[Line], x_title: str, y_title: str, now: float | None, note: str = "") -> None:
        """Draw curves, and a mark at the time of the frame that is shown."""
        self.lines, self.titles, self.now, self.note = lines, (x_title, y_title), now, note
        self.draw()

    def draw(self) -> None:
        width, height = int(self.label.width), int(self.label.height)
        if width < 80 or height < 80:
            return
        pixmap = qt.QPixmap(width, height)
        pixmap.fill(qt.QColor(PAPER))
        painter = qt.QPainter(pixmap)
        painter.setRenderHint(qt.QPainter.Antialiasing, True)
        self._frame(width, height)
        if self.lines:
            self._draw_axes(painter)
        for line in self.lines:
            self._draw_line(painter, line)
        self._draw_names(painter)
        self._draw_note(painter)
        painter.end()
        self.label.setPixmap(pixmap)

    def _clicked(self, x: int) -> None:
        if self.lines and self.box[2] > self.box[0]:
            low, high = self.times
            self.clicked(low + (high - low) * (x - self.box[0]) / (self.box[2] - self.box[0]))

    def _frame(self, width: int, height: int) -> None:
        left, top, right, bottom = MARGINS
        self.names = self._placed_names(left, width - right)
        rows = 1 + max((y for _, y, _ in self.names), default=0) if self.names else 0
        self.box = (left, top + ROW * (rows + bool(self.titles[1])), width - right, height - bottom)
        self.times = _span([line.times for line in self.lines], 0.0)
        edges = [line.values for line in self.lines]
        spread = [line for line in self.lines if line.spread is not None]
        edges += [line.values + sign * line.spread for line in spread for sign in (-1, 1)]
        self.values = _span(edges, 0.06)

    def _placed_names(self, left: int, right: int) -> list[tuple[int, int, Line]]:
        """Place and row of each name above the plot, where no curve runs; a model goes with its points."""
        named = [line for line in self.lines if line.drawn != "line"][:MOST_NAMES]
        placed, x, row = [], left, 0
        for line in named:
            wide = 8 * len(line.name) + 14
            if x > left and x + wide > right:
                x, row = left, row + 1
            placed.append((x, row, line))
            x += wide
        return placed

    def _x(self, time: float) -> int:
        low, high = self.times
        return int(round(self.box[0] + (time - low) / (high - low) * (self.box[2] - self.box[0])))

    def _y(self, value: float) -> int:
        low, high = self.values
        return int(round(self.box[3] - (value - low) / (high - low) * (self.box[3] - self.box[1])))

    def _draw_axes(self, painter) -> None:
        left, top, right, bottom = self.box
        for value in ticks(*self.values):
            painter.setPen(qt.QColor(GRID))
            painter.drawLine(left, self._y(value), right, self._y(value))
            painter.setPen(qt.QColor(INK))
            painter.drawText(0, self._y(value) - 8, left - 5, 16, _RIGHT, f"{value:g}")
        for time in ticks(*self.times):
            painter.setPen(qt.QColor(GRID))
            painter.drawLine(self._x(time), top, self._x(time), bottom)
            painter.setPen(qt.QColor(INK))
            painter.drawText(self._x(time) - 30, bottom + 2, 60, 14, _CENTRE, f"{time:g}")
        painter.drawLine(left, bottom, right, bottom)
        painter.drawLine(left, top, left, bottom)
        painter.drawText(left, bottom + 16, right - left, 16, _CENTRE, self.titles[0])
        painter.drawText(left, MARGINS[1] - 4, right - left, ROW, _LEFT, self.titles[1])
        if self.now is not None:
            painter.setPen(_pen(qt.QColor(MARK), 1, dashed=True))
            painter.drawLine(self._x(self.now), top, self._x(self.now), bottom)

    def _draw_note(self, painter) -> None:
        left, top, right, bottom = self.box
        painter.setPen(qt.QColor(INK))
        painter.drawText(left + 12, top, right - left - 24, bottom - top, _NOTE, self.note)

    def _draw_line(self, painter, line: Line) -> None:
        red, green, blue = (int(255 * part) for part in line.colour)
        known = np.flatnonzero(np.isfinite(line.values))
        places = [(self._x(line.times[n]), self._y(line.values[n])) for n in known]
        if line.spread is not None:
            painter.setPen(_pen(qt.QColor(red, green, blue, 90), 3))
            for n, (x, _) in zip(known, places):
                low, high = line.values[n] - line.spread[n], line.values[n] + line.spread[n]
                painter.drawLine(x, self._y(low), x, self._y(high))
        painter.setPen(_pen(qt.QColor(red, green, blue), 2, dashed=line.dashed))
        if line.drawn != "points":
            for (x1, y1), (x2, y2) in zip(places, places[1:]):
                painter.drawLine(x1, y1, x2, y2)
        if line.drawn != "line" and not line.dashed:
            for x, y in places:
                painter.drawEllipse(x - 2, y - 2, 4, 4)

    def _draw_names(self, painter) -> None:
        first = MARGINS[1] + (ROW if self.titles[1] else 0)
        for x, row, line in self.names:
            red, green, blue = (int(220 * part) for part in line.colour)
            painter.setPen(qt.QColor(red, green, blue))
            painter.fillRect(x, first + ROW * row + 4, 7, 7, qt.QColor(red, green, blue))
            painter.drawText(x + 10, first + ROW * row, 8 * len(line.name) + 8, ROW, _LEFT, line.name)


def _pen(colour, width: int, *, dashed: bool = False):
    pen = qt.QPen(colour)
    pen.setWidth(width)
    if dashed:
        pen.setStyle(qt.Qt.DashLine)
    return pen


def ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Round numbers in a range, about `count` of them."""
    raw = (high - low) / count
    power = 10.0 ** np.floor(np.log10(raw))
    step = power * next(m for m in (1, 2, 5, 10) if m * power >= raw * 0.999)
    return [round(n * step, 12) for n in range(int(np.ceil(low / step)), int(np.floor(high / step)) + 1)]


def _span(arrays: list, margin: float) -> tuple[float, float]:
    finite = [array[np.isfinite(array)] for array in map(np.asarray, arrays)]
    joined = np.concatenate(finite) if finite else np.zeros(0)
    if not joined.size:
        return 0.0, 1.0
    low, high = float(joined.min()), float(joined.max())
    room = (high - low) * margin if high > low else max(abs(low), 1.0) / 2
    return low - room, high + room
