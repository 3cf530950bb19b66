"""The stand-in for the desktop, for its own tests."""

import pytest

from slicerdouble import install
from slicerdouble.desktop import clear_scene


@pytest.fixture
def desktop():
    app = install()
    clear_scene()
    return app
