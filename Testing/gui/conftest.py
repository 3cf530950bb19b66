"""The panel as a user has it before him, on the stand-in for the desktop."""

from __future__ import annotations

import os
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import pytest
from library.other_packages import installed

HERE = Path(__file__).parent
collect_ignore_glob = [] if find_spec("slicer") and find_spec("PySide6") else ["*test_*.py"]
ROOT = HERE.parents[1]

SLOW = '''
"""An analysis of another package that takes its time."""
import time
from dataclasses import dataclass
from typing import Annotated
from SpatioTemporalLib.data import Map, Series
from SpatioTemporalLib.declare import Advanced, Choices, Help, Input, Output, Range, Unit, analysis

@dataclass(frozen=True)
class Parameters:
    duration: Annotated[float, Unit("s"), Range(0, 60), Help("How long it takes.")] = 20.0
    size: Annotated[int, Range(1, 9), Help("A whole number.")] = 3
    kind: Annotated[str, Choices("round", "square"), Help("A choice.")] = "round"
    quick: Annotated[bool, Help("Yes or no.")] = False
    offset: Annotated[float | None, Unit("mm"), Help("May be left empty."), Advanced()] = None

@analysis(id="dummy.slow_mean", title="Slow mean", citation="own definition",
          inputs=[Input("series", Series, help="Any.")],
          outputs=[Output("mean", Map, "a.u.", help="Mean.")], parameters=Parameters)
def slow_mean(series, *, parameters, context):
    """The mean over time, slowly."""
    steps = max(1, int(parameters.duration / 0.02))
    for step in range(steps):
        context.progress(step / steps, "averaging")
        time.sleep(0.02)
    return {"mean": series.values.mean(axis=0)}
'''


@pytest.fixture(scope="session")
def desktop():
    from slicerdouble import install

    return install()


def pytest_collection_modifyitems(items):
    for item in items:
        if HERE in Path(item.path).parents:
            item.add_marker("slicer")
            item.add_marker(pytest.mark.filterwarnings("error::slicerdouble.signals.UnknownSignal"))


@pytest.fixture(scope="session")
def dummy_package(tmp_path_factory):
    """Another package with an analysis, installed as far as Python can tell."""
    from SpatioTemporalLib import registry

    folder = tmp_path_factory.mktemp("package")
    installed(folder, "slow_analysis", SLOW)
    installed(folder, "every_kind_analysis", (ROOT / "Testing/library/kinds/every_kind.py").read_text(encoding="utf-8"))
    sys.path.append(str(folder))
    registry.discover.cache_clear()
    yield folder
    sys.path.remove(str(folder))
    registry.discover.cache_clear()


@pytest.fixture(scope="session")
def module(desktop, dummy_package):
    """The module, loaded once as the application does."""
    from slicerdouble.desktop import show_window
    from slicerdouble.scripted_module import load_module

    loaded = load_module(ROOT / "SpatioTemporal" / "SpatioTemporal.py")
    widget = loaded.widgetRepresentation().self()
    widget.parent.resize(380, 1500)
    show_window(widget.parent)
    yield loaded
    widget.cleanup()


@pytest.fixture
def panel(module, desktop):
    """The panel on an empty scene, where nothing was installed yet."""
    from slicerdouble.desktop import clear_scene
    from slicerdouble.properties import flashed

    flashed.clear()
    clear_scene()
    desktop.pip_installed.clear()
    panel = module.widgetRepresentation().self().panel
    yield panel
    panel.logic.runs.forget_all()
    assert not flashed, flashed


@pytest.fixture
def wait(desktop):
    """Let events happen until something is so."""

    def wait(condition, seconds=60.0):
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, f"waited {seconds} s in vain"
            desktop.processEvents()
            time.sleep(0.005)
        desktop.processEvents()

    return wait


@pytest.fixture(scope="session")
def pictures(tmp_path_factory):
    """Where the pictures go: the folder the environment names (for the README's), else a temporary one."""
    chosen = os.environ.get("SPATIOTEMPORAL_SCREENSHOTS")
    folder = Path(chosen) if chosen else tmp_path_factory.mktemp("screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def photograph(module, pictures, desktop):
    """Save what the panel, or one of its widgets, looks like."""

    def photograph(name, widget=None):
        widget = widget or module.widgetRepresentation().self().parent
        desktop.processEvents()
        path = pictures / f"{name}.png"
        assert widget.grab().save(str(path))
        return path

    return photograph
