"""What a DICOM header claims of its pixels, compared with the bytes of the file before anything is made of it."""

from __future__ import annotations

from pathlib import Path

from ....errors import InputError
from ....system.memory import require_memory
from ...files.boundary import corrupt
from ...files.inflate import MAX_INFLATION, checked_byte_count

DEFLATED, RUN_LENGTH = "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.5"
# A picture of one value takes a JPEG 2000 coder a hundred bytes, whatever its size.
MAX_CODING = 100_000
LARGE = 16 * 2**20
# Each frame of compressed pixels is an item of its own with a tag and a length.
BYTES_OF_AN_ITEM = 8
# What a header that was read alone is given of the file behind it.
BYTES_LEFT = "bytes_left"
# What a codestream begins its size with: JPEG's and JPEG-LS's frame headers, and JPEG 2000's SIZ.
FRAME_HEADERS = {*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC}
SIZ = 0x51


def claimed_bytes(header, path: Path) -> int:
    """Bytes that the pixels of a file take, or an error where the file cannot hold them.

    Raises
    ------
    InputError
        ``E-FILE-CORRUPT`` for sizes that are impossible, or more than is there;
        ``E-MEMORY`` for more than can be held.
    """
    frames = _size(header, "NumberOfFrames", path, default=1)
    sizes = [_size(header, keyword, path) for keyword in ("Rows", "Columns")]
    samples = _size(header, "SamplesPerPixel", path, default=1)
    bits = _size(header, "BitsAllocated", path, default=16)
    if bits not in (1, 8, 16, 32, 64):
        raise corrupt(path, f"the header gives {bits} bits per pixel")
    needed = checked_byte_count((frames, *sizes, samples), max(bits // 8, 1), path) // (8 if bits == 1 else 1)
    present = getattr(header, BYTES_LEFT, path.stat().st_size)
    syntax = header.file_meta.get("TransferSyntaxUID", "")
    known = getattr(syntax, "is_transfer_syntax", False) and not syntax.is_private
    packed = syntax == DEFLATED or not known or syntax.is_compressed
    most = present * (1 if not packed else MAX_INFLATION if syntax in (DEFLATED, RUN_LENGTH) else MAX_CODING)
    if needed > most or (packed and syntax != DEFLATED and frames * BYTES_OF_AN_ITEM > present):
        how = " compressed" if packed else ""
        raise corrupt(
            path,
            f"the header promises {frames} frames, {needed} bytes of pixels; there are {present} bytes for them{how}",
            fix="The file is cut off or its header is damaged: export it again.",
        )
    # Not of each of ten thousand slices: together they are asked for before they are read.
    if needed > LARGE:
        require_memory(needed, path.name, f"its {needed} bytes of pixels")
    return needed


def _size(header, keyword: str, path: Path, default: int | None = None) -> int:
    value = header.get(keyword)
    value = default if value is None or value == "" else value
    try:
        number = int(value)
    except (OverflowError, TypeError, ValueError):
        number = 0
    if number < 1:
        raise corrupt(path, f"the header's {keyword} is missing or is no number above zero")
    return number


def require_pictures_of_size(dataset, path: Path) -> None:
    """Refuse compressed frames of another size than the header's: decoders make room for whatever those say."""
    from pydicom.encaps import generate_frames

    frames, sizes = int(dataset.get("NumberOfFrames") or 1), (int(dataset.Rows), int(dataset.Columns))
    for number, frame in enumerate(generate_frames(dataset.PixelData, number_of_frames=frames)):
        own = size_of_picture(frame)
        if own is not None and own != sizes:
            raise corrupt(
                path,
                f"frame {number} is {own[1]}×{own[0]} pixels, {sizes[1]}×{sizes[0]} by the header",
                fix="Export the series again.",
            )


def size_of_picture(data: bytes) -> tuple[int, int] | None:
    """Rows and columns that a JPEG, JPEG-LS or JPEG 2000 codestream gives itself; None where it gives none."""
    place = 2
    if data[:1] != b"\xff":
        return None
    while place + 9 <= len(data) and data[place] == 0xFF:
        marker, length = data[place + 1], int.from_bytes(data[place + 2 : place + 4], "big")
        if marker in FRAME_HEADERS:
            return tuple(int.from_bytes(data[place + at : place + at + 2], "big") for at in (5, 7))
        if marker == SIZ:
            x, y, x0, y0 = (int.from_bytes(data[place + at : place + at + 4], "big") for at in (6, 10, 14, 18))
            return y - y0, x - x0
        # A marker may be preceded by any number of fill bytes.
        place += 1 if marker == 0xFF else 2 + length
    return None


def require_room(shape: tuple[int, ...], itemsize: int, path: Path, name: str) -> None:
    """Refuse a series that does not fit into memory as a whole."""
    require_memory(checked_byte_count(shape, itemsize, path), name, "its frames together")


def refuse_more_than(limit: int, path: Path) -> InputError:
    """The error for deflated data that go on after all that the header speaks of."""
    return corrupt(path, f"its deflated data go on after the {limit} bytes that its header can account for")
