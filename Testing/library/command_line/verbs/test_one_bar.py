"""One bar for all of a command: computing, writing, pictures, DICOM and scene."""

import io
from importlib.util import find_spec

import numpy as np
import pytest

import SpatioTemporalLib as st
from SpatioTemporalLib import cli
from SpatioTemporalLib.command_line.terminal.progress import ProgressBar
from SpatioTemporalLib.command_line.verbs import convert, run


class Recorder:
    """A bar that keeps what it was told."""

    def __init__(self):
        self.told = []

    def __call__(self, fraction, message):
        self.told.append((fraction, message))

    def clear(self):
        """There is nothing on a screen."""


@pytest.fixture
def series(tmp_path):
    rng = np.random.default_rng(0)
    values = (100 + rng.normal(0, 1, (12, 3, 6, 6))).astype(np.float32)
    values[5:] += 40
    path = tmp_path / "dce.nii.gz"
    st.write_series(path, st.Series(values, np.arange(12) * 10.0, st.Geometry.from_spacing((3, 6, 6), (2, 2, 4))))
    return path


@pytest.mark.skipif(not find_spec("highdicom") or not find_spec("slicer"), reason="writes DICOM and a scene too")
def test_the_bar_goes_on_while_results_are_written(series, tmp_path, monkeypatch):
    bar = Recorder()
    monkeypatch.setattr(run, "ProgressBar", lambda: bar)
    out = tmp_path / "out"
    words = ["run", "kinetics.enhancement", "--series", str(series), "--out", str(out), "--dicom"]
    assert cli.main([*words, "--scene", str(out / "scene.mrb")]) == 0
    fractions = [fraction for fraction, _ in bar.told]
    assert fractions == sorted(fractions) and fractions[-1] == 1.0
    said = [message for fraction, message in bar.told if fraction > run.COMPUTING]
    files = {path.name for path in out.glob("*.nii.gz")}
    assert files and {f"{name} written" for name in files} <= set(said)
    assert {"drawing pictures", "writing the scene", "maximum_enhancement as DICOM"} <= set(said)


def test_converting_says_what_it_does(series, tmp_path, monkeypatch, capsys):
    bar = Recorder()
    monkeypatch.setattr(convert, "ProgressBar", lambda: bar)
    assert cli.main(["convert", str(series), str(tmp_path / "dce.seq.nrrd")]) == 0
    assert [message for _, message in bar.told] == ["reading", "writing dce.seq.nrrd", "written"]


def test_a_bar_is_taken_away_before_words_are_said():
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    stream = Terminal()
    bar = ProgressBar(stream)
    bar(0.5, "reading")
    bar.clear()
    assert stream.getvalue().endswith("\r\033[K")
