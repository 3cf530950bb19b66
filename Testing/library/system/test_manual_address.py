"""One function says where a page of the manual is read, the same as the package's metadata."""

import tomllib
from pathlib import Path

import pytest

import SpatioTemporalLib as st
from SpatioTemporalLib.system import manual_address
from SpatioTemporalLib.system.manual_address import manual_page
from SpatioTemporalLib.version import MANUAL

ROOT = Path(__file__).parents[3]


@pytest.fixture
def built(tmp_path, monkeypatch):
    monkeypatch.setattr(manual_address, "BUILT", tmp_path)
    return tmp_path


def test_address_is_that_of_the_metadata():
    urls = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["urls"]
    assert urls["Documentation"] == MANUAL
    assert f'set(EXTENSION_HOMEPAGE "{urls["Homepage"]}")' in (ROOT / "CMakeLists.txt").read_text(encoding="utf-8")


def test_manual_is_built_where_it_is_looked_for():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert manual_address.BUILT == ROOT / "out" / "docs" and "Documentation out/docs\n" in makefile


def test_every_page_has_the_name_that_the_manual_gives_it(built):
    from Documentation.generate.manual import analysis_file

    for id in st.analyses():
        assert manual_page(id) == f"{MANUAL}/{analysis_file(id)}.html"


def test_built_page_comes_first_and_an_analysis_without_one_has_the_list(built):
    (built / "analyses").mkdir()
    (built / "analyses.html").touch()
    assert manual_page("weather.rain") == (built / "analyses.html").as_uri()
    (built / "analyses" / "weather").mkdir()
    (built / "analyses" / "weather" / "rain.html").touch()
    assert manual_page("weather.rain") == (built / "analyses" / "weather" / "rain.html").as_uri()
