"""The entry for Slicer's Extensions Index, against what the index checks."""

import json
import re
import struct
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ENTRY = json.loads((ROOT / "SpatioTemporal.json").read_text(encoding="utf-8"))
CMAKE = (ROOT / "CMakeLists.txt").read_text(encoding="utf-8")
ALLOWED = {
    "$schema", "build_dependencies", "build_subdirectory", "category", "enabled", "scm_revision", "scm_type", "scm_url",
    "tier",
}  # fmt: skip
CATEGORIES = {"Quantification", "Sequences", "Neuroimaging", "Analysis"}


def value(name):
    """A one-line, double-quoted setting of the top CMake file."""
    return re.search(rf'^set\({name} "([^"]*)"\)$', CMAKE, re.MULTILINE).group(1)


def test_keys_are_those_of_the_schema():
    assert {"$schema", "category", "scm_url"} <= set(ENTRY) <= ALLOWED
    assert ENTRY["category"] in CATEGORIES
    assert isinstance(ENTRY["build_dependencies"], list)
    assert ENTRY["tier"] in (1, 3, 5)


def test_entry_is_named_as_the_project_and_the_repository_begins_with_slicer():
    assert re.search(r"^project\((\w+)\)$", CMAKE, re.MULTILINE).group(1) == "SpatioTemporal"
    repository = ENTRY["scm_url"].rsplit("/", 1)[1].removesuffix(".git")
    assert repository.startswith("Slicer")
    assert value("EXTENSION_HOMEPAGE") == ENTRY["scm_url"].removesuffix(".git")


def test_files_have_unix_line_ends():
    for file in ("SpatioTemporal.json", "CMakeLists.txt", "LICENSE"):
        assert b"\r" not in (ROOT / file).read_bytes()


@pytest.mark.parametrize("name", ["EXTENSION_ICONURL", "EXTENSION_SCREENSHOTURLS"])
def test_pictures_of_the_catalogue_are_png_files_of_this_repository(name):
    prefix = (
        value("EXTENSION_HOMEPAGE").replace("github.com", "raw.githubusercontent.com") + f"/{ENTRY['scm_revision']}/"
    )
    for address in value(name).split():
        assert address.startswith(prefix)
        content = (ROOT / address.removeprefix(prefix)).read_bytes()
        assert content[:8] == b"\x89PNG\r\n\x1a\n"
        width, height = struct.unpack(">II", content[16:24])
        assert min(width, height) >= 128
