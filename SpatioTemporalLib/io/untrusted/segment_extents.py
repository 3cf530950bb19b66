"""Where the segments of a segmentation file lie in it: Slicer takes as much memory as these numbers say."""

from __future__ import annotations

import re
from pathlib import Path

from ...errors import InputError
from ...system.plain_text import for_message

MOST_HEADER = 2**22
KEY = re.compile(rb"^(Segment\d+_Extent|Segmentation_ReferenceImageExtentOffset):=([^\r\n]*)", re.MULTILINE)
LAYER = re.compile(rb"^(Segment\d+_(?:Layer|LabelValue)):=([^\r\n]*)", re.MULTILINE)
SIZES = re.compile(rb"^sizes:([^\r\n]*)", re.MULTILINE)
NUMBER = re.compile(r"-?[0-9]{1,7}")


def check_extents(path: Path, where: str) -> None:
    """Refuse segments that reach beyond their image.

    Raises
    ------
    InputError
        ``E-SCENE-READ``
    """
    with open(path, "rb") as stream:
        header = re.split(rb"\r?\n\r?\n", stream.read(MOST_HEADER), maxsplit=1)[0]
    sizes = [int(word) for found in SIZES.findall(header) for word in found.split() if word.isdigit()][-3:]
    for key, value in (*KEY.findall(header), *LAYER.findall(header)):
        text = value.decode("latin-1")
        if not _fits(text, key, sizes):
            told = f"{key.decode('latin-1')} is {for_message(text, 40)}"
            raise InputError(
                "E-SCENE-READ",
                f"the segmentation {for_message(path.name)} is damaged: {told}",
                where=where,
                fix="Copy or export the scene again.",
            )


def _fits(text: str, key: bytes, sizes: list[int]) -> bool:
    words = text.split()
    if not all(NUMBER.fullmatch(word) for word in words):
        return False
    numbers = [int(word) for word in words]
    if not key.endswith(b"_Extent"):
        return len(numbers) == (3 if key.endswith(b"Offset") else 1)
    # A segment without voxels ends before it begins.
    reach = [high - low + 1 for low, high in zip(numbers[::2], numbers[1::2])]
    return len(numbers) == 6 and all(count <= size for count, size in zip(reach, sizes))
