"""Kinds and formats that other packages offer: one that is broken is told, and hides nothing."""

from importlib.metadata import EntryPoint

import pytest

import SpatioTemporalLib as st
from SpatioTemporalLib import registry
from SpatioTemporalLib.io.images.format_registry import found_formats, image_formats
from SpatioTemporalLib.kinds.registry import found_kinds, known_kinds
from SpatioTemporalLib.system import declarations


@pytest.fixture
def broken_package(monkeypatch):
    """A package that offers everything and cannot be imported."""

    def forget():
        for found in (found_kinds, found_formats, registry.discover):
            found.cache_clear()

    monkeypatch.setattr(
        declarations, "entry_points", lambda group: [EntryPoint("broken", f"not_there.{group[15:]}", group)]
    )
    forget()
    yield
    forget()


def test_what_another_package_breaks_is_told_and_hides_nothing(broken_package):
    assert "Series" in known_kinds() and "NIfTI" in image_formats() and "kinetics.tofts" in st.analyses()
    told = {each.module: each.reason for each in st.unavailable()}
    assert set(told) == {"not_there.kinds", "not_there.formats"}
    assert all("not_there" in reason and "ModuleNotFoundError" in reason for reason in told.values())
