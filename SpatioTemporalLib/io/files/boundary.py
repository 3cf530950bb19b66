"""The edge between files and the library: whatever goes wrong there becomes an `InputError`."""

from __future__ import annotations

import errno
import os
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from gzip import BadGzipFile
from pathlib import Path

from ...errors import InputError, SpatioTemporalError


@contextmanager
def reading(path: Path, what: str = "image", *, say_why: bool = True) -> Iterator[None]:
    """Translate any failure while a file is read into an `InputError` that names the file.

    Parameters
    ----------
    path : Path
        File that is being read.
    what : str
        What it should have been, e.g. "NIfTI image".
    say_why : bool
        Whether the message repeats the reader's own words. DICOM readers quote
        header values, which may name a patient.
    """
    try:
        yield
    except SpatioTemporalError:
        raise
    except (BadGzipFile, EOFError, zlib.error) as error:
        raise _corrupt(path, what, f"the compressed data end early or are damaged ({error})") from error
    except MemoryError as error:
        raise InputError(
            "E-MEMORY",
            "there is not enough memory to hold the image",
            where=path.name,
            fix="Close other programs, crop the image, or save it uncompressed so that it need not be loaded whole.",
        ) from error
    except OSError as error:
        raise _no_access(path, error) from error
    # Damaged files make third-party parsers fail in every way there is; a user can act on none of them.
    except Exception as error:
        why = f"{type(error).__name__}: {error}" if say_why else type(error).__name__
        raise _corrupt(path, what, why[:200]) from error


def real_path(path: str | os.PathLike) -> Path:
    """The whole path with links followed, as far as they lead somewhere; links in a circle stay in it."""
    # Path.resolve() raises a RuntimeError for them.
    try:
        return Path(os.path.realpath(path))
    except ValueError as error:
        where = str(path)
        raise InputError("E-PATH", f"is no path ({error})", where=where, fix="Choose another name.") from error


def existing_file(path: str | os.PathLike) -> Path:
    """The path of a file that is there and is not empty, or an `InputError`."""
    path = Path(path)
    try:
        status = path.stat()
    except (OSError, ValueError) as error:
        raise _no_access(path, error) from error
    if path.is_dir():
        raise InputError(
            "E-FILE-KIND",
            "is a folder, a file was expected",
            where=path.name,
            fix="Choose the image file itself; only DICOM is read as a folder.",
        )
    if not stat.S_ISREG(status.st_mode):
        # A pipe or a device has no end, or none before somebody writes to it.
        raise InputError(
            "E-FILE-KIND", "is a pipe or a device, a file was expected", where=path.name, fix="Choose an image file."
        )
    if status.st_size == 0:
        raise InputError(
            "E-FILE-EMPTY", "the file holds no bytes", where=path.name, fix="Copy or export the file again."
        )
    return path


def corrupt(path: Path, what: str, fix: str = "Copy or export the file again.") -> InputError:
    """The error for a file whose content contradicts itself."""
    return InputError("E-FILE-CORRUPT", what, where=path.name, fix=fix)


def _corrupt(path: Path, what: str, why: str) -> InputError:
    return corrupt(path, f"cannot be read as {what}: {why}")


def _no_access(path: Path, error: Exception) -> InputError:
    number = getattr(error, "errno", None)
    if number == errno.ENOENT:
        return InputError("E-FILE-MISSING", "there is no such file", where=path.name, fix="Check the path.")
    reason = os.strerror(number) if number else str(error)
    return InputError(
        "E-FILE-ACCESS",
        f"the file cannot be opened ({reason.lower()})",
        where=path.name,
        fix="Check the path, the permissions and whether the drive is connected.",
    )
