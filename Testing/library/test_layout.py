"""The folders, and what may import what."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = ROOT / "SpatioTemporalLib"
MODULE = ROOT / "SpatioTemporal"
TESTS = ROOT / "Testing"

BELOW = {
    "version": set(),
    "system": {"errors", "version"},
    "errors": {"version", "system"},
    "context": {"errors"},
    "data": {"errors", "system"},
    "parameters": {"errors"},
    "kinds": {"data", "io", "errors", "system"},
    "declare": {"parameters", "data", "errors", "kinds"},
    "io": {"data", "errors", "system", "version"},
    "numerics": {"data", "errors", "system"},
    "steps": {"declare", "kinds", "numerics", "data", "errors", "context", "system"},
    "simulation": {"steps", "numerics", "data", "errors", "context", "system", "io"},
    "public_collections": {"steps", "data", "errors", "context", "system", "io"},
    "networks": {
        *("steps", "numerics", "data", "errors", "context", "io", "parameters"),
        *("pictures", "sample_data", "system", "version"),
    },
    "analyses": {
        "declare",
        "kinds",
        "networks",
        "pictures",
        "steps",
        "numerics",
        "data",
        "errors",
        "context",
        "system",
    },
}
"""What each part of the library may import besides itself; parts not named may import any."""

APPLICATION = {"slicer", "qt", "ctk", "vtk", "vtkmodules", "mrml", "PythonQt"}
WIDGETS = {"qt", "ctk", "PythonQt", "PySide6", "PyQt5", "PyQt6", "SpatioTemporalWidgets"}
OPTIONAL = ("torch", "monai", "sklearn", "pandas", "matplotlib", "nibabel", "nilearn", "vtk", "slicer", "safetensors")


def python_files(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*.py") if "__pycache__" not in p.parts)


def imported_modules(path: Path) -> list[tuple[str, int]]:
    """Absolute names of all modules a file imports, inside functions too, with the lines."""
    package = path.relative_to(ROOT).with_suffix("").parts[:-1]
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [(alias.name, node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = [*package[: len(package) - node.level + 1]] if node.level else []
            base += node.module.split(".") if node.module else []
            found += [(".".join([*base, alias.name]), node.lineno) for alias in node.names]
    return found


def part_of(module: str) -> str | None:
    """Part of the library a module name belongs to, None for other packages and for the package's own front."""
    names = module.split(".")
    if names[0] != "SpatioTemporalLib":
        return None
    known = (LIBRARY / names[1]).is_dir() or (LIBRARY / f"{names[1]}.py").is_file() if len(names) > 1 else False
    return names[1] if known else "the package's front"


def test_library_never_imports_the_application():
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in python_files(LIBRARY)
        for name, line in imported_modules(path)
        if name.split(".")[0] in APPLICATION
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("part", sorted(BELOW))
def test_imports_point_one_way(part):
    files = python_files(LIBRARY / part) if (LIBRARY / part).is_dir() else [LIBRARY / f"{part}.py"]
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in files
        if path.exists()
        for name, line in imported_modules(path)
        if part_of(name) not in {None, part, *BELOW[part]}
    ]
    assert not wrong, "\n".join(wrong)


PARTS_WITH_ROOMS = ("numerics", "steps", "io", "networks", "command_line")
MOST_FILES, MOST_LINES, MOST_LINES_OF_CODE = 15, 300, 50


def room_of(names: tuple[str, ...]) -> str:
    """The folder of the library a module lies in, or a package is, as numerics.kinetics."""
    while names and not LIBRARY.joinpath(*names).is_dir():
        names = names[:-1]
    return ".".join(names)


def imported_rooms(part: str) -> dict[str, set[str]]:
    """For each room of a part, the other rooms of it that its files import."""
    found: dict[str, set[str]] = {}
    for path in python_files(LIBRARY / part):
        own = room_of(path.relative_to(LIBRARY).parts[:-1])
        others = {room_of(tuple(name.split(".")[1:])) for name, _ in imported_modules(path) if part_of(name) == part}
        # The part's own front is above its rooms, and what lies beside them below.
        found.setdefault(own, set()).update(others - {own, part} if own != part else set())
    return found


@pytest.mark.parametrize("part", PARTS_WITH_ROOMS)
def test_arrows_between_rooms_never_come_back(part):
    arrows = imported_rooms(part)
    assert len(arrows) > 2
    reached = {room: set(others) for room, others in arrows.items()}
    for _ in arrows:
        reached = {room: others.union(*(reached[o] for o in others)) for room, others in reached.items()}
    wrong = {tuple(sorted((a, b))) for a in arrows for b in reached[a] if a in reached[b] and a != b}
    assert not wrong


def folders_below(*tops: Path) -> list[Path]:
    below = [p for top in tops for p in top.rglob("*") if p.is_dir() and p.name != "__pycache__"]
    return sorted({*tops, *below})


def heaps(*tops: Path) -> list[Path]:
    """Folders with too many files of their own; those of analyses may have more, as one file is one method there."""
    counts = {p: len([f for f in p.glob("*.py") if f.name != "__init__.py"]) for p in folders_below(*tops)}
    return [p for p, count in counts.items() if count > MOST_FILES and p.parent.name != "analyses"]


def test_no_folder_is_a_heap_and_no_file_a_book():
    assert not heaps(LIBRARY, MODULE, TESTS)
    files = [*python_files(LIBRARY), *python_files(MODULE)]
    books = [p for p in files if len(p.read_text(encoding="utf-8").splitlines()) > MOST_LINES]
    assert not books


def test_one_file_too_many_makes_a_heap(tmp_path):
    for folder in ("nodes", "nodes/scene", "library/analyses/kinetics"):
        (tmp_path / folder).mkdir(parents=True)
        for number in range(MOST_FILES):
            (tmp_path / folder / f"test_{number}.py").touch()
    assert not heaps(tmp_path)
    for folder in ("nodes/scene", "library/analyses/kinetics"):
        (tmp_path / folder / "test_more.py").touch()
    assert heaps(tmp_path) == [tmp_path / "nodes" / "scene"]


def test_functions_fit_on_a_screen():
    long = []
    for path in [*python_files(LIBRARY), *python_files(MODULE)]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                first = node.body[1].lineno if ast.get_docstring(node) and len(node.body) > 1 else node.body[0].lineno
                if node.end_lineno - first + 1 > MOST_LINES_OF_CODE:
                    long.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name}")
    assert not long


def test_analyses_never_import_one_another():
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in python_files(LIBRARY / "analyses")
        for name, line in imported_modules(path)
        if part_of(name) == "analyses"
    ]
    assert not wrong, "\n".join(wrong)


def test_nodes_import_no_widgets():
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in python_files(MODULE / "SpatioTemporalNodes")
        for name, line in imported_modules(path)
        if name.split(".")[0] in WIDGETS
    ]
    assert not wrong, "\n".join(wrong)


def test_import_finder_sees_relative_imports_inside_functions(tmp_path, monkeypatch):
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    file = tmp_path / "SpatioTemporalLib" / "data" / "example.py"
    file.parent.mkdir(parents=True)
    file.write_text("def f():\n    from ..numerics import fit\n    from . import series\n    import vtk\n")
    names = {name for name, _ in imported_modules(file)}
    assert names == {"SpatioTemporalLib.numerics.fit", "SpatioTemporalLib.data.series", "vtk"}


def fresh(code: str) -> str:
    """What a program prints in a new interpreter."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment, cwd=ROOT
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.strip()


THIRD_PARTY = """
import sys
before = set(sys.modules)
import SpatioTemporalLib
tops = {name.split(".")[0] for name in set(sys.modules) - before}
files = {top: getattr(sys.modules.get(top), "__file__", None) or "" for top in tops}
print(*sorted(top for top in tops if "site-packages" in files[top] or "dist-packages" in files[top]))
"""


def test_import_loads_only_numpy_and_scipy():
    assert set(fresh(THIRD_PARTY).split()) <= {"numpy", "scipy"}


BLOCKED = f"""
import importlib, pkgutil, sys
from dataclasses import dataclass

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {OPTIONAL!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Absent())
import numpy as np
import SpatioTemporalLib as st
for module in pkgutil.walk_packages(st.__path__, "SpatioTemporalLib."):
    if ".networks" not in module.name and not module.name.endswith("__main__"):
        importlib.import_module(module.name)
assert not st.unavailable(), st.unavailable()

from SpatioTemporalLib.declare import Input, Output, analysis

@analysis(id="test.mean", title="Mean", citation="own definition",
          inputs=[Input("series", st.Series, help="Any.")],
          outputs=[Output("mean", st.Map, unit="{{series.unit}}", help="Mean over time.")])
def mean(series, *, parameters, context):
    '''Mean over time.'''
    return {{"mean": series.values.mean(axis=0)}}

st.analyses()["test.mean"] = mean.declaration
series = st.Series.from_curves([0.0, 2.0, 5.0], np.arange(6.0).reshape(3, 2))
print(st.run("test.mean", series=series)["mean"].values.ravel())
"""


def test_core_runs_without_optional_packages():
    assert fresh(BLOCKED) == "[2. 3.]"
