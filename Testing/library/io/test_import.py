"""Importing the library is cheap: readers load their packages when a file needs them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
CODE = """
import sys
import SpatioTemporalLib
print(*(m for m in ("SimpleITK", "pydicom", "nibabel", "nrrd") if m in sys.modules))
"""


def test_importing_loads_no_image_packages():
    done = subprocess.run([sys.executable, "-c", CODE], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
