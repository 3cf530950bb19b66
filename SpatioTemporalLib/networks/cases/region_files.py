"""Regions of a patient's visits on disk: whole ones are taken again, damaged ones are cut anew or told."""

from __future__ import annotations

import hashlib
import io
import zlib
from pathlib import Path
from tokenize import TokenError

import numpy as np

from ...errors import InputError
from ...io.files.atomic import atomic_path

# Follows the array: its check sum. Readers of such files stop where the array ends.
MARK, LENGTH = b"CRC-32 ", 15
DAMAGE = (OSError, ValueError, EOFError, SyntaxError, TokenError, TypeError, KeyError, RecursionError, MemoryError)


def save_regions(path: Path, images: np.ndarray) -> None:
    """Write regions (T, C, K, J, I) with a check sum behind them."""
    content = io.BytesIO()
    np.save(content, np.asarray(images, dtype=np.float32), allow_pickle=False)
    with atomic_path(path) as temporary, open(temporary, "wb") as stream:
        stream.write(content.getbuffer())
        stream.write(MARK + f"{zlib.crc32(content.getbuffer()):08x}".encode("ascii"))


def are_whole(path: Path, shape: tuple[int, ...]) -> bool:
    """Whether regions of this shape lie there in full, by the file's header and length; their voxels are not read."""
    try:
        with open(path, "rb") as stream:
            found = _header(stream)
            begun = stream.tell()
            stream.seek(-LENGTH, 2)
            ended, trailer = stream.tell(), stream.read()
    except DAMAGE:
        return False
    return found == shape and ended - begun == 4 * int(np.prod(shape)) and trailer.startswith(MARK)


def is_readable(path: Path) -> bool:
    """Whether regions lie there in full, whatever their shape; their voxels are read."""
    if not path.exists():
        return False
    try:
        load_regions(path)
    except InputError:
        return False
    return True


def load_regions(path: Path) -> np.ndarray:
    """Regions (T, C, K, J, I) float32.

    Raises
    ------
    InputError
        ``E-CACHE`` when the file has gone, was cut off or changed.
    """
    try:
        data = path.read_bytes()
        content, trailer = data[:-LENGTH], data[-LENGTH:]
        if trailer != MARK + f"{zlib.crc32(content):08x}".encode("ascii"):
            raise ValueError("its check sum is another one")
        return np.load(io.BytesIO(content), allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise InputError(
            "E-CACHE",
            f"the regions kept of a patient are gone or damaged ({error})",
            where=str(path),
            fix="Run it again: what is damaged is then cut anew.",
        ) from error


def digest_of(path: Path) -> str:
    """What tells these regions from all others; the check sum is not part of it."""
    return hashlib.sha256(path.read_bytes()[:-LENGTH]).hexdigest()[:16]


def _header(stream) -> tuple[int, ...]:
    """The shape of an array of float32 in the order of C, whose voxels follow in the stream."""
    version = np.lib.format.read_magic(stream)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, fortran, dtype = read(stream, max_header_size=4096)
    if fortran or dtype != np.float32:
        raise ValueError(f"an array of {dtype}")
    return shape
