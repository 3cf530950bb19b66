"""PyTorch's own files, of nothing but tensors and plain values, to their last check sum."""

from __future__ import annotations

import os
import zipfile
from typing import BinaryIO

import torch


def read_tensors(file: BinaryIO | str | os.PathLike) -> object:
    """What was saved, on the processor.

    Damaged files make its reader fail in every way there is; ValueError and
    BadZipFile are raised here for what it would not notice: PyTorch does not
    compare check sums, and files that are packed, or of its older form, may
    claim any size.
    """
    with zipfile.ZipFile(file) as archive:
        packed = [entry.filename for entry in archive.infolist() if entry.compress_type != zipfile.ZIP_STORED]
        if packed:
            raise ValueError(f"{packed[0]} is packed")
        damaged = archive.testzip()
    if damaged is not None:
        raise ValueError(f"{damaged} is damaged")
    if hasattr(file, "seek"):
        file.seek(0)
    return torch.load(file, map_location="cpu", weights_only=True)
