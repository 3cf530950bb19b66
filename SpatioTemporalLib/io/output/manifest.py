"""What this program wrote into a folder, so that nothing else there is ever taken for its own."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ...version import DISTRIBUTION, __version__
from ..files.atomic import atomic_path
from ..files.boundary import real_path

MANIFEST = ".spatiotemporal.json"
# Left behind by file browsers, no one's work.
JUNK = {".DS_Store", "Thumbs.db", "desktop.ini"}
CHUNK = 2**20
LARGEST_MANIFEST = 2**26  # bytes


@dataclass(frozen=True)
class Manifest:
    """kind : what the folder holds. files : SHA-256 of each file by its path within the folder."""

    kind: str
    files: dict[str, str]


def manifest_of(folder: Path, kind: str) -> Manifest:
    """Everything that lies in a folder now."""
    return Manifest(kind, {name: digest(folder / name) for name in files_below(folder) if name != MANIFEST})


def files_below(folder: Path) -> list[str]:
    """Paths of all files in a folder, with slashes, sorted; links are not followed."""
    found = []
    for path in folder.rglob("*"):
        if path.is_symlink() or not path.is_dir():
            found.append(path.relative_to(folder).as_posix())
    return sorted(found)


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    found = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(CHUNK):
            found.update(chunk)
    return found.hexdigest()


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Put it into its folder."""
    content = {"made_by": f"{DISTRIBUTION} {__version__}", "kind": manifest.kind, "files": manifest.files}
    with atomic_path(folder / MANIFEST) as temporary:
        temporary.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def read_manifest(folder: Path) -> Manifest | None:
    """The manifest of a folder, None where there is none that this program can have written."""
    path = folder / MANIFEST
    if path.is_symlink() or not path.is_file() or path.stat().st_size > LARGEST_MANIFEST:
        return None
    # Whatever is wrong with it, the folder is not known as ours.
    with suppress(OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        content = json.loads(path.read_text(encoding="utf-8"))
        kind, files = content["kind"], content["files"]
        ours = str(content["made_by"]).startswith(f"{DISTRIBUTION} ") and isinstance(kind, str)
        if ours and all(_is_within(name) and isinstance(sum_, str) for name, sum_ in files.items()):
            return Manifest(kind, dict(files))
    return None


def changed_files(folder: Path, manifest: Manifest) -> list[str]:
    """Files of a manifest that are no longer as they were written; those that are gone do not count."""
    return [name for name, known in manifest.files.items() if _exists(folder / name) and not _is(folder, name, known)]


def is_listed(folder: Path, path: Path) -> bool:
    """Whether a file, or one in a folder, is of what this program wrote into `folder`."""
    path = real_path(path)
    own = read_manifest(folder)
    if own is None or not path.is_relative_to(folder):
        return False
    inside = path.relative_to(folder).as_posix()
    return inside == "." or any(name == inside or name.startswith(f"{inside}/") for name in own.files)


def remove_files(folder: Path, manifest: Manifest) -> None:
    """Take away what a manifest lists and is as it was written, folders that become empty, and the manifest."""
    for name, known in manifest.files.items():
        path = folder / name
        if _exists(path) and _is(folder, name, known):
            path.unlink()
            _remove_empty(path.parent, folder)
    with suppress(FileNotFoundError):
        (folder / MANIFEST).unlink()


def _is(folder: Path, name: str, known: str) -> bool:
    path = folder / name
    # By a link anything could be meant.
    linked = any(p.is_symlink() for p in (path, *path.parents[: len(PurePosixPath(name).parts) - 1]))
    return not linked and path.is_file() and digest(path) == known


def _exists(path: Path) -> bool:
    return path.is_symlink() or path.exists()


def _is_within(name: str) -> bool:
    path = PurePosixPath(name)
    return bool(name) and not path.is_absolute() and not {"..", "."} & set(name.split("/")) and "\\" not in name


def _remove_empty(path: Path, root: Path) -> None:
    """Remove a folder and those above it, below the root, as long as nothing is in them."""
    while path != root and not any(path.iterdir()):
        path.rmdir()
        path = path.parent
