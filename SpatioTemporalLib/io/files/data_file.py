"""Voxels in a file of their own that a header names: in the header's folder, of the header's length, or refused."""

from __future__ import annotations

import re
from pathlib import Path

from ...errors import InputError
from .boundary import corrupt, existing_file

SEVERAL = re.compile(r"LIST\b|.*%", re.IGNORECASE)


def data_file(header: Path, name: str, key: str) -> Path:
    """The file of voxels beside a header.

    Parameters
    ----------
    header : Path   The file that names it.
    name : str      As the header writes it.
    key : str       What the header calls it, for messages.

    Raises
    ------
    InputError
        ``E-PATH`` for anything but the name of another file in the same folder, links that lead out of it included,
        ``E-ENCODING`` for lists and patterns of files.
    """
    if SEVERAL.match(name):
        raise InputError(
            "E-ENCODING",
            "the voxels are spread over several files",
            where=header.name,
            fix="Save the image as one .nrrd or .mha file.",
        )
    # A header from elsewhere must not make us open files outside its own folder.
    plain = name not in ("", ".", "..") and not re.search(r'[/\\:*?"<>|\x00-\x1f]', name) and name == name.strip()
    if not plain or len(name) > 255:
        raise _outside(header, name, key)
    beside = existing_file(header.with_name(name))
    if beside.resolve() == header.resolve():
        raise corrupt(header, f"the header names itself as the file of its voxels ({key})")
    if not header.is_symlink() and beside.resolve().parent != header.resolve().parent:
        raise _outside(header, name, key)
    return beside


def require_length(header: Path, beside: Path, expected: int) -> None:
    """Refuse a file of voxels that is longer than the header says: it is another file."""
    present = beside.stat().st_size
    if present > expected:
        raise corrupt(
            header,
            f"the header promises {expected} bytes in {beside.name}, the file has {present}",
            fix="Check that the header names the right file and size.",
        )


def _outside(header: Path, name: str, key: str) -> InputError:
    return InputError(
        "E-PATH",
        f"the header points to the data file {name[:80]!r}, which must lie in the same folder",
        where=header.name,
        fix=f"Put header and data into one folder and correct the line {key!r}.",
    )
