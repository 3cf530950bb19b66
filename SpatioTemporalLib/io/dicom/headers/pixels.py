"""Voxel values of DICOM frames: decoded and rescaled frame by frame."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ....errors import Finding, InputError, Severity, counted
from ...files.boundary import corrupt
from .claims import claimed_bytes, require_pictures_of_size, require_room
from .files import PHILIPS_SCALE_SLOPE, read_with_pixels, reading_dicom
from .frames import Frame
from .mosaic import cut

GREY = {"MONOCHROME1", "MONOCHROME2"}
# Rec. 601, what the eye sees as brightness.
LUMINANCE = np.array([0.299, 0.587, 0.114], dtype=np.float32)
NUCLEAR = ("PT", "NM")
DECODERS = "pylibjpeg pylibjpeg-libjpeg pylibjpeg-openjpeg"


def read_values(volumes: list[list[Frame]], name: str) -> tuple[np.ndarray, list[Finding]]:
    """(T, K, J, I) values of frames that were put in order.

    Whole numbers stay as stored where no frame is rescaled; otherwise float32.
    """
    first = volumes[0][0]
    shape = (len(volumes), len(volumes[0]), *first.size)
    rescaled = any(frame.rescale != (1.0, 0.0) for volume in volumes for frame in volume)
    is_colour = int(first.header.get("SamplesPerPixel") or 1) > 1
    notes: dict[str, int] = {}
    values = None
    for path, places in _by_file(volumes).items():
        stored, tile = _stored(path, notes), places[0][0].tile
        if tile is not None:
            stored = cut(stored, tile.edge)
        if values is None:
            dtype = np.float32 if rescaled or is_colour else stored.dtype
            with reading_dicom(path):
                require_room(shape, np.dtype(dtype).itemsize, path, name)
                values = np.empty(shape, dtype=dtype)
        if not np.can_cast(stored.dtype, values.dtype, "same_kind"):
            raise corrupt(path, f"its values are {stored.dtype}, those of the other files {values.dtype}")
        for frame, t, k in places:
            slope, intercept = frame.rescale
            with reading_dicom(path):
                image = stored[frame.index]
                values[t, k] = _rescaled(image, slope, intercept, path) if rescaled else image
    return values, _findings(volumes, notes, name)


def _rescaled(image: np.ndarray, slope: float, intercept: float, path: Path) -> np.ndarray:
    with np.errstate(over="ignore"):
        scaled = (image * slope + intercept).astype(np.float32)
    if not np.isfinite(scaled).all() and np.isfinite(image).all():
        raise InputError(
            "E-SLOPE",
            f"its rescaling (slope {slope:g}, intercept {intercept:g}) makes values infinite",
            where=path.name,
            fix="Export the series again from the scanner or archive.",
        )
    return scaled


def _by_file(volumes: list[list[Frame]]) -> dict[Path, list[tuple[Frame, int, int]]]:
    places: dict[Path, list] = {}
    for t, volume in enumerate(volumes):
        for k, frame in enumerate(volume):
            places.setdefault(frame.path, []).append((frame, t, k))
    return places


def _stored(path: Path, notes: dict[str, int]) -> np.ndarray:
    """(N, J, I) stored values of a file's frames."""
    dataset = read_with_pixels(path)
    with reading_dicom(path):
        require_decoder(dataset, path)
        frames, rows, columns = int(dataset.get("NumberOfFrames") or 1), int(dataset.Rows), int(dataset.Columns)
        samples = int(dataset.get("SamplesPerPixel") or 1)
        needed = claimed_bytes(dataset, path)
        _refuse_colour(dataset, samples, path)
        if dataset.file_meta.TransferSyntaxUID.is_encapsulated:
            require_pictures_of_size(dataset, path)
        elif "PixelData" in dataset and len(dataset.PixelData) > needed + needed % 2:
            if len(dataset.PixelData) >= needed + needed // frames:
                raise corrupt(path, f"it holds {len(dataset.PixelData)} bytes of pixels, {needed} by its header")
            notes["longer"] = notes.get("longer", 0) + 1
        pixels = dataset.pixel_array.reshape(frames, rows, columns, *([samples] if samples > 1 else []))
    if samples > 1:
        notes["grey"] = notes.get("grey", 0) + frames
        return pixels.astype(np.float32) @ LUMINANCE
    with reading_dicom(path):
        _note_bits(pixels, dataset, notes)
    if dataset.PhotometricInterpretation == "MONOCHROME1":
        notes["inverted"] = notes.get("inverted", 0) + frames
    return pixels


def require_decoder(dataset, path: Path) -> None:
    from pydicom.pixels import get_decoder

    uid = dataset.file_meta.get("TransferSyntaxUID", "")
    if getattr(uid, "is_transfer_syntax", False) and not uid.is_private and not uid.is_compressed:
        return
    try:
        available = get_decoder(uid).is_available
    except NotImplementedError:
        available = False
    if not available:
        raise InputError(
            "E-DICOM-CODEC",
            f"its pixels are compressed as {uid} ({getattr(uid, 'name', 'unknown')}) and there is no decoder for it",
            where=path.name,
            fix=f"Install one (pip install {DECODERS}; in Slicer's Python console: "
            f"slicer.util.pip_install('{DECODERS}')), or export the series uncompressed.",
        )


def _refuse_colour(dataset, samples: int, path: Path) -> None:
    if samples > 1 and dataset.get("Modality") == "US":
        return
    if samples > 1 or dataset.PhotometricInterpretation not in GREY:
        raise InputError(
            "E-COLOUR",
            f"holds colours ({dataset.PhotometricInterpretation}), not one value per pixel",
            where=path.name,
            fix="Give the original grey images; colours are turned to grey only for ultrasound.",
        )


def _note_bits(pixels: np.ndarray, dataset, notes: dict[str, int]) -> None:
    """Count clipped pixels, and those with an overlay in the bits above, which pydicom removes."""
    if pixels.dtype.kind not in "iu":
        return
    stored, allocated = int(dataset.BitsStored), int(dataset.BitsAllocated)
    signed = pixels.dtype.kind == "i"
    top = 2 ** (stored - signed) - 1
    notes["clipped"] = notes.get("clipped", 0) + int(np.count_nonzero(pixels == top))
    if stored < allocated and not dataset.file_meta.TransferSyntaxUID.is_compressed:
        order = "<" if dataset.file_meta.TransferSyntaxUID.is_little_endian else ">"
        raw = np.frombuffer(dataset.PixelData, f"{order}u{allocated // 8}", pixels.size)
        above = raw >> stored
        # All ones above a negative number are its sign.
        plain = (above == 0) | (above == 2 ** (allocated - stored) - 1 if signed else False)
        notes["bits"] = notes.get("bits", 0) + int(np.count_nonzero(~plain))


def _findings(volumes: list[list[Frame]], notes: dict[str, int], name: str) -> list[Finding]:
    texts = []
    if notes.get("grey"):
        texts.append(("R-COLOUR", Severity.REPAIR, "colour ultrasound was turned to grey (Rec. 601 brightness)"))
    if notes.get("longer"):
        text = f"{counted(notes['longer'], 'file holds', 'files hold')} more pixels than the header speaks of; left out"
        texts.append(("W-FILE-LONGER", Severity.WARN, text))
    if notes.get("bits"):
        text = f"{notes['bits']} pixels held bits above BitsStored (an overlay); these were removed"
        texts.append(("R-DICOM-BITS", Severity.REPAIR, text))
    if notes.get("clipped"):
        text = f"{notes['clipped']} pixels stand at the highest value the stored bits can hold"
        texts.append(("W-CLIPPED", Severity.WARN, text))
    if notes.get("inverted"):
        texts.append(("W-DICOM-INVERTED", Severity.WARN, "higher values are meant to look darker (MONOCHROME1)"))
    headers = {id(f.header): f.header for volume in volumes for f in volume}.values()
    if any(str(h.get("LossyImageCompression", "")) == "01" for h in headers):
        texts.append(("W-LOSSY", Severity.WARN, "the images were compressed with loss; quantities may be off"))
    slopes = {frame.rescale for volume in volumes for frame in volume}
    # Frames of nuclear medicine have a rescaling each as a matter of course.
    if len(slopes) > 1 and any(str(h.get("Modality", "")) not in NUCLEAR for h in headers):
        text = f"frames have {len(slopes)} different rescalings; each was applied to its frame"
        if any(PHILIPS_SCALE_SLOPE in h for h in headers):
            text += " (Philips display values; to compare examinations, divide by the private scale slope)"
        texts.append(("W-RESCALE", Severity.WARN, text))
    return [Finding(code, severity, text, name) for code, severity, text in texts]
