"""Scenes as files that Slicer opens: series and results with everything that tells how they were made."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from contextlib import chdir
from pathlib import Path

from SpatioTemporalLib.data import FollowUp, Result, Series
from SpatioTemporalLib.errors import InputError
from SpatioTemporalLib.io.atomic import atomic_path

from .application import create_scene
from .follow_up_nodes import add_visits
from .provenance import RunSummary, result_summary
from .result_nodes import add_result
from .series_nodes import add_series
from .views import show_first

__all__ = ["RunSummary", "create_scene", "read_scene", "result_summary", "write_scene"]


def write_scene(
    path, *, series: Iterable[Series] = (), follow_ups: Iterable[FollowUp] = (), results: Iterable[Result] = ()
) -> Path:
    """Write series, visits and results to an ``.mrb`` file and give back its path.

    Opened in Slicer it shows the first series with the first map over it. The
    file appears under its name only when it is complete.

    Raises
    ------
    InputError
        If the file name does not end in ``.mrb`` or the file cannot be written.
    """
    path = Path(path).absolute()
    if path.suffix.lower() != ".mrb":
        raise InputError(
            "E-SCENE-NAME", "a scene file's name ends in .mrb", where=str(path), fix="Name it like result.mrb."
        )
    scene = create_scene()
    sequences = [add_series(scene, one)[0] for one in series] + [add_visits(scene, one) for one in follow_ups]
    made = [add_result(scene, one, series=_input_of(one, sequences)) for one in results]
    show_first(scene, sequences, made)
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as unfinished:
        _write_mrb(scene, path, unfinished)
    return path


def read_scene(path):
    """The scene in an ``.mrb`` or ``.mrml`` file.

    Raises
    ------
    InputError
        If the file does not exist or is no scene.
    """
    path = Path(path).absolute()
    scene = create_scene()
    if not path.is_file() or not _read(scene, path):
        raise InputError(
            "E-SCENE-READ",
            "there is no such file" if not path.exists() else "the file cannot be read as a scene",
            where=str(path),
            fix="Give an .mrb or .mrml file that Slicer or this program saved.",
        )
    return scene


def _read(scene, path: Path) -> bool:
    if path.suffix.lower() != ".mrb":
        scene.SetURL(str(path))
        return bool(scene.Connect())
    # Unpacking leaves the process in a folder that is then deleted.
    with chdir(os.getcwd()):
        return scene.ReadFromMRB(str(path), False)


def _write_mrb(scene, path: Path, unfinished: Path) -> None:
    # The file's name is also that of the folder inside it, so it is written under its own name.
    with tempfile.TemporaryDirectory(prefix=".unfinished-", dir=path.parent) as folder:
        written = Path(folder) / path.name
        # Packing leaves the process in a folder that is then deleted.
        with chdir(os.getcwd()):
            packed = scene.WriteToMRB(str(written), None)
        if not packed or not written.exists():
            raise InputError(
                "E-SCENE-WRITE",
                "the scene could not be written",
                where=str(path),
                fix="Check that there is room on the disk and that the folder may be written to.",
            )
        os.replace(written, unfinished)


def _input_of(result: Result, sequences: list):
    """The sequence a result was made from, by the name its provenance gives; else the first."""
    names = {str(facts.get("name")) for facts in result.provenance.inputs.values()}
    named = [sequence for sequence in sequences if sequence.GetName() in names]
    return next(iter(named or sequences), None)
