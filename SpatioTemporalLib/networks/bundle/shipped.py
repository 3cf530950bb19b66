"""The bundles that come with the package, trained on simulated patients."""

from __future__ import annotations

import os
from pathlib import Path

from ...sample_data import sample_file

SHIPPED = "demo"
FOLDERS = {
    SHIPPED: "simulated_nodule_bundle",
    "dce-demo": "simulated_dce_bundle",
    "change-demo": "simulated_change_bundle",
    "liver-demo": "simulated_liver_bundle",
}


def bundle_path(path: str | os.PathLike) -> Path:
    """Where a bundle lies; the names of `FOLDERS` are those that are shipped."""
    name = FOLDERS.get(str(path))
    return sample_file(name) if name else Path(path)
