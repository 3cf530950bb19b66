"""Help opens the page of the chosen analysis, and only where there is one to choose."""

from __future__ import annotations

import pytest
from gui.user import User

from SpatioTemporalLib.system import manual_address
from SpatioTemporalLib.version import MANUAL


@pytest.fixture
def opened(panel, monkeypatch):
    """The addresses that the desktop was asked to open."""
    import qt

    addresses = []
    services = type("Services", (), {"openUrl": lambda url: addresses.append(url.toString())})
    monkeypatch.setattr(qt, "QDesktopServices", services, raising=False)
    return addresses


def test_help_opens_the_page_on_the_web_where_no_manual_was_built(panel, opened, tmp_path, monkeypatch):
    monkeypatch.setattr(manual_address, "BUILT", tmp_path)
    panel.analyse.choose("kinetics.extended_tofts")
    User(panel).press(panel.analyse.ui.helpButton)
    assert opened == [f"{MANUAL}/analyses/kinetics/extended_tofts.html"]


def test_help_opens_the_page_that_was_built_beside_the_library(panel, opened, tmp_path, monkeypatch):
    page = tmp_path / "analyses" / "kinetics" / "brix.html"
    page.parent.mkdir(parents=True)
    page.touch()
    monkeypatch.setattr(manual_address, "BUILT", tmp_path)
    panel.analyse.choose("kinetics.brix")
    User(panel).press(panel.analyse.ui.helpButton)
    assert opened == [page.as_uri()]


def test_there_is_no_help_before_an_analysis_is_chosen(panel):
    panel.analyse.choose("")
    assert not panel.analyse.ui.helpButton.visible
    panel.analyse.choose("kinetics.brix")
    assert panel.analyse.ui.helpButton.visible
