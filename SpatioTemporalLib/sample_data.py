"""Where the sample data lie: beside the library in a checkout, or installed with it."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from .errors import InputError

INSTALLED_PACKAGE = "SpatioTemporalSampleData"


def sample_file(name: str) -> Path:
    """Path of one of the files or folders described in ``Resources/SampleData/README.md``."""
    folders = [Path(__file__).parent.parent / "Resources" / "SampleData"]
    installed = find_spec(INSTALLED_PACKAGE)
    if installed is not None:
        folders += [Path(place) for place in installed.submodule_search_locations or []]
    for folder in folders:
        if (folder / name).exists():
            return folder / name
    raise InputError(
        "E-SAMPLE", f"the sample file {name} is not installed", fix="Install the package again, or run from a checkout."
    )
