"""The panel fits 380 px with small and large fonts, follows its user in width, and is drawn in the user's colours."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import slicer
from gui.looks import ScrolledPanel, looking
from gui.user import User

import SpatioTemporalLib as st

ROOT = Path(__file__).resolve().parents[2]
WIDTH = 380
FONTS = (9, 11, 13)


@pytest.fixture
def user(panel):
    return User(panel)


@pytest.fixture
def opened(panel, user):
    """Every part of the panel open, and all of its buttons to be seen."""
    user.press(panel.data.ui.sampleButton)
    closed = [panel.ui.checkButton, panel.data.ui.timesButton, panel.data.ui.joinButton]
    closed += [panel.run.ui.computingButton, panel.run.ui.logButton, panel.analyse.ui.advancedButton]
    shown = [panel.run.ui.installButton, panel.results.ui.reportButton, panel.check.ui.checkTable]
    shown += [panel.data.ui.visitTable, panel.data.ui.settingsEdit]
    for button in closed:
        button.collapsed = False
    for widget in shown:
        widget.setVisible(True)
    yield panel
    for button in closed:
        button.collapsed = True
    for widget in shown:
        widget.setVisible(False)


@pytest.mark.parametrize("points", FONTS[::2])
def test_every_form_of_every_analysis_fits(opened, points):
    wide = {}
    with looking(points), ScrolledPanel(opened.widget, WIDTH) as scrolled:
        for id in st.analyses():
            opened.analyse.choose(id)
            if scrolled.hidden_width:
                wide[id] = scrolled.hidden_width
        least = opened.widget.minimumSizeHint.width()
    assert wide == {}
    assert least <= WIDTH - 30


@pytest.mark.parametrize("points", FONTS)
def test_long_texts_and_names_fit(opened, points):
    path = "/a/long/path/without_a_space/" + "folder_with_a_long_name/" * 5 + "Ktrans_of_the_second_examination.nii.gz"
    slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "segmentation_" * 8)
    with looking(points), ScrolledPanel(opened.widget, WIDTH) as scrolled:
        opened.say(f"{path} cannot be read: [Errno 2] No such file or directory", wrong=True)
        opened.data._say(path, path)
        opened.analyse.ui.previewLabel.setText("")
        opened.run.ui.installButton.setText("")
        opened.run.packages = ("torch", "monai", "safetensors", "scikit-learn")
        opened.run.show_install()
        opened.check._say("within their tolerance " * 10)
        assert scrolled.hidden_width == 0
        assert opened.run.ui.installButton.sizeHint.width() <= WIDTH - 60
    assert opened.run.ui.messageLabel.text.replace("\u200b", "").startswith(path)


def test_grows_and_shrinks_with_its_place(opened):
    plot = opened.look.ui.plotLabel
    with ScrolledPanel(opened.widget, WIDTH) as scrolled:
        first = plot.width
        scrolled.area.resize(900, 700)
        scrolled.settle()
        assert plot.width >= first + 400
        drawn = plot.pixmap.width()
        assert drawn >= first + 400
        scrolled.area.resize(WIDTH, 700)
        assert scrolled.hidden_width == 0 and plot.width == first
        assert plot.pixmap.width() < drawn


def colours(label) -> np.ndarray:
    """(N, 3) colours of the pixels of a label's picture."""
    from PySide6 import QtGui

    image = label.pixmap.toImage().convertToFormat(QtGui.QImage.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 3 * image.width()].reshape(-1, 3).astype(int)


@pytest.mark.parametrize("dark", [False, True])
def test_plot_and_errors_have_the_colours_of_the_palette(opened, user, dark):
    from PySide6 import QtGui

    user.move_mouse((90, 100, 0))
    with looking(9, dark):
        opened.look.redraw()
        pixels = colours(opened.look.ui.plotLabel)
        paper = np.median(pixels, axis=0)
        base = opened.look.ui.plotLabel.palette.color(QtGui.QPalette.Base)
        assert paper.tolist() == [base.red(), base.green(), base.blue()]
        far = np.abs(pixels - paper).sum(axis=1).max()
        assert far > 300, "the words and the curve are told from the paper"
        opened.say("wrong", wrong=True)
        assert ("#c00000" in opened.run.ui.messageLabel.styleSheet) != dark
    opened.look.redraw()


@pytest.fixture
def label(desktop):
    import qt
    from slicerdouble.desktop import show_window

    label = qt.QLabel()
    label.resize(340, 220)
    show_window(label)
    yield label
    label.hide()


def frame_of(font):
    from SpatioTemporalWidgets.curves.plot_frame import PlotFrame

    return PlotFrame((340, 220), font, lines(), True)


def lines(count=3):
    from SpatioTemporalWidgets.curves.curve_plot import Line

    times = np.linspace(0, 394, 25)
    return [
        Line(times, 1200 + 900 * np.sin(times / 90 + n), f"segment number {n}", (0.8, 0.2, 0.1)) for n in range(count)
    ]


@pytest.mark.parametrize("points", [7, 9, 13, 18])
def test_words_of_a_plot_do_not_run_into_one_another(label, points):
    font = label.font
    font.setPointSize(points)
    frame = frame_of(font)
    left, top, right, bottom = frame.box
    assert left >= max(frame.wide(f"{value:g}") for value in frame.value_ticks)
    assert bottom + 2 * frame.row <= 220 and top < bottom
    places = [frame.x(time) for time in frame.time_ticks]
    widest = max(frame.wide(f"{time:g}") for time in frame.time_ticks)
    assert all(second - first > widest for first, second in zip(places, places[1:]))
    heights = [frame.y(value) for value in frame.value_ticks]
    assert all(first - second >= frame.row for first, second in zip(heights, heights[1:]))
    for x, _, wide, line in frame.names:
        assert x + wide <= right + 1
        assert frame.wide(frame.cut(line.name, wide - 11)) <= wide


def test_frame_grows_with_the_letters(label):
    font = label.font
    boxes = []
    for points in (9, 18):
        font.setPointSize(points)
        boxes.append(frame_of(font).box)
    assert boxes[1][0] > boxes[0][0] and boxes[1][3] < boxes[0][3]


def test_click_goes_to_the_time_that_is_drawn_there(label):
    from SpatioTemporalWidgets.curves.curve_plot import CurvePlot

    went = []
    plot = CurvePlot(label, went.append)
    plot.show(lines(), "time [s]", "Signal [a.u.]", None)
    plot._clicked(plot.frame.x(200.0))
    assert went[0] == pytest.approx(200, abs=2)


SCALED = """
import sys
sys.path[:0] = [{testing!r}, {module!r}, {root!r}]
from slicerdouble import install
app = install()
from slicerdouble.scripted_module import load_module
from gui.looks import ScrolledPanel, looking
widget = load_module({module!r} + "/SpatioTemporal.py").widgetRepresentation().self()
panel = widget.panel
panel.data.load_sample()
panel.analyse.choose("kinetics.extended_tofts")
for points, dark in ((9, True), (13, False)):
    with looking(points, dark), ScrolledPanel(panel.widget) as scrolled:
        label = panel.look.ui.plotLabel
        print(scrolled.hidden_width, label.pixmap.width() - 2 * label.width, label.pixmap.devicePixelRatio())
widget.cleanup()
"""


def test_plot_is_sharp_and_the_panel_fits_on_a_screen_of_scale_two():
    names = {"testing": str(ROOT / "Testing"), "module": str(ROOT / "SpatioTemporal"), "root": str(ROOT)}
    environment = {**os.environ, "QT_SCALE_FACTOR": "2"}
    command = [sys.executable, "-c", SCALED.format(**names)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/", env=environment)
    assert ran.stdout.splitlines() == ["0 0 2.0", "0 0 2.0"], ran.stderr[-2000:]
