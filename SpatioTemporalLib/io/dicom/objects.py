"""Maps and label maps as DICOM Parametric Maps and Segmentations. Needs highdicom."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ...data.geometry import Geometry
from ...data.result import Display, Result
from ...data.units import ucum, unit_code
from ...data.volumes import Code, Label, LabelMap, Map
from ...system.packages import require
from ...version import DISTRIBUTION
from ..files.atomic import atomic_path
from ..output.folder import output_folder
from .headers.files import reading_dicom
from .headers.references import add_references, source_headers

MANUFACTURER = "SpatioTemporal"
FIRST_SERIES_NUMBER = 900  # beyond those scanners give
TISSUE = Code("85756007", "SCT", "Tissue")
PROCESSING = Code("128480", "DCM", "Analytical Algorithm")
QUANTITY_UNKNOWN = Code("246205007", "SCT", "Quantity")
# RAS to LPS, DICOM's axes.
TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])


def write_dicom_result(
    result: Result, folder: str | Path, *, reference: str | Path | None = None, overwrite: bool = False
) -> list[Path]:
    """Write the maps of a result as Parametric Maps and its label maps as Segmentations.

    Parameters
    ----------
    result : Result
    folder : path
        New, empty, or that of earlier objects; see `output_folder`.
    reference : path, optional
        A DICOM file of the source images, or their folder. Patient and study are
        taken over, so that a viewer files the results beside the source, and the
        objects refer to the images of the series; without it nothing in the files
        identifies a patient.
    overwrite : bool
        Whether earlier objects may be replaced.

    Returns
    -------
    list of Path
        One ``.dcm`` file for each map and label map.

    Raises
    ------
    InputError
        ``E-OUTPUT-EXISTS`` and ``E-OUTPUT-FOREIGN`` when the folder is not free.
    """
    with output_folder(folder, "dicom", overwrite=overwrite) as new:
        files = write_dicom_files(result, new, reference=reference)
    return [Path(folder) / file.name for file in files]


def write_dicom_files(
    result: Result,
    folder: Path,
    *,
    reference: str | Path | None = None,
    tell: Callable[[float, str], None] = lambda fraction, message: None,
) -> list[Path]:
    """What `write_dicom_result` writes, into a folder that is being made; `tell` hears of each file."""
    with warnings.catch_warnings():
        # highdicom's words quote the patient's name.
        warnings.simplefilter("ignore")
        return _written(result, folder, Path(reference) if reference else None, tell)


def _written(result: Result, folder: Path, reference: Path | None, tell: Callable[[float, str], None]) -> list[Path]:
    folder.mkdir(exist_ok=True)
    version = result.provenance.software.get(DISTRIBUTION, "0")
    headers = source_headers(reference)
    source = _study_attributes(headers)
    title, written = result.provenance.title, []
    for number, (name, value) in enumerate(result.items(), start=FIRST_SERIES_NUMBER):
        tell((number - FIRST_SERIES_NUMBER) / len(result.items()), f"{name} as DICOM")
        path, equipment = folder / f"{name}.dcm", _equipment(number, version)
        if isinstance(value, Map):
            dataset = _parametric_map(value, result.displays[name], result.helps[name], source, equipment)
            described = f"{result.displays[name].symbol or name} [{value.unit}], {title}"
            written.append(_write(path, dataset, described, headers))
        elif isinstance(value, LabelMap) and value.foreground.any():
            dataset = _segmentation(value, result.provenance.analysis, source, equipment)
            written.append(_write(path, dataset, f"{name}, {title}", headers))
    return written


def _write(path: Path, dataset, description: str, headers: list) -> Path:
    _remove_references(dataset)
    # Lists of series show this and little else; 64 letters are what it holds.
    dataset.SeriesDescription = description if len(description) <= 64 else f"{description[:61]}..."
    # Symbols such as τ, and names of segments.
    dataset.SpecificCharacterSet = "ISO_IR 192"
    add_references(dataset, headers)
    with atomic_path(path) as temporary:
        dataset.save_as(temporary, enforce_file_format=True)
    return path


def _remove_references(dataset) -> None:
    """Take out the links to source images: the headers given to highdicom exist in no archive."""
    for keyword in ("ReferencedSeriesSequence", "SourceImageSequence"):
        if keyword in dataset:
            delattr(dataset, keyword)
    for frame in (*dataset.PerFrameFunctionalGroupsSequence, *dataset.SharedFunctionalGroupsSequence):
        if "DerivationImageSequence" in frame:
            del frame.DerivationImageSequence


def _highdicom():
    return require("highdicom", package="highdicom", extra="dicom", purpose="Writing DICOM objects")


def _coded(code: Code):
    return _highdicom().sr.CodedConcept(code.value, code.scheme, code.meaning[:64])


def _volume(values: np.ndarray, geometry: Geometry, source):
    # highdicom indexes as arrays do, (k, j, i); the affine of this library takes (i, j, k).
    order = np.eye(4)[[2, 1, 0, 3]]
    return _highdicom().Volume(
        values,
        TO_LPS @ geometry.affine @ order,
        coordinate_system="PATIENT",
        frame_of_reference_uid=source.FrameOfReferenceUID,
    )


def _parametric_map(values: Map, display: Display, meaning: str, source, equipment: dict):
    highdicom = _highdicom()
    quantity = display.quantity or QUANTITY_UNKNOWN
    array = np.asarray(values.values, dtype=np.float32)
    finite = array[np.isfinite(array)]
    low, high = display.window or ((float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0))
    mapping = highdicom.pm.RealWorldValueMapping(
        lut_label=(display.symbol or values.name)[:16],
        lut_explanation=meaning[:64],
        unit=_coded(unit_code(values.unit)),
        value_range=(float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0),
        slope=1.0,
        intercept=0.0,
        quantity_definition=_coded(quantity),
    )
    return highdicom.pm.ParametricMap(
        source_images=_source_images(source, values.geometry),
        pixel_array=_volume(array, values.geometry, source),
        real_world_value_mappings=[mapping],
        voi_lut_transformations=[
            highdicom.VOILUTTransformation(window_center=(low + high) / 2, window_width=max(high - low, 1e-6))
        ],
        contains_recognizable_visual_features=False,
        content_label=_code_string(display.symbol or values.name),
        content_description=f"{meaning[:50]} [{ucum(values.unit)}]"[:64],
        **equipment,
    )


def _segmentation(labels: LabelMap, method: str, source, equipment: dict):
    highdicom = _highdicom()
    numbers = {value: n for n, value in enumerate(labels.labels, start=1)}
    array = np.zeros(labels.values.shape, dtype=np.uint8)
    for value, number in numbers.items():
        array[labels.region(value)] = number
    algorithm = highdicom.AlgorithmIdentificationSequence(
        name=method, version=equipment["software_versions"], family=_coded(PROCESSING)
    )
    return highdicom.seg.Segmentation(
        source_images=_source_images(source, labels.geometry),
        pixel_array=_volume(array, labels.geometry, source),
        segmentation_type="BINARY",
        segment_descriptions=[_segment(n, labels.labels[value], algorithm) for value, n in numbers.items()],
        content_label=_code_string(labels.name),
        **equipment,
    )


def _segment(number: int, label: Label, algorithm):
    highdicom = _highdicom()
    colour = label.colour
    return highdicom.seg.SegmentDescription(
        segment_number=number,
        segment_label=label.name[:64],
        segmented_property_category=_coded(label.category or TISSUE),
        segmented_property_type=_coded(label.type or TISSUE),
        algorithm_type="SEMIAUTOMATIC",
        algorithm_identification=algorithm,
        tracking_uid=highdicom.UID(),
        tracking_id=label.name[:64],
        display_color=colour and highdicom.color.CIELabColor.from_rgb(*(round(255 * c) for c in colour)),
    )


def _equipment(series_number: int, version: str) -> dict[str, object]:
    highdicom = _highdicom()
    return {
        "series_instance_uid": highdicom.UID(),
        "series_number": series_number,
        "sop_instance_uid": highdicom.UID(),
        "instance_number": 1,
        "manufacturer": MANUFACTURER,
        "manufacturer_model_name": "SpatioTemporal, research only",
        "software_versions": version,
        "device_serial_number": "0",
    }


def _code_string(text: str) -> str:
    """At most 16 capitals, digits, blanks and underscores, as DICOM wants of a code string."""
    kept = "".join(c if c.isalnum() and c.isascii() else "_" for c in text.upper())[:16].strip("_")
    return kept if kept[:1].isalpha() else f"R_{kept}"[:16].strip("_")


def _study_attributes(headers: list):
    """A dataset with patient and study: those of the reference, or new ones that identify nobody."""
    pydicom = require("pydicom", package="pydicom", extra="dicom", purpose="Writing DICOM objects")
    highdicom = _highdicom()
    source = pydicom.Dataset()
    header = pydicom.Dataset()
    if headers:
        path = Path(headers[0].filename)
        with reading_dicom(path):
            # Everything, the name too, which other readers leave alone.
            header = pydicom.dcmread(path, stop_before_pixels=True)
    for keyword in (
        "PatientID", "PatientName", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "StudyID",
        "AccessionNumber", "ReferringPhysicianName",
    ):  # fmt: skip
        setattr(source, keyword, header.get(keyword, ""))
    source.StudyInstanceUID = header.get("StudyInstanceUID") or highdicom.UID()
    source.FrameOfReferenceUID = header.get("FrameOfReferenceUID") or highdicom.UID()
    source.Modality = header.get("Modality", "OT")
    source.PositionReferenceIndicator = header.get("PositionReferenceIndicator", "")
    return source


def _source_images(source, geometry: Geometry) -> list:
    """One header for each slice: highdicom takes patient and study from the images results come from."""
    highdicom = _highdicom()
    affine = TO_LPS @ geometry.affine
    column, row, _ = geometry.spacing
    directions = affine[:3, :3] / np.asarray(geometry.spacing)
    series = highdicom.UID()
    headers = []
    for k in range(geometry.shape[0]):
        header = copy.deepcopy(source)
        header.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
        header.SOPInstanceUID = highdicom.UID()
        header.SeriesInstanceUID = series
        header.Rows, header.Columns = geometry.shape[1:]
        header.ImagePositionPatient = [float(x) for x in affine[:3] @ (0, 0, k, 1)]
        header.ImageOrientationPatient = [float(x) for x in (*directions[:, 0], *directions[:, 1])]
        header.PixelSpacing = [row, column]
        header.SliceThickness = geometry.spacing[2]
        headers.append(header)
    return headers
