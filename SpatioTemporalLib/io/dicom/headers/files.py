"""Headers of DICOM files, read without trust: never by force, never past the folder."""

from __future__ import annotations

import io
import logging
import os
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from ....errors import Finding, InputError, Severity, counted
from ....system.packages import require
from ...files.boundary import corrupt, existing_file, reading
from .claims import BYTES_LEFT, DEFLATED
from .deflated import read_deflated
from .map import PIXELS
from .mosaic import PRIVATE_TAGS, without_private

# All that is ever looked at; other tags, a patient's name among them, are not even parsed.
TAGS = """
SOPClassUID SOPInstanceUID StudyInstanceUID SeriesInstanceUID SeriesNumber ImageType Modality Manufacturer
PatientID PatientBirthDate PatientSex Rows Columns NumberOfFrames SamplesPerPixel PhotometricInterpretation
BitsAllocated BitsStored HighBit PixelRepresentation RescaleSlope RescaleIntercept RescaleType Units
LossyImageCompression ImagePositionPatient ImageOrientationPatient PixelSpacing SliceThickness SpacingBetweenSlices
AcquisitionDateTime AcquisitionDate AcquisitionTime StudyDate ContentDate ContentTime TriggerTime AcquisitionNumber
TemporalPositionIdentifier TemporalResolution FrameReferenceTime FrameTime FrameTimeVector GridFrameOffsetVector
RepetitionTime EchoTime InversionTime FlipAngle MagneticFieldStrength ContrastBolusAgent CardiacNumberOfImages
ActualFrameDuration SeriesDate SeriesTime TimezoneOffsetFromUTC DecayCorrection DecayCorrected DecayCorrectionDateTime
RadiopharmaceuticalInformationSequence InstanceNumber ContentLabel
SharedFunctionalGroupsSequence PerFrameFunctionalGroupsSequence SequenceOfUltrasoundRegions
FrameOfReferenceUID ReferencedSeriesSequence SegmentSequence SegmentationType SegmentationFractionalType
MaximumFractionalValue
""".split()
LOOKED_AT = set(TAGS)
PHILIPS_SCALE_SLOPE = 0x2005100E
PIXEL_TAGS = {0x7FE00008, 0x7FE00009, 0x7FE00010}
NO_IMAGES = {"DICOMDIR", ".DS_Store", "Thumbs.db"}
PATIENT_FIELDS = {"PatientID": "patient ID", "PatientBirthDate": "birth date", "PatientSex": "sex"}
IMPLICIT, EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"


def read_headers(paths: Sequence[Path], name: str) -> tuple[list, list[Finding]]:
    """Headers of the image files in folders (or of single files), and what was left out; name : for messages.

    Returns
    -------
    headers : list of pydicom.Dataset
        Each with its ``filename``, in the order of names; copies of an image dropped.
    findings : list of Finding

    Raises
    ------
    InputError
        When there is no DICOM image, a file is damaged, or the files belong to
        more than one patient.
    """
    files = [file for path in paths for file in files_below(path)]
    headers, others = [], []
    for file in files:
        header = read_header(file)
        if header is None or "Rows" not in header:
            others.append(file.suffix.lower() or "no ending")
        else:
            headers.append(header)
    if not headers:
        raise InputError(
            "E-FILE-KIND",
            f"holds no DICOM image ({counted(len(files), 'file')} looked at)",
            where=name,
            fix="Choose the folder with the images of the series.",
        )
    _refuse_several_patients(headers)
    findings = []
    if others:
        listed = ", ".join(f"{n} with {ending}" for ending, n in sorted(Counter(others).items()))
        findings.append(
            Finding(
                "W-FILES-IGNORED",
                Severity.WARN,
                f"{counted(len(others), 'file is not a DICOM image', 'files are no DICOM images')}, left out: {listed}",
            )
        )
    return without_copies(headers, findings), findings


def read_header(path: Path):
    """The header of a DICOM file, or None when it is none."""
    header = _read(path, stop_before_pixels=True)
    return None if header is None else without_private(header)


def read_with_pixels(path: Path):
    """The dataset of a DICOM file with its pixel data."""
    dataset = _read(path, stop_before_pixels=False)
    if dataset is None or not any(keyword in dataset for keyword in PIXELS):
        raise corrupt(path, "the file ends before its pixel data")
    return dataset


@contextmanager
def reading_dicom(path: Path) -> Iterator[None]:
    """As `reading`, and silent: pydicom's words quote values that may name a patient."""
    logger = logging.getLogger("pydicom")
    was_disabled, logger.disabled = logger.disabled, True
    try:
        with reading(path, "a DICOM image", say_why=False), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.disabled = was_disabled


def files_below(path: Path) -> list[Path]:
    """The files of a folder and of those in it, but for what is known to be no image; or the one file."""
    if not path.is_dir():
        return [existing_file(path)]
    with reading(path, "a folder"):
        # Links to folders are not followed, so a loop of links ends here.
        files = sorted(p for p in path.rglob("*") if p.is_file())
    return [f for f in files if f.name not in NO_IMAGES and not f.name.startswith("._")]


def _read(path: Path, *, stop_before_pixels: bool):
    pydicom = require("pydicom", package="pydicom", purpose="Reading DICOM")
    with reading_dicom(path):
        with open(path, "rb") as stream:
            start = stream.read(140)
        if start[128:132] != b"DICM":
            return _read_without_preamble(path, start, stop_before_pixels)
        tags = [*TAGS, PHILIPS_SCALE_SLOPE, *PRIVATE_TAGS] if stop_before_pixels else None
        file_meta, start = _file_meta(path)
        if file_meta.get("TransferSyntaxUID") == DEFLATED:
            dataset = read_deflated(path, file_meta, start, tags, Seen(path).stops_at)
            dataset.filename = str(path)
            return dataset
        seen = Seen(path)
        with open_bounded(path) as stream:
            if stop_before_pixels:
                wanted = [pydicom.tag.Tag(tag) for tag in tags]
                dataset = pydicom.filereader.read_partial(stream, seen.stops_at, specific_tags=wanted)
            else:
                dataset = pydicom.dcmread(stream)
            left = path.stat().st_size - stream.tell()
        dataset.filename = str(path)
        # An image's header stops at its pixels; reaching the end of the file first means that they are missing.
        if stop_before_pixels and "Rows" in dataset:
            if left <= 0:
                raise corrupt(path, "the file ends before its pixel data")
            setattr(dataset, BYTES_LEFT, left)
        return dataset


class Seen:
    """The elements of a header as they come: of one that stands there twice, pydicom keeps the last without a word."""

    def __init__(self, path: Path):
        self._path, self._tags = path, set()

    def stops_at(self, tag, vr, length) -> bool:
        """Whether the pixels begin here; an `InputError` where an element that is looked at comes again."""
        from pydicom.datadict import keyword_for_tag

        # The first of all is shown twice, to find out how the file is encoded.
        if tag in self._tags and len(self._tags) > 1 and keyword_for_tag(tag) in LOOKED_AT:
            raise corrupt(self._path, f"the header holds {keyword_for_tag(tag)} twice")
        self._tags.add(int(tag))
        return tag in PIXEL_TAGS


def open_bounded(path: Path) -> BinaryIO:
    """A file of which no more is asked than there is: Python makes room for all that a damaged length asks for."""
    return BoundedFile(open(path, "rb", buffering=0))


class BoundedFile(io.BufferedReader):
    """A file that gives what is left of it where more is asked for."""

    def read(self, size: int | None = -1) -> bytes:
        left = os.fstat(self.fileno()).st_size - self.tell()
        return super().read(left if size is None or size < 0 else max(0, min(size, left)))


def _file_meta(path: Path):
    """The elements of group 2 behind the preamble, and where the dataset begins."""
    from pydicom.dataset import FileMetaDataset
    from pydicom.filereader import read_dataset

    with open_bounded(path) as stream:
        stream.seek(132)
        elements = read_dataset(stream, False, True, stop_when=lambda tag, vr, length: tag >> 16 != 2)
        return FileMetaDataset(elements), stream.tell()


def _read_without_preamble(path: Path, start: bytes, stop_before_pixels: bool):
    """Old files that begin at once with group 0008, in either little-endian encoding."""
    from pydicom.dataset import FileMetaDataset
    from pydicom.filereader import read_dataset

    if start[:2] != b"\x08\x00" or start[3:4] != b"\x00":
        return None
    explicit = start[4:6].isalpha() and start[4:6].isupper()
    if not explicit and int.from_bytes(start[4:8], "little") > 1024:
        return None
    with open_bounded(path) as stream:
        stop = Seen(path).stops_at if stop_before_pixels else None
        dataset = read_dataset(stream, not explicit, True, stop_when=stop)
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = EXPLICIT if explicit else IMPLICIT
    dataset.filename = str(path)
    return dataset


def _refuse_several_patients(headers: list) -> None:
    for keyword, words in PATIENT_FIELDS.items():
        with reading_dicom(Path(headers[0].filename)):
            count = len({str(header.get(keyword)) for header in headers if header.get(keyword)})
        if count > 1:
            raise InputError(
                "E-PATIENT-MIX",
                f"the files belong to more than one patient: they hold {count} values of {words}",
                where=Path(headers[0].filename).parent.name,
                fix="Choose a folder that holds one patient only.",
            )


def without_copies(headers: list, findings: list[Finding]) -> list:
    """Headers without those of an image that was there before; findings : gets that there were some."""
    seen, kept = set(), []
    for header in headers:
        instance = str(header.get("SOPInstanceUID", "")) or header.filename
        if instance not in seen:
            kept.append(header)
        seen.add(instance)
    if len(kept) < len(headers):
        text = (
            f"{counted(len(headers) - len(kept), 'file repeats', 'files repeat')} an image (same "
            f"SOPInstanceUID), left out"
        )
        findings.append(Finding("R-DICOM-COPY", Severity.REPAIR, text))
    return kept
