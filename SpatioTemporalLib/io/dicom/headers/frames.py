"""Single frames of DICOM images, whether one in a file or many."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ....errors import InputError, counted
from .claims import claimed_bytes
from .clocks import ACQUISITION, MICROSECONDS, classic_clocks, enhanced_clocks, frame_duration, frame_time_clocks
from .facts import enhanced_facts, facts_of, number_of
from .files import reading_dicom
from .map import is_parametric_map, real_world_mapping
from .mosaic import Tile, is_mosaic, mosaic_of

ENHANCED_CLASSES = {
    f"1.2.840.10008.5.1.4.1.1.{ending}"
    for ending in ("4.1", "4.3", "4.4", "2.1", "2.2", "130", "128.1", "12.1.1", "12.2.1", "6.2")
}
NO_SERIES = {
    "SEG": "a segmentation",
    "RTDOSE": "a dose distribution",
    "RTSTRUCT": "a set of contours",
    "PR": "a presentation state",
    "SR": "a report",
    "REG": "a registration",
}


@dataclass(frozen=True)
class Frame:
    """One two-dimensional image and what its header says.

    header : of its file; index : its number in the file, from 0.
    position : (x, y, z) LPS mm, or None for cine without a place in the patient.
    orientation : six direction cosines, or None. spacing : between rows and
    between columns, mm, or None. image_type : ImageType or FrameType.
    clocks : microseconds by tag. facts : acquisition facts, s and degrees.
    rescale : (slope, intercept). duration : microseconds, or None. tile : of a
    Siemens mosaic; then index is its number there.
    """

    header: object
    index: int
    position: tuple[float, ...] | None
    orientation: tuple[float, ...] | None
    spacing: tuple[float, float] | None
    image_type: tuple[str, ...]
    clocks: dict[str, float]
    facts: dict[str, float]
    rescale: tuple[float, float]
    duration: float | None = None
    tile: Tile | None = None

    @property
    def path(self) -> Path:
        return Path(self.header.filename)

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns."""
        edge = 1 if self.tile is None else self.tile.edge
        return int(self.header.Rows) // edge, int(self.header.Columns) // edge


def frames_of(header) -> list[Frame]:
    """All frames of one file.

    Raises
    ------
    InputError
        For objects whose frames are not images over time, and for enhanced
        images that lack the groups which say where and when a frame was taken.
    """
    path = Path(header.filename)
    with reading_dicom(path):
        _refuse_other_kinds(header, path)
        # Before there is a frame for each that is claimed.
        claimed_bytes(header, path)
        if "PerFrameFunctionalGroupsSequence" in header:
            groups = header.PerFrameFunctionalGroupsSequence
            _check_frame_count(header, len(groups), path)
            return [_enhanced_frame(header, number, group, path) for number, group in enumerate(groups)]
        if str(header.get("SOPClassUID", "")) in ENHANCED_CLASSES:
            raise _missing_tag(path, "PerFrameFunctionalGroupsSequence (5200,9230)")
        count = int(header.get("NumberOfFrames") or 1)
        if count > 1:
            return _cine_frames(header, count, path)
        frame = _classic_frame(header, path)
        return _tiles(frame, path) if is_mosaic(header) else [frame]


def _tiles(frame: Frame, path: Path) -> list[Frame]:
    """The slices of a mosaic, whose number and repetition time tell when it was taken if no clock does."""
    mosaic = mosaic_of(frame.header, frame.position, frame.orientation, frame.spacing, path)
    clocks, repetition = dict(frame.clocks), frame.facts.get("repetition_time")
    if repetition and "AcquisitionNumber" in clocks:
        clocks[ACQUISITION] = (clocks["AcquisitionNumber"] - 1) * repetition * MICROSECONDS
    return [
        replace(frame, index=n, position=tuple(place.tolist()), clocks=clocks, tile=mosaic.tile(n))
        for n, place in enumerate(mosaic.positions)
    ]


def _refuse_other_kinds(header, path: Path) -> None:
    modality = str(header.get("Modality", ""))
    if modality in NO_SERIES:
        raise _not_time(path, f"is {NO_SERIES[modality]} (modality {modality}), no image over time")
    if "GridFrameOffsetVector" in header:
        raise _not_time(path, "its frames are slices of one volume (GridFrameOffsetVector), not times")


def _not_time(path: Path, what: str) -> InputError:
    return InputError("E-DICOM-KIND", what, where=path.name, fix="Choose the images of a dynamic series.")


def _missing_tag(path: Path, tag: str) -> InputError:
    return InputError(
        "E-DICOM-TAG",
        f"lacks {tag}, so it is unknown where and when its frames were taken; they are not taken for times",
        where=path.name,
        fix="Export the series again from the scanner or archive with all functional groups.",
    )


def _check_frame_count(header, groups: int, path: Path) -> None:
    count = int(header.get("NumberOfFrames") or 0)
    if count != groups:
        raise InputError(
            "E-DICOM-TAG",
            f"says it has {counted(count, 'frame')} but describes {groups} (PerFrameFunctionalGroupsSequence)",
            where=path.name,
            fix="Export the series again from the scanner or archive.",
        )


def _classic_frame(header, path: Path) -> Frame:
    position = _numbers(header, "ImagePositionPatient", 3)
    orientation = _numbers(header, "ImageOrientationPatient", 6)
    if position is None or orientation is None:
        raise InputError(
            "E-DICOM-TAG",
            "lacks ImagePositionPatient (0020,0032) or ImageOrientationPatient (0020,0037), "
            "so it has no place in the patient",
            where=path.name,
            fix="Leave out screenshots and secondary captures; export the original images.",
        )
    spacing = _numbers(header, "PixelSpacing", 2)
    if spacing is None:
        raise _missing_tag(path, "PixelSpacing (0028,0030)")
    return Frame(
        header,
        0,
        position,
        orientation,
        spacing,
        _image_type(header.get("ImageType")),
        classic_clocks(header),
        facts_of(header),
        _rescale(header, path),
        frame_duration(header),
    )


def _cine_frames(header, count: int, path: Path) -> list[Frame]:
    clocks = frame_time_clocks(header, count)
    if not clocks:
        raise _not_time(path, f"nothing says that its {count} frames are times (no FrameTime (0018,1063))")
    position = _numbers(header, "ImagePositionPatient", 3)
    orientation = _numbers(header, "ImageOrientationPatient", 6)
    spacing = _numbers(header, "PixelSpacing", 2) or _ultrasound_spacing(header)
    kind, facts, rescale = _image_type(header.get("ImageType")), facts_of(header), _rescale(header, path)
    return [Frame(header, n, position, orientation, spacing, kind, clocks[n], facts, rescale) for n in range(count)]


def _ultrasound_spacing(header) -> tuple[float, float] | None:
    """Millimetres between rows and columns from the ultrasound's calibrated region."""
    for region in header.get("SequenceOfUltrasoundRegions") or ():
        in_cm = region.get("PhysicalUnitsXDirection") == 3 and region.get("PhysicalUnitsYDirection") == 3
        rows, columns = number_of(region, "PhysicalDeltaY"), number_of(region, "PhysicalDeltaX")
        if in_cm and rows and columns:
            return abs(rows) * 10.0, abs(columns) * 10.0
    return None


def _enhanced_frame(header, number: int, own, path: Path) -> Frame:
    shared = (header.get("SharedFunctionalGroupsSequence") or [None])[0]

    def group(keyword: str):
        for source in (own, shared):
            sequence = source.get(keyword) if source is not None else None
            if sequence:
                return sequence[0]
        return None

    place = group("PlanePositionSequence") or group("PlanePositionVolumeSequence")
    turned, measures = group("PlaneOrientationSequence"), group("PixelMeasuresSequence")
    for found, tag in (
        (place, f"PlanePositionSequence (0020,9113) of frame {number}"),
        (turned, f"PlaneOrientationSequence (0020,9116) of frame {number}"),
        (measures, f"PixelMeasuresSequence (0028,9110) of frame {number}"),
    ):
        if found is None:
            raise _missing_tag(path, tag)
    content = group("FrameContentSequence")
    kind = group("MRImageFrameTypeSequence") or group("CTImageFrameTypeSequence") or group("PETFrameTypeSequence")
    return Frame(
        header,
        number,
        _numbers(place, "ImagePositionPatient", 3, path),
        _numbers(turned, "ImageOrientationPatient", 6, path),
        _numbers(measures, "PixelSpacing", 2, path),
        _image_type((kind or header).get("FrameType" if kind else "ImageType")),
        enhanced_clocks(header, content, group("CardiacSynchronizationSequence"), group("TemporalPositionSequence")),
        facts_of(header) | enhanced_facts(group),
        _real_world(header, number) or _rescale(group("PixelValueTransformationSequence") or header, path),
        frame_duration(header, content),
    )


def _real_world(header, number: int) -> tuple[float, float] | None:
    """Slope and intercept to a parametric map's quantity, or None."""
    mapping = real_world_mapping(header, number) if is_parametric_map(header) else None
    if mapping is None:
        return None
    slope, intercept = number_of(mapping, "RealWorldValueSlope"), number_of(mapping, "RealWorldValueIntercept")
    return (slope, intercept or 0.0) if slope else None


def _rescale(dataset, path: Path) -> tuple[float, float]:
    if "RescaleSlope" not in dataset and "RescaleIntercept" not in dataset:
        return 1.0, 0.0
    slope, intercept = number_of(dataset, "RescaleSlope"), number_of(dataset, "RescaleIntercept")
    if not slope or intercept is None:
        raise InputError(
            "E-SLOPE",
            "its RescaleSlope (0028,1053) or RescaleIntercept (0028,1052) is zero, missing or no number, "
            "so its values mean nothing",
            where=path.name,
            fix="Export the series again from the scanner or archive.",
        )
    return slope, intercept


def _numbers(dataset, keyword: str, count: int, required_by: Path | None = None) -> tuple[float, ...] | None:
    value = dataset.get(keyword)
    if value is None or value == "" or len(value) == 0:
        if required_by is not None:
            raise _missing_tag(required_by, keyword)
        return None
    numbers = tuple(float(number) for number in value)
    if len(numbers) != count or not np.isfinite(numbers).all():
        raise ValueError(f"{keyword} is not {count} numbers")
    return numbers


def _image_type(words) -> tuple[str, ...]:
    return tuple(str(word) for word in words or ())
