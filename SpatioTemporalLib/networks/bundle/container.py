"""The files of a bundle, in a folder or an archive, none of which is ever unpacked or run."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

from ...errors import InputError, counted
from ...io.untrusted.archive import Rules, checked_entries, content, require_inside
from ...system.plain_text import for_message

METADATA, MODELS = "configs/metadata.json", "models"
MOST_FILES, MOST_BYTES, MOST_METADATA = 2000, 4 * 2**30, 4 * 2**20
# What a compressor gains on weights and text is far below this; an archive made to fill the memory is above.
RULES = Rules("E-BUNDLE", "E-BUNDLE", "Get the bundle anew from where it came.", MOST_FILES, MOST_BYTES, most_gain=200)


class Container:
    """Names and contents of a bundle's files.

    Raises
    ------
    InputError
        ``E-BUNDLE-MISSING`` when it is not there or no bundle, ``E-BUNDLE-PATH``
        when a name in it leads elsewhere, ``E-BUNDLE-SIZE``.
    """

    def __init__(self, path: str | os.PathLike):
        self.path = Path(path)
        self.where = self.path.name or str(self.path)
        if self.path.is_dir():
            self.sizes = _files_of(self.path, self.where)
        elif self.path.is_file() and zipfile.is_zipfile(self.path):
            self.sizes = {name: entry.file_size for name, entry in checked_entries(self.path, RULES).items()}
        else:
            raise InputError(
                "E-BUNDLE-MISSING",
                "is no bundle" if self.path.exists() else "is not there",
                where=self.where,
                fix="Choose a folder with configs/metadata.json and models, or such a folder as a .zip.",
            )
        # An archive may hold the bundle in a folder of its own.
        found = [name for name in self.sizes if name == METADATA or name.endswith(f"/{METADATA}")]
        if len(found) != 1:
            raise InputError(
                "E-BUNDLE-MISSING",
                f"has {len(found)} files {METADATA}, one was expected",
                where=self.where,
                fix="Choose the folder of one bundle.",
            )
        self.root = found[0][: -len(METADATA)]

    def models(self) -> list[str]:
        """Names of the files of weights, in order."""
        inside = [n[len(self.root) :] for n in self.sizes if n.startswith(self.root)]
        return sorted(n for n in inside if n.startswith(f"{MODELS}/") and n.endswith((".safetensors", ".pt")))

    def has(self, name: str) -> bool:
        return self.root + name in self.sizes

    def size(self, name: str) -> int:
        """Bytes of a file."""
        return self.sizes[self.root + name]

    def read(self, name: str, most: int = MOST_BYTES) -> bytes:
        """The content of a file."""
        if self.sizes[self.root + name] > most:
            raise InputError(
                "E-BUNDLE-SIZE",
                f"{name} would take {self.sizes[self.root + name] / 2**20:.0f} MiB, {most / 2**20:.0f} are read",
                where=self.where,
                fix="Get the bundle anew from where it came.",
            )
        if not self.path.is_dir():
            return content(self.path, self.root + name, RULES)
        try:
            with open(self.path / self.root / name, "rb") as stream:
                # As many bytes as were there when its size was looked at, and one that tells of more.
                data = stream.read(self.sizes[self.root + name] + 1)
        except OSError as error:
            raise _unreadable(name, error, self.where) from error
        if len(data) != self.sizes[self.root + name]:
            raise InputError(
                "E-BUNDLE", f"{name} changed while it was read", where=self.where, fix="Copy it, then read it again."
            )
        return data


def _files_of(folder: Path, where: str) -> dict[str, int]:
    sizes: dict[str, int] = {}
    try:
        inside = folder.resolve()
        for path in folder.rglob("*"):
            name = path.relative_to(folder).as_posix()
            if path.is_symlink() and inside not in path.resolve().parents:
                raise _leads_elsewhere(name, where)
            if path.is_file():
                require_inside(name, where, RULES)
                sizes[name] = path.stat().st_size
            if len(sizes) > MOST_FILES:
                break
    except (OSError, RuntimeError) as error:
        raise _unreadable("its folder", error, where) from error
    return _bounded(sizes, where)


def _unreadable(what: str, error: Exception, where: str) -> InputError:
    why = os.strerror(error.errno).lower() if getattr(error, "errno", None) else for_message(error)
    return InputError(
        "E-BUNDLE",
        f"{for_message(what)} cannot be read ({why})",
        where=where,
        fix="Check the path and the permissions.",
    )


def _leads_elsewhere(name: str, where: str) -> InputError:
    return InputError(
        "E-BUNDLE-PATH",
        f"holds the file {for_message(name, 60)!r}, which leads outside of it",
        where=where,
        fix="Do not use it; get the bundle anew from where it came.",
    )


def _bounded(sizes: dict[str, int], where: str) -> dict[str, int]:
    if len(sizes) > MOST_FILES or sum(sizes.values()) > MOST_BYTES:
        raise InputError(
            "E-BUNDLE-SIZE",
            f"holds {counted(len(sizes), 'file')} of {sum(sizes.values()) / 2**20:.0f} MiB in all",
            where=where,
            fix="Choose the folder of a single bundle.",
        )
    return sizes
