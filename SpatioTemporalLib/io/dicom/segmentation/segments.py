"""What a DICOM segmentation says of its segments: number, name, codes, colour; and which images it was drawn on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ....data.volumes import LARGEST_LABEL, Code, Label
from ....errors import InputError
from ....system.plain_text import for_message
from ..headers.frames import NO_SERIES

SEGMENTATION = "1.2.840.10008.5.1.4.1.1.66.4"
KINDS_READ = ("BINARY", "FRACTIONAL")
OTHERS_OF_LABELS = {
    "1.2.840.10008.5.1.4.1.1.66.7": "a label map segmentation",
    "1.2.840.10008.5.1.4.1.1.66.5": "a segmentation by surfaces",
    "1.2.840.10008.5.1.4.1.1.66.1": "a registration",
}
LONGEST_NAME = 64
# Lightness and the two colour axes as they are stored, and what they stand for; white as on screens (D65).
STORED, LAB_LOW, LAB_RANGE = 65535.0, np.array([0.0, -128.0, -128.0]), np.array([100.0, 255.0, 255.0])
WHITE = np.array([0.9505, 1.0, 1.0889])
TO_RGB = np.array([[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]])


@dataclass(frozen=True)
class DrawnOn:
    """What a segmentation says of the images it was drawn on.

    file : name of the segmentation. images : their instance UIDs. frame_of_reference : UID of the position that the
    patient was measured in, or "".
    """

    file: str
    images: frozenset[str]
    frame_of_reference: str


def is_segmentation(header) -> bool:
    return str(header.get("SOPClassUID", "")) == SEGMENTATION


def require_segmentation(header, path: Path) -> None:
    """Refuse DICOM objects of other kinds, and segmentations that are not read here.

    Raises
    ------
    InputError
        ``E-SEGMENT-KIND``, in words that say what it is.
    """
    if not is_segmentation(header):
        uid, modality = str(header.get("SOPClassUID", "")), str(header.get("Modality", ""))
        found = OTHERS_OF_LABELS.get(uid) or NO_SERIES.get(modality) or "an image"
        raise InputError(
            "E-SEGMENT-KIND",
            f"is {found} (modality {for_message(modality) or 'not said'}); labels are read from DICOM segmentations",
            where=path.name,
            fix="Give a segmentation (SEG), or load the object in Slicer and save it as .seg.nrrd.",
        )
    kind = str(header.get("SegmentationType", ""))
    if kind not in KINDS_READ:
        raise InputError(
            "E-SEGMENT-KIND",
            f"its segments are stored as {for_message(kind) or 'nothing that is said'}, "
            f"{' or '.join(KINDS_READ)} was expected",
            where=path.name,
            fix="Load it in Slicer and save it as .seg.nrrd.",
        )


def segment_labels(header, path: Path) -> dict[int, Label]:
    """The segments by number, in the order of the file.

    Raises
    ------
    InputError
        ``E-SEGMENT`` when there is none, or two have one number.
    """
    found: dict[int, Label] = {}
    for item in header.get("SegmentSequence") or ():
        number = int(item.SegmentNumber)
        if not 1 <= number <= LARGEST_LABEL or number in found:
            raise _wrong(f"the segment number {number} stands twice or is none", path)
        codes = (_code(item, f"SegmentedProperty{what}CodeSequence") for what in ("Category", "Type"))
        found[number] = Label(_name(item, number), _colour(item), *codes)
    if not found:
        raise _wrong("describes no segment (SegmentSequence (0062,0002))", path)
    return _told_apart(found)


def drawn_on(header, path: Path) -> DrawnOn:
    """The images that a segmentation names as drawn on; none where it names none."""
    instances = [
        i for s in header.get("ReferencedSeriesSequence") or () for i in s.get("ReferencedInstanceSequence", ())
    ]
    shared, frames = (header.get(f"{w}FunctionalGroupsSequence") or () for w in ("Shared", "PerFrame"))
    for group in (*shared, *frames):
        for derivation in group.get("DerivationImageSequence", ()):
            instances += derivation.get("SourceImageSequence", ())
    images = frozenset(str(i.get("ReferencedSOPInstanceUID", "")) for i in instances) - {""}
    return DrawnOn(path.name, images, str(header.get("FrameOfReferenceUID") or ""))


def _told_apart(labels: dict[int, Label]) -> dict[int, Label]:
    """The same with the number behind names that several segments have: masks are found by their names."""
    names = [label.name for label in labels.values()]
    return {
        number: label if names.count(label.name) == 1 else Label(f"{label.name} {number}", *_rest(label))
        for number, label in labels.items()
    }


def _rest(label: Label) -> tuple:
    return label.colour, label.category, label.type


def _name(item, number: int) -> str:
    return for_message(item.get("SegmentLabel") or "", LONGEST_NAME) or f"segment {number}"


def _code(item, keyword: str) -> Code | None:
    for code in item.get(keyword) or ():
        value, scheme = (str(code.get(part) or "").strip() for part in ("CodeValue", "CodingSchemeDesignator"))
        if value and scheme:
            return Code(for_message(value), for_message(scheme), for_message(code.get("CodeMeaning") or value))
    return None


def _colour(item) -> tuple[float, float, float] | None:
    """Red, green and blue from 0 to 1 of a CIELab colour, in steps of 1/255; None where there is none."""
    stored = item.get("RecommendedDisplayCIELabValue")
    if stored is None or len(stored) != 3:
        return None
    lightness, a, b = np.array([float(n) for n in stored]) / STORED * LAB_RANGE + LAB_LOW
    middle = (lightness + 16) / 116
    curve = np.array([middle + a / 500, middle, middle - b / 200])
    linear = TO_RGB @ (WHITE * np.where(curve > 6 / 29, curve**3, (curve - 16 / 116) * 108 / 841))
    linear = np.clip(linear, 0, 1)
    shown = np.where(linear > 0.0031308, 1.055 * linear ** (1 / 2.4) - 0.055, 12.92 * linear)
    return tuple(round(255 * float(c)) / 255 for c in shown)


def _wrong(what: str, path: Path) -> InputError:
    return InputError("E-SEGMENT", what, where=path.name, fix="Export the segmentation again.")
