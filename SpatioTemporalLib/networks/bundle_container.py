"""The files of a bundle, in a folder or an archive, none of which is ever unpacked or run."""

from __future__ import annotations

import os
import stat
import zipfile
from pathlib import Path, PurePosixPath

from ..errors import InputError, counted

METADATA, MODELS = "configs/metadata.json", "models"
MOST_FILES, MOST_BYTES, MOST_METADATA = 2000, 4 * 2**30, 4 * 2**20
# What a compressor gains on weights and text is far below this; an archive made to fill the memory is above.
MOST_GAIN = 200


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
        elif zipfile.is_zipfile(self.path):
            self.sizes = self._archived()
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

    def read(self, name: str, most: int = MOST_BYTES) -> bytes:
        """The content of a file."""
        if self.sizes[self.root + name] > most:
            raise InputError(
                "E-BUNDLE-SIZE",
                f"{name} would take {self.sizes[self.root + name] / 2**20:.0f} MiB, {most / 2**20:.0f} are read",
                where=self.where,
                fix="Get the bundle anew from where it came.",
            )
        if self.path.is_dir():
            return (self.path / self.root / name).read_bytes()
        try:
            with zipfile.ZipFile(self.path) as archive:
                return archive.read(self.root + name)
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
            raise InputError(
                "E-BUNDLE", f"{name} cannot be read: {error}", where=self.where, fix="Get the bundle anew."
            ) from error

    def _archived(self) -> dict[str, int]:
        with zipfile.ZipFile(self.path) as archive:
            entries = archive.infolist()
        for entry in entries:
            _require_inside(entry.filename, self.where)
            if stat.S_ISLNK(entry.external_attr >> 16):
                raise _leads_elsewhere(entry.filename, self.where)
            if entry.file_size > MOST_GAIN * max(entry.compress_size, 1024):
                raise InputError(
                    "E-BUNDLE-SIZE",
                    f"{entry.filename} would grow to {entry.file_size / 2**20:.0f} MiB",
                    where=self.where,
                    fix="Do not use this archive.",
                )
        return _bounded({entry.filename: entry.file_size for entry in entries if not entry.is_dir()}, self.where)


def _files_of(folder: Path, where: str) -> dict[str, int]:
    sizes = {}
    for path in folder.rglob("*"):
        if path.is_symlink() and folder.resolve() not in path.resolve().parents:
            raise _leads_elsewhere(str(path.relative_to(folder)), where)
        if path.is_file():
            sizes[path.relative_to(folder).as_posix()] = path.stat().st_size
        if len(sizes) > MOST_FILES:
            break
    return _bounded(sizes, where)


def _require_inside(name: str, where: str) -> None:
    path = PurePosixPath(name)
    if "\\" in name or ":" in name or "\0" in name or path.is_absolute() or ".." in path.parts:
        raise _leads_elsewhere(name, where)


def _leads_elsewhere(name: str, where: str) -> InputError:
    return InputError(
        "E-BUNDLE-PATH",
        f"holds the file {name[:60]!r}, which leads outside of it",
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
