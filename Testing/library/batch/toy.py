"""An analysis of another package that does what tests of batches need: little, or harm."""

from __future__ import annotations

import csv
import os
from contextlib import contextmanager

from library.docs.manual_blocks import ROOT
from library.other_packages import installed

from SpatioTemporalLib import registry

SOURCE = '''
import os
import time
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from SpatioTemporalLib.data.curve import Table
from SpatioTemporalLib.declare import Choices, Help, Input, Output, Range, Unit, analysis
from SpatioTemporalLib.errors import InputError


@dataclass(frozen=True)
class ToyParameters:
    factor: Annotated[float, Range(-100, 100), Help("What the sum is multiplied by.")] = 1.0
    harm: Annotated[str, Choices("none", "die", "hog", "fault", "full"), Help("What goes wrong.")] = "none"
    sleep: Annotated[float, Unit("s"), Range(0, 100), Help("Before it is done.")] = 0.0
    diary: Annotated[str, Help("File to which a line is added when it is done.")] = ""


@analysis(
    id="toy.sum", title="Sum of a column", citation="none",
    inputs=[Input("numbers", Table, results=("toy.sum:statistics",), help="Numbers in a column value.")],
    outputs=[Output("statistics", Table, help="The sum.")], parameters=ToyParameters,
)
def toy_sum(numbers, *, parameters, context):
    """The sum of the numbers of a column, times a factor."""
    if parameters.harm == "die":
        os.kill(os.getpid(), 9)
    if parameters.harm == "hog":
        held = np.ones(60_000_000)
        time.sleep(30)
    if parameters.harm == "fault":
        raise RuntimeError("an unforeseen thing")
    if parameters.harm == "full":
        raise InputError("E-DISK-FULL", "the disk is full; nothing was written", fix="Free some space.")
    end = time.monotonic() + parameters.sleep
    while time.monotonic() < end:
        context.progress(0.5, "asleep")
        time.sleep(0.01)
    if parameters.diary:
        with open(parameters.diary, "a") as diary:
            diary.write(f"{sum(numbers.columns['value'])}\\n")
    value = parameters.factor * float(np.sum(numbers.columns["value"]))
    return {"statistics": Table({"quantity": ["sum"], "unit": ["1"], "value": [value]})}
'''


@contextmanager
def toy_installed(folder, patched):
    """Let this process and those it starts find the analysis."""
    installed(folder, "toy_sum", SOURCE)
    patched.syspath_prepend(str(folder))
    paths = [str(folder), str(ROOT), str(ROOT / "Testing"), *filter(None, [os.environ.get("PYTHONPATH")])]
    patched.setenv("PYTHONPATH", os.pathsep.join(paths))
    patched.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    registry.discover.cache_clear()
    yield "toy.sum"
    registry.discover.cache_clear()


def write_cases(folder, count, **columns):
    """A table of cases, each with a table of three numbers, and further columns by row."""
    names = list(columns)
    with open(folder / "cases.csv", "w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["case", "numbers", *names])
        for n in range(count):
            (folder / f"numbers{n}.csv").write_text(f"value\n{n}\n{2 * n}\n1\n")
            rows.writerow([f"c{n:03d}", f"numbers{n}.csv", *(columns[name].get(n, "") for name in names)])
    return folder / "cases.csv"


def sums(count, without=()):
    """What the table of results holds."""
    rows = [f"c{n:03d},sum,1,{float(3 * n + 1)}" for n in range(count) if n not in without]
    return "\n".join(["case,quantity,unit,value", *rows]) + "\n"
