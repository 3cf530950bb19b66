"""Importing the library is cheap: readers load their packages when a file needs them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
CODE = """
import sys, time
start = time.perf_counter()
import numpy
import SpatioTemporalLib
print(time.perf_counter() - start, *(m for m in ("SimpleITK", "pydicom", "nibabel", "nrrd") if m in sys.modules))
"""


def test_importing_is_quick_and_loads_no_image_packages():
    seconds, *loaded = subprocess.run(
        [sys.executable, "-c", CODE], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert loaded == []
    # Twice what is allowed: the machine may be busy.
    assert float(seconds) < 2.0
