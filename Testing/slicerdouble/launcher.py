"""``PythonSlicer``: a process that starts Python as its child and waits for it."""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path

# The last line keeps the shell from becoming Python itself.
SCRIPT = """#!/bin/sh
"{python}" "$@"
exit $?
"""


def write_launcher(folder: Path) -> Path:
    """The path of a launcher; ending the process it makes does not end its child."""
    path = Path(folder) / "PythonSlicer"
    path.write_text(SCRIPT.format(python=sys.executable))
    path.chmod(0o755)
    return path


def install_launcher() -> None:
    """Put a launcher where ``PythonSlicer`` is looked for, until the process ends."""
    folder = tempfile.mkdtemp(prefix="slicerdouble-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    write_launcher(Path(folder))
    os.environ["PATH"] = os.pathsep.join([folder, os.environ.get("PATH", "")])
