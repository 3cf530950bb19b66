"""Deflated DICOM files, inflated only as far as their own header can account for."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable
from pathlib import Path

from ...files.boundary import corrupt
from .claims import claimed_bytes, refuse_more_than

MAX_HEADER_BYTES = 64 * 2**20
# Overlays and the like may follow the pixels.
AFTER_PIXELS = 2**20
PIXEL_DATA = 0x7FE00010
PIECE = 2**16


class Inflated(io.RawIOBase):
    """Inflated bytes of a file from a place on, as far as they were asked for and up to a limit."""

    def __init__(self, path: Path, start: int, limit: int):
        self._path, self._limit, self._place = path, limit, 0
        self._data, self._packed = bytearray(), memoryview(path.read_bytes())[start:]
        self._read, self._inflater, self._tail = 0, zlib.decompressobj(-zlib.MAX_WBITS), b""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, place: int, whence: int = io.SEEK_SET) -> int:
        if whence == io.SEEK_END:
            self._inflate_to(self._limit + 1)
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: len(self._data)}[whence]
        self._place = max(base + place, 0)
        return self._place

    def read(self, size: int = -1) -> bytes:
        self._inflate_to(self._limit + 1 if size is None or size < 0 else self._place + size)
        data = bytes(self._data[self._place : None if size is None or size < 0 else self._place + size])
        self._place += len(data)
        return data

    def _inflate_to(self, count: int) -> None:
        while len(self._data) < count and not self._inflater.eof:
            if not self._tail:
                self._tail = bytes(self._packed[self._read : self._read + PIECE])
                self._read += len(self._tail)
                if not self._tail:
                    raise EOFError("the end of the deflated data is missing")
            self._data += self._inflater.decompress(self._tail, PIECE)
            self._tail = self._inflater.unconsumed_tail
            if len(self._data) > self._limit:
                raise refuse_more_than(self._limit, self._path)


def read_deflated(path: Path, file_meta, start: int, tags: list | None, stops_at: Callable[..., bool]):
    """The dataset of a deflated file that begins at a byte, up to its pixels (with `tags`), or with them.

    stops_at : called with each element's tag, VR and length; whether its pixels begin there.

    Raises
    ------
    InputError
        Where more follows than the header speaks of, or less.
    """
    from pydicom.filereader import read_dataset
    from pydicom.tag import Tag

    stream = Inflated(path, start, MAX_HEADER_BYTES)
    dataset = read_dataset(stream, False, True, stop_when=stops_at, specific_tags=tags and list(map(Tag, tags)))
    header_bytes = stream.tell()
    dataset.file_meta = file_meta
    if tags is None:
        limit = header_bytes + claimed_bytes(dataset, path) + AFTER_PIXELS
        whole = Inflated(path, start, limit)
        dataset = read_dataset(whole, False, True)
        if whole.seek(0, io.SEEK_END) < header_bytes + 1 or PIXEL_DATA not in dataset:
            raise corrupt(path, "the file ends before its pixel data")
        dataset.file_meta = file_meta
    return dataset
