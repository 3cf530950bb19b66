"""What the text of a Slicer scene would have Slicer open, looked at before Slicer does."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote
from xml.parsers import expat

from ...errors import Finding, InputError, Severity
from ...system.plain_text import for_message
from .detached_data import check_data_file, require_readable

MOST_TEXT, MOST_DEPTH = 2**28, 200
FILE_ATTRIBUTE = re.compile(r"(file_?name|uri|(file|uri)listmember\d*)", re.IGNORECASE)
# A drive letter is one letter; what Slicer makes of http://host is http:/host.
ADDRESS = re.compile(r"\s*([a-z][a-z0-9+.-]+:[/\\]|[/\\]{2}|(https?|ftps?|sftp|smb|file|data):)", re.IGNORECASE)
DRIVE = re.compile(r"[a-z]:", re.IGNORECASE)
SEGMENTS = "SegmentationStorage"
TOLD = 5


@dataclass
class _Text:
    """What is found while a scene's text goes by."""

    where: str
    root: str = ""
    depth: int = 0
    names: list[tuple[str, str]] = field(default_factory=list)

    def begin(self, tag: str, attributes: dict[str, str]) -> None:
        self.root = self.root or tag
        self.depth += 1
        if self.depth > MOST_DEPTH:
            raise unreadable(self.where, f"is nested more than {MOST_DEPTH} deep")
        for name, value in attributes.items():
            if FILE_ATTRIBUTE.fullmatch(name) and value.strip():
                self.names.append((tag, value))

    def end(self, tag: str) -> None:
        self.depth -= 1

    def declared(self, *facts) -> None:
        # Entities may grow without end and name files; Slicer writes none.
        raise unreadable(self.where, "declares a document type or entities, which no scene of Slicer does")


def check_scene(path: Path, *, where: str, bundled: bool) -> tuple[Finding, ...]:
    """What is odd about the files that a scene names; refuses what must not be followed.

    Parameters
    ----------
    path : Path
        The ``.mrml`` file, its data beside it.
    where : str
        What the user knows it by.
    bundled : bool
        Whether it comes from an archive, where nothing outside of it is the user's own choice.

    Returns
    -------
    findings
        ``W-SCENE-OUTSIDE`` when a scene of one's own takes files from elsewhere.

    Raises
    ------
    InputError
        ``E-SCENE-READ`` for a text that is no scene, ``E-SCENE-ADDRESS`` for
        data on the network, ``E-SCENE-PATH`` for files outside of an archive
        and what is no file, ``E-SCENE-SIZE`` for what does not fit the memory.
    """
    outside = []
    for tag, name in dict.fromkeys(_named_files(path, where)):
        # Slicer decodes what it finds; what only looks harmless before is no better.
        for spelt in dict.fromkeys((name, unquote(name), unquote(unquote(name)))):
            _refuse_address(spelt, where)
        file = path.parent / unquote(name)
        if not _is_inside(path.parent, unquote(name), bundled):
            if bundled:
                raise _outside(name, where)
            outside.append(unquote(name))
        _check_target(file, where, bundled)
        if tag == SEGMENTS and file.is_file():
            require_readable(file, where)
    if not outside:
        return ()
    listed = ", ".join(for_message(name) for name in outside[:TOLD])
    more = f" and {len(outside) - TOLD} more" if len(outside) > TOLD else ""
    return (Finding("W-SCENE-OUTSIDE", Severity.WARN, f"takes files from outside its folder: {listed}{more}", where),)


def unreadable(where: str, why: str) -> InputError:
    """The error for what is no scene."""
    fix = "Give an .mrb or .mrml file that Slicer or this program saved."
    return InputError("E-SCENE-READ", why, where=where, fix=fix)


def _named_files(path: Path, where: str) -> list[tuple[str, str]]:
    """Kinds of the storage nodes of a scene with all that they name, as it is written."""
    if path.stat().st_size > MOST_TEXT:
        raise InputError("E-SCENE-SIZE", "its text is too long", where=where, fix="Save the scene anew.")
    found, parser = _Text(where), expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = found.begin, found.end
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = found.declared
    try:
        with open(path, "rb") as stream:
            parser.ParseFile(stream)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise unreadable(where, f"the scene's text is damaged: {for_message(error)}") from error
    if found.root != "MRML":
        raise unreadable(where, f"is no scene, but {for_message(found.root)}")
    return found.names


def _refuse_address(name: str, where: str) -> None:
    if ADDRESS.match(name):
        raise InputError(
            "E-SCENE-ADDRESS",
            f"would load {for_message(name)} from the network or by its address, which is not followed",
            where=where,
            fix="Get that file yourself, load it, and save the scene with it.",
        )


def _is_inside(folder: Path, name: str, bundled: bool) -> bool:
    if "\0" in name:
        return False
    # An archive is read on every system, whose paths look otherwise than those of this one.
    if bundled and (DRIVE.match(name) or name.startswith("/") or "\\" in name or ".." in name.split("/")):
        return False
    return os.path.realpath(folder / name).startswith(os.path.join(os.path.realpath(folder), ""))


def _check_target(file: Path, where: str, bundled: bool) -> None:
    try:
        status = file.stat()
    except (OSError, ValueError):
        return  # Slicer says itself which file is missing.
    if stat.S_ISREG(status.st_mode):
        check_data_file(file, where, bundled=bundled)
    elif not stat.S_ISDIR(status.st_mode):
        text = f"would load {for_message(file.name)}, which is no file but a device or a pipe"
        raise InputError("E-SCENE-PATH", text, where=where, fix="Save the scene anew.")


def _outside(name: str, where: str) -> InputError:
    return InputError(
        "E-SCENE-PATH",
        f"would load {for_message(name)}, which lies outside of the archive",
        where=where,
        fix="Do not use it; get it anew from where it came.",
    )
