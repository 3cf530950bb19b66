"""Bytes of a file as an array: mapped when plain, inflated and checked when compressed."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ..errors import InputError
from .boundary import corrupt

# Deflate cannot shrink data more than 1032:1, so a header that promises more lies.
MAX_INFLATION = 1100
MAX_BYTES = 64 * 2**30
# Padding that writers leave behind the voxels; more than this is another file's content.
MAX_TRAILING_BYTES = 2**20


def is_gzip(path: Path) -> bool:
    """Whether the file is compressed, by content and not by name."""
    with open(path, "rb") as stream:
        return stream.read(2) == b"\x1f\x8b"


def checked_byte_count(shape: tuple[int, ...], itemsize: int, path: Path) -> int:
    """Bytes the voxels take, or an error for impossible sizes."""
    count = itemsize
    for size in shape:
        if size < 1:
            raise corrupt(path, f"the header gives the impossible image size {'×'.join(map(str, shape))}")
        count *= int(size)
    if count > MAX_BYTES:
        raise InputError(
            "E-TOO-LARGE",
            f"the header asks for {count / 2**30:.4g} GiB ({'×'.join(map(str, shape))} voxels of {itemsize} bytes), "
            f"the limit is {MAX_BYTES / 2**30:g} GiB",
            where=path.name,
            fix="Check the header; crop or split an image that is really this large.",
        )
    return count


def mapped_values(path: Path, dtype: np.dtype, shape: tuple[int, ...], offset: int) -> np.ndarray:
    """Read-only memory-mapped voxels of an uncompressed file whose length was checked."""
    needed = checked_byte_count(shape, dtype.itemsize, path)
    present = path.stat().st_size - offset
    if offset < 0 or present < needed:
        raise _too_short(path, max(present, 0), needed)
    values = np.memmap(path, dtype=dtype, mode="r", offset=offset, shape=shape)
    return values if values.dtype.isnative else values.astype(dtype.newbyteorder("="))


def inflated_values(path: Path, dtype: np.dtype, shape: tuple[int, ...], *, gzip_at: int, offset: int) -> np.ndarray:
    """Voxels of a compressed file, verified to its last check sum.

    Parameters
    ----------
    gzip_at : int
        Where the compressed data begin in the file.
    offset : int
        Where the voxels begin in the inflated data.
    """
    needed = checked_byte_count(shape, dtype.itemsize, path)
    packed = path.stat().st_size - gzip_at
    if needed + offset > MAX_INFLATION * packed:
        raise _too_short(path, packed, needed, " compressed")
    with open(path, "rb") as raw:
        raw.seek(gzip_at)
        with gzip.GzipFile(fileobj=raw) as stream:
            _skip(stream, offset, path)
            values = np.empty(shape, dtype=dtype)
            _fill(stream, values, path)
            # Reading on to the end is what makes gzip compare its check sum.
            if len(stream.read(MAX_TRAILING_BYTES + 1)) > MAX_TRAILING_BYTES:
                raise corrupt(path, f"more than {MAX_TRAILING_BYTES} bytes follow the {needed} bytes of voxels")
    return values if values.dtype.isnative else values.astype(dtype.newbyteorder("="))


def inflated_start(path: Path, count: int) -> bytes:
    """The first `count` bytes of a compressed file, or as many as there are."""
    with gzip.open(path, "rb") as stream:
        return stream.read(count)


def _skip(stream: BinaryIO, count: int, path: Path) -> None:
    while count > 0:
        chunk = stream.read(min(count, 2**20))
        if not chunk:
            raise corrupt(path, "the file ends before its voxels begin")
        count -= len(chunk)


def _fill(stream: BinaryIO, values: np.ndarray, path: Path) -> None:
    view = memoryview(values.reshape(-1).view(np.uint8))
    filled = 0
    while filled < len(view):
        count = stream.readinto(view[filled : filled + 2**24])
        if not count:
            raise _too_short(path, filled, len(view))
        filled += count


def _too_short(path: Path, present: int, needed: int, how: str = "") -> InputError:
    return corrupt(
        path,
        f"the header promises {needed} bytes of voxels, the file has {present}{how}",
        fix="The file is cut off or its header is damaged: copy or export it again.",
    )
