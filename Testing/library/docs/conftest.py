"""Examples draw what they draw for readers, in less time."""

import pytest


@pytest.fixture(autouse=True)
def hasty_pictures(monkeypatch):
    """Pictures are drawn with all that is in them, but coarse, and their parts are not moved away from one another.

    That takes longer than most examples compute; tests of pictures and of demonstrations draw whole ones.
    """
    monkeypatch.setattr("SpatioTemporalLib.pictures.figures.LAYOUT", "none")
    monkeypatch.setattr("SpatioTemporalLib.pictures.figures.DOTS_PER_INCH", 40)
