"""What DICOM objects made from images say of the images they were made from."""

from __future__ import annotations

from pathlib import Path

from ....errors import InputError
from .files import read_header, read_headers

CALCULATION = ("128480", "DCM", "Analytical Algorithm")
SOURCE = ("121322", "DCM", "Source image for image processing operation")


def source_headers(reference: Path | None) -> list:
    """Headers of the images of one series: those in a folder, or of the series that a file belongs to.

    Raises
    ------
    InputError
        When the reference is no DICOM image, or a folder with several series.
    """
    if reference is None:
        return []
    if not reference.is_dir():
        named = read_headers([reference], reference.name)[0][0]
        beside = (read_header(file) for file in sorted(reference.parent.iterdir()) if file.is_file())
        series = str(named.get("SeriesInstanceUID", ""))
        same = [h for h in beside if h is not None and series and str(h.get("SeriesInstanceUID", "")) == series]
        return [named, *(h for h in same if h.get("SOPInstanceUID") != named.get("SOPInstanceUID"))]
    headers, _ = read_headers([reference], reference.name)
    series = {str(header.get("SeriesInstanceUID", "")) for header in headers}
    studies = {str(header.get("StudyInstanceUID", "")) for header in headers}
    if len(studies) > 1:
        raise InputError(
            "E-DICOM-SEVERAL",
            f"holds {len(series)} series of {len(studies)} studies; results belong to one study",
            where=reference.name,
            fix="Give one file of the source series, or its folder.",
        )
    return headers


def add_references(dataset, headers: list) -> None:
    """Let an enhanced object name the images it was made from, in its header and for all its frames."""
    import pydicom

    if not headers:
        return
    series: dict[str, list] = {}
    for header in headers:
        series.setdefault(str(header.get("SeriesInstanceUID", "")), []).append(_instance(header))
    dataset.ReferencedSeriesSequence = []
    for uid, instances in series.items():
        item = pydicom.Dataset()
        item.SeriesInstanceUID, item.ReferencedInstanceSequence = uid, instances
        dataset.ReferencedSeriesSequence.append(item)
    derivation = pydicom.Dataset()
    derivation.DerivationCodeSequence = [_code(*CALCULATION)]
    sources = [_instance(header) for header in headers]
    for source in sources:
        source.PurposeOfReferenceCodeSequence = [_code(*SOURCE)]
    derivation.SourceImageSequence = sources
    dataset.SharedFunctionalGroupsSequence[0].DerivationImageSequence = [derivation]


def _instance(header):
    import pydicom

    item = pydicom.Dataset()
    item.ReferencedSOPClassUID = header.get("SOPClassUID", "")
    item.ReferencedSOPInstanceUID = header.get("SOPInstanceUID", "")
    return item


def _code(value: str, scheme: str, meaning: str):
    import pydicom

    item = pydicom.Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item
