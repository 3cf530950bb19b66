"""The bundle that comes with the package, trained on simulated nodules."""

from __future__ import annotations

import os
from pathlib import Path

from ...sample_data import sample_file

SHIPPED, FOLDER = "demo", "simulated_nodule_bundle"


def bundle_path(path: str | os.PathLike) -> Path:
    """Where a bundle lies; "demo" is the one that is shipped."""
    return sample_file(FOLDER) if str(path) == SHIPPED else Path(path)
