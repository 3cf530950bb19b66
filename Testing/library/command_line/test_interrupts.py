"""Ctrl+C at any moment of the command, while it is imported too: no traceback, exit code 130."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from library.small.inputs import small_phantom

import SpatioTemporalLib as st

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signal")
INTERRUPTED, TERMINATED = 130, 143


def started(*arguments, **environment):
    command = [sys.executable, "-m", "SpatioTemporalLib", *map(str, arguments)]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | environment
    )


def heard_until(stream, words):
    """Read lines until one holds the words."""
    while line := stream.readline():
        if words in line:
            return
    raise AssertionError(f"{words} was never said")


@pytest.mark.parametrize(
    "module", ["numpy.version", "numpy", "SpatioTemporalLib.run", "SpatioTemporalLib.command_line", "argparse"]
)
def test_while_it_is_imported(module):
    process = started("list", PYTHONPROFILEIMPORTTIME="1")
    heard_until(process.stderr, f" {module}\n")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    said = [line for line in err.splitlines() if not line.startswith("import time:")]
    assert process.returncode == INTERRUPTED and not [line for line in said if "Traceback" in line or "Error" in line]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, INTERRUPTED), (signal.SIGTERM, TERMINATED)])
def test_while_it_computes_and_nothing_stays_behind(number, code, tmp_path):
    series = st.write_series(tmp_path / "dce.seq.nrrd", small_phantom().series)
    out = tmp_path / "out"
    process = started("run", "kinetics.tissue_homogeneity", "--series", series, "--out", out, "--arrival", "30")
    heard_until(process.stdout, "times from")
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == code and "Traceback" not in err and "fault" not in err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dce.seq.nrrd"]


def test_a_program_that_uses_the_library_hears_its_own_interruptions():
    text = "import signal, SpatioTemporalLib; print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)"
    said = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True, cwd=Path.cwd())
    assert said.stdout.strip() == "True"
