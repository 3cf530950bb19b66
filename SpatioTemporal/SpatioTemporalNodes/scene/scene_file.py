"""Scenes as files that Slicer opens: series and results with everything that tells how they were made."""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Iterable
from contextlib import chdir
from pathlib import Path

from SpatioTemporalLib.data import FollowUp, Result, Series
from SpatioTemporalLib.errors import Finding, InputError, counted
from SpatioTemporalLib.io.files.atomic import atomic_path
from SpatioTemporalLib.io.untrusted.archive import Rules, unpack
from SpatioTemporalLib.io.untrusted.scene_text import check_scene, unreadable
from SpatioTemporalLib.system.private_folder import PrivateFolder

from ..display.views import show_first
from ..results.provenance import RunSummary, result_summary
from ..results.result_nodes import add_result
from ..series.series_nodes import add_series
from ..visits.follow_up_nodes import add_visits
from .application import create_scene

__all__ = ["RunSummary", "create_scene", "read_scene", "result_summary", "write_scene"]

MRB = Rules("E-SCENE", "E-SCENE-READ", "Give an .mrb or .mrml file that Slicer or this program saved.")


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


def read_scene(path, findings: list[Finding] | None = None):
    """The scene in an ``.mrb`` or ``.mrml`` file, everything it names looked at before Slicer follows it.

    Parameters
    ----------
    path : path
    findings : list, optional
        What is odd is added to it; without it, it is a Python warning.

    Raises
    ------
    InputError
        ``E-SCENE-READ`` if the file does not exist or is no scene;
        ``E-SCENE-PATH``, ``E-SCENE-ADDRESS`` and ``E-SCENE-SIZE`` if it would
        write or read elsewhere, reach for the network, or fill the machine.
    """
    path = Path(path).absolute()
    if not path.is_file():
        raise unreadable(str(path), "is no file" if path.exists() else "there is no such file")
    scene = create_scene()
    odd = _read_bundle(scene, path) if path.suffix.lower() == ".mrb" else _read_text(scene, path, path)
    if findings is not None:
        findings += odd
    else:
        for finding in odd:
            warnings.warn(str(finding), stacklevel=2)
    return scene


def _read_text(scene, path: Path, text: Path) -> tuple[Finding, ...]:
    """Read a scene's text, which may come from an archive, into a scene."""
    bundled = path != text
    odd = check_scene(text, where=str(path), bundled=bundled)
    scene.SetURL(str(text))
    if not (scene.Import() if bundled else scene.Connect()):
        raise unreadable(str(path), "the file cannot be read as a scene")
    return odd


def _read_bundle(scene, path: Path) -> tuple[Finding, ...]:
    # Slicer's own unpacking writes wherever the names in the archive lead.
    folder = PrivateFolder("unpacked")
    try:
        files = unpack(path, folder.inside("scene"), MRB)
        texts = [file for file in files if file.suffix.lower() == ".mrml"]
        if len(texts) != 1:
            raise unreadable(str(path), f"the archive holds {counted(len(texts), 'scene')}, one was expected")
        odd = _read_text(scene, path, texts[0])
    finally:
        folder.remove()
    scene.SetURL(str(path.with_suffix(".mrml")))
    scene.SetRootDirectory(str(path.parent))
    return odd


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
