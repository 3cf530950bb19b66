"""The kind that the manual adds, found for a while, and an analysis that takes it."""

from __future__ import annotations

import importlib
import sys
from contextlib import contextmanager
from pathlib import Path

from library.docs.manual_blocks import the_file
from library.other_packages import known

from SpatioTemporalLib.kinds import declared
from SpatioTemporalLib.kinds.registry import found_kinds

MODULE = f"{declared.__name__}.injections"
ANALYSIS = '''
from SpatioTemporalLib.declare import Input, Output, analysis


@analysis(
    id="dummy.total_dose",
    title="Total dose",
    citation="own definition",
    inputs=[Input("injections", Injections, help="All of them.")],
    outputs=[Output("total", Table, help="The sum of all.")],
)
def total_dose(injections, *, parameters, context):
    """The sum of all doses."""
    return {"total": Table({"dose": [float(injections.doses.sum())]}, {"dose": "mmol/kg"})}
'''


def package_source() -> str:
    """A package of somebody else that brings the kind and the analysis."""
    return the_file("input.md") + ANALYSIS


@contextmanager
def new_kind(folder: Path):
    """Write the manual's file where kinds are looked for, and let the analysis be found; gives the class."""
    (folder / "injections.py").write_text(the_file("input.md"), encoding="utf-8")
    before = list(declared.__path__)
    declared.__path__.append(str(folder))
    found_kinds.cache_clear()
    try:
        module = importlib.import_module(MODULE)
        names = {"Injections": module.Injections, "Table": module.Table}
        exec(ANALYSIS, names)
        with known(names["total_dose"].declaration):
            yield module.Injections
    finally:
        declared.__path__[:] = before
        found_kinds.cache_clear()
        sys.modules.pop(MODULE, None)
