"""Bytes of a file as an array: mapped when plain, inflated and checked when compressed."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ...errors import Finding, InputError, Severity
from ...system.memory import require_memory
from .boundary import corrupt

# Deflate cannot shrink data more than 1032:1, so a header that promises more lies.
MAX_INFLATION = 1100
MAX_BYTES = 64 * 2**30
# What may stand before the voxels of compressed data: a header with its extensions.
MAX_SKIPPED_BYTES = 64 * 2**20
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


def mapped_values(
    path: Path, dtype: np.dtype, shape: tuple[int, ...], offset: int, findings: list[Finding]
) -> np.ndarray:
    """Read-only memory-mapped voxels of an uncompressed file whose length was checked; bytes behind them are told."""
    needed = checked_byte_count(shape, dtype.itemsize, path)
    present = path.stat().st_size - offset
    if offset < 0 or present < needed:
        raise _too_short(path, max(present, 0), needed)
    if present > needed:
        findings.append(_trailing(path, f"{present - needed}", needed))
    values = np.memmap(path, dtype=dtype, mode="r", offset=offset, shape=shape)
    return values if values.dtype.isnative else _in_native_order(values, path)


def inflated_values(
    path: Path,
    dtype: np.dtype,
    shape: tuple[int, ...],
    findings: list[Finding],
    *,
    packed_at: int,
    offset: int = 0,
    open_stream: Callable[[BinaryIO], BinaryIO] = lambda raw: gzip.GzipFile(fileobj=raw),
) -> np.ndarray:
    """Voxels of a compressed file, verified to its last check sum.

    Parameters
    ----------
    findings : list of Finding
        Bytes behind the voxels are told there.
    packed_at : int
        Where the compressed data begin in the file.
    offset : int
        Where the voxels begin in the inflated data.
    open_stream : callable
        Gives the stream of inflated bytes; gzip by default.
    """
    needed = checked_byte_count(shape, dtype.itemsize, path)
    packed = path.stat().st_size - packed_at
    if offset > MAX_SKIPPED_BYTES:
        raise corrupt(path, f"the header says that voxels begin {offset} bytes into the compressed data")
    if offset < 0 or needed + offset > MAX_INFLATION * packed:
        raise _too_short(path, packed, needed, " compressed")
    require_memory(needed, path.name, f"its {needed} bytes of voxels")
    with open(path, "rb") as raw:
        raw.seek(packed_at)
        with open_stream(raw) as stream:
            _skip(stream, offset, path)
            values = np.empty(shape, dtype=dtype)
            _fill(stream, values, path)
            # Reading on to the end is what makes the stream compare its check sum.
            more = len(stream.read(MAX_TRAILING_BYTES + 1))
    if more > MAX_TRAILING_BYTES:
        raise corrupt(path, f"more than {MAX_TRAILING_BYTES} bytes follow the {needed} bytes of voxels")
    if more:
        findings.append(_trailing(path, str(more), needed))
    return values if values.dtype.isnative else _in_native_order(values, path)


class ZlibStream(io.RawIOBase):
    """Inflated bytes of a zlib (or gzip) stream that is part of a file, never more of them than are asked for."""

    def __init__(self, raw: BinaryIO, size: int):
        self._raw, self._left, self._inflater, self._tail = raw, size, zlib.decompressobj(47), b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        while not self._inflater.eof:
            if not self._tail:
                self._tail = self._raw.read(min(2**16, self._left))
                self._left -= len(self._tail)
                if not self._tail:
                    raise EOFError("the end of the compressed data is missing")
            data = self._inflater.decompress(self._tail, len(buffer))
            self._tail = self._inflater.unconsumed_tail
            if data:
                buffer[: len(data)] = data
                return len(data)
        if self._inflater.unused_data or self._left:
            raise zlib.error("other bytes follow the compressed data")
        return 0

    def read(self, size: int = -1) -> bytes:
        parts, count = [], 0
        while count < size and (part := super().read(size - count)):
            parts.append(part)
            count += len(part)
        return b"".join(parts)


def _in_native_order(values: np.ndarray, path: Path) -> np.ndarray:
    require_memory(values.nbytes, path.name, f"its {values.nbytes} bytes of voxels in this computer's byte order")
    return values.astype(values.dtype.newbyteorder("="))


def _trailing(path: Path, count: str, needed: int) -> Finding:
    text = f"{count} bytes follow the {needed} bytes of voxels that the header promises; they are left out"
    return Finding("W-FILE-LONGER", Severity.WARN, text, path.name)


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
