"""Draws curves over time into a label; quick enough to follow the mouse."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import qt

from ..theme import between, ink, readable_on
from .plot_frame import GAP, MARKER, PlotFrame

# Qt's alignment flags as the numbers that drawText takes in every binding of Qt.
_LEFT, _RIGHT, _CENTRE, _NOTE = 0x81, 0x82, 0x84, 0x1084
SMALLEST = 80  # px


@dataclass(frozen=True)
class Line:
    """One curve of a plot.

    colour : (r, g, b), 0..1; None is that of the text. drawn : "both" line and markers, "line" or "points".
    """

    times: np.ndarray
    values: np.ndarray
    name: str
    colour: tuple[float, float, float] | None
    drawn: str = "both"
    dashed: bool = False
    spread: np.ndarray | None = None


class MouseFilter(qt.QWidget):
    """Hears clicks on a widget and changes of its size, font and colours."""

    def watch(self, widget, clicked, resized) -> None:
        self.clicked, self.resized = clicked, resized
        widget.installEventFilter(self)

    def eventFilter(self, watched, event):
        if event.type() == qt.QEvent.MouseButtonPress:
            # Qt 5 has no position(), and Qt 6 is about to lose pos().
            place = event.position() if hasattr(event, "position") else event.pos()
            self.clicked(int(place.x()))
        elif event.type() in (qt.QEvent.Resize, qt.QEvent.PaletteChange, qt.QEvent.FontChange):
            self.resized()
        return False


class CurvePlot:
    """A plot in a ``QLabel``, in the font and the colours of the label, sharp on any screen.

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
        self.frame = None
        self.filter = MouseFilter()
        self.filter.watch(label, self._clicked, self.draw)

    def show(self, lines: list[Line], x_title: str, y_title: str, now: float | None, note: str = "") -> None:
        """Draw curves, and a mark at the time of the frame that is shown."""
        self.lines, self.titles, self.now, self.note = lines, (x_title, y_title), now, note
        self.draw()

    def draw(self) -> None:
        width, height = int(self.label.width), int(self.label.height)
        if width < SMALLEST or height < SMALLEST:
            return
        palette, ratio = self.label.palette, float(self.label.devicePixelRatioF())
        self.paper, self.ink = palette.color(qt.QPalette.Base), palette.color(qt.QPalette.Text)
        self.frame = PlotFrame((width, height), self.label.font, self.lines, bool(self.titles[1]))
        pixmap = qt.QPixmap(int(round(width * ratio)), int(round(height * ratio)))
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(self.paper)
        painter = qt.QPainter(pixmap)
        painter.setRenderHint(qt.QPainter.Antialiasing, True)
        painter.setFont(self.label.font)
        if self.lines:
            self._draw_axes(painter)
        for line in self.lines:
            self._draw_line(painter, line)
        self._draw_names(painter)
        self._draw_note(painter)
        painter.end()
        self.label.setPixmap(pixmap)

    def _clicked(self, x: int) -> None:
        if self.lines and self.frame is not None:
            self.clicked(self.frame.time_at(x))

    def _draw_axes(self, painter) -> None:
        frame, grid = self.frame, between(self.paper, self.ink, 0.14)
        left, top, right, bottom = frame.box
        for value in frame.value_ticks:
            painter.setPen(grid)
            painter.drawLine(left, frame.y(value), right, frame.y(value))
            painter.setPen(self.ink)
            place = (0, frame.y(value) - frame.row // 2, left - GAP, frame.row)
            painter.drawText(*place, _RIGHT, f"{value:g}")
        for time in frame.time_ticks:
            painter.setPen(grid)
            painter.drawLine(frame.x(time), top, frame.x(time), bottom)
            painter.setPen(self.ink)
            half = frame.wide(f"{time:g}") // 2 + GAP
            # The last one must not stand out of the picture.
            middle = min(frame.x(time), int(self.label.width) - half)
            painter.drawText(middle - half, bottom + 2, 2 * half, frame.row, _CENTRE, f"{time:g}")
        painter.drawLine(left, bottom, right, bottom)
        painter.drawLine(left, top, left, bottom)
        painter.drawText(left, bottom + frame.row, right - left, frame.row, _CENTRE, self.titles[0])
        title = frame.cut(self.titles[1], right - GAP)
        painter.drawText(GAP, GAP, right - GAP, frame.row, _LEFT, title)
        if self.now is not None:
            painter.setPen(_pen(qt.QColor(ink("mark", self.label.palette)), 1, dashed=True))
            painter.drawLine(frame.x(self.now), top, frame.x(self.now), bottom)

    def _draw_note(self, painter) -> None:
        left, top, right, bottom = self.frame.box
        painter.setPen(self.ink)
        painter.drawText(left + 2 * GAP, top, right - left - 4 * GAP, bottom - top, _NOTE, self.note)

    def _colour_of(self, line: Line):
        return self.ink if line.colour is None else readable_on(self.paper, line.colour)

    def _draw_line(self, painter, line: Line) -> None:
        frame, colour = self.frame, self._colour_of(line)
        known = np.flatnonzero(np.isfinite(line.values))
        places = [(frame.x(line.times[n]), frame.y(line.values[n])) for n in known]
        if line.spread is not None:
            painter.setPen(_pen(between(self.paper, colour, 0.35), 3))
            for n, (x, _) in zip(known, places):
                low, high = line.values[n] - line.spread[n], line.values[n] + line.spread[n]
                painter.drawLine(x, frame.y(low), x, frame.y(high))
        painter.setPen(_pen(colour, 2, dashed=line.dashed))
        if line.drawn != "points":
            for (x1, y1), (x2, y2) in zip(places, places[1:]):
                painter.drawLine(x1, y1, x2, y2)
        if line.drawn != "line" and not line.dashed:
            for x, y in places:
                painter.drawEllipse(x - 2, y - 2, 4, 4)

    def _draw_names(self, painter) -> None:
        frame = self.frame
        for x, row, wide, line in frame.names:
            top = frame.first_name + frame.row * row
            painter.setPen(self._colour_of(line))
            painter.fillRect(x, top + (frame.row - MARKER) // 2, MARKER, MARKER, self._colour_of(line))
            room = wide - MARKER - GAP
            painter.drawText(x + MARKER + GAP, top, room, frame.row, _LEFT, frame.cut(line.name, room))


def _pen(colour, width: int, *, dashed: bool = False):
    pen = qt.QPen(colour)
    pen.setWidth(width)
    if dashed:
        pen.setStyle(qt.Qt.DashLine)
    return pen
