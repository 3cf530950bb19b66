"""What makes the result of a case the same one: its analyses, their words, the version, and the files."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable
from pathlib import Path

from ...io.output.manifest import digest, read_manifest
from ...version import __version__
from ..table.options import is_there

DATA_FILE = re.compile(r"(?:data ?file|elementdatafile)\s*[:=]\s*(.+)", re.IGNORECASE)
MOST_HEADER = 2**16  # bytes
RECORD = "case.json"
OTHERWISE = "was computed from other files, with other settings or by another version"


def order_key(steps: Iterable[tuple[str, str, tuple[str, ...]]]) -> str:
    """SHA-256 of steps (name, analysis, words), and of the version that runs them."""
    return _digest_of({"version": __version__, "steps": [list(step) for step in steps]})


def files_read(named: Iterable[str]) -> list[Path]:
    """The files behind paths: themselves, what lies in folders, and what stands beside a file under the same name."""
    found: dict[Path, None] = {}
    for path in map(Path, named):
        if path.is_dir():
            found |= dict.fromkeys(p for p in sorted(path.rglob("*")) if p.is_file())
        elif path.is_file():
            stem = path.name.split(".")[0]
            found |= dict.fromkeys(p for p in sorted(path.parent.glob(f"{_escaped(stem)}.*")) if p.is_file())
            found[path] = None
            found |= dict.fromkeys(_data_of(path))
    return list(found)


def _data_of(path: Path) -> list[Path]:
    """The files in which a header that stands alone says its voxels are, whatever they are called."""
    if path.suffix.lower() not in (".nhdr", ".mhd", ".mha"):
        return []
    with open(path, "rb") as file:
        lines = file.read(MOST_HEADER).decode("latin-1").splitlines()
    named = [match[1] for line in lines if (match := DATA_FILE.match(line))]
    # Behind LIST, every line is the name of a file.
    listed = lines if any(name.startswith("LIST") for name in named) else []
    return [
        p for name in (*named, *listed) if name.strip() and is_there(p := path.parent / name.strip()) and p.is_file()
    ]


def marks(files: Iterable[Path]) -> dict[str, list[int]]:
    """Size and time of each file: what tells quickly that nothing changed. Names of files, which may be those of
    patients, are digested."""
    found = {}
    for path in files:
        status = os.stat(path)
        found[_digest_of(str(path))[:32]] = [status.st_size, status.st_mtime_ns]
    return found


def contents(files: Iterable[Path]) -> dict[str, str]:
    """SHA-256 of each file."""
    return {str(path): digest(path) for path in files}


def whole_key(order: str, content: dict[str, str]) -> str:
    """SHA-256 of an order and of the files it was carried out with."""
    return _digest_of({"order": order, "files": content})


def record_of(folder: Path) -> dict | None:
    """What a finished case says of itself; None where there is none, or files of it are gone."""
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    manifest = read_manifest(folder)
    there = manifest is not None and all((folder / name).is_file() for name in manifest.files)
    return record if there and isinstance(record, dict) and isinstance(record.get("key"), str) else None


def is_done(folder: Path, order: str, named: Iterable[str]) -> bool:
    """Whether a case was computed by the same order from files that have not been touched since."""
    record = record_of(folder)
    if record is None or record.get("order") != order:
        return False
    try:
        return record.get("marks") == marks(files_read(named))
    except OSError:
        return False


def _digest_of(content: object) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _escaped(stem: str) -> str:
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in stem)
