"""The stand-in for the desktop, for its own tests."""

from importlib.util import find_spec
from pathlib import Path

import pytest

HERE = Path(__file__).parent
collect_ignore_glob = [] if find_spec("slicer") and find_spec("PySide6") else ["test_*.py"]


def pytest_collection_modifyitems(items):
    for item in items:
        if HERE in Path(item.path).parents:
            item.add_marker("slicer")


@pytest.fixture
def desktop():
    from slicerdouble import install
    from slicerdouble.desktop import clear_scene

    app = install()
    clear_scene()
    return app
