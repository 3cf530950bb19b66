"""Single images from files: maps, labels and stacks over an acquisition setting."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from ...data.volumes import LARGEST_LABEL, ImageStack, LabelMap, Map
from ...errors import Finding, InputError
from ..dicom.segmentation.file import images_drawn_on, read_segmentation, together
from ..dicom.series import read_dicom_volume
from ..dicom.stack import read_dicom_stack
from ..files.boundary import existing_file
from ..files.plain_numbers import number
from ..images.file_names import image_stem
from ..images.file_order import in_natural_order
from ..images.image import FileImage
from ..images.plausible import FACTS
from ..sidecars.images import BIDS_FACTS
from ..sidecars.label_names import merged_layers, names_of, unnamed_values
from .read_image import holds_dicom, is_called_dicom, read_image
from .series import same_grid

RUN = "run"
SETTING_UNITS = {"flip_angle": "deg", "repetition_time": "s", "echo_time": "s", "inversion_time": "s", "run": "1"}


def read_map(
    path: str | os.PathLike,
    unit: str | None = None,
    name: str | None = None,
    *,
    segmentation: str | os.PathLike | None = None,
) -> Map:
    """One quantity in each voxel from a volume.

    Parameters
    ----------
    path : path           Of any format of `io.formats`, or a folder of DICOM files.
    unit : str, optional  Of the values; needed when the file does not say.
    name : str, optional
    segmentation : path, optional
        A DICOM segmentation drawn on the image. Of several acquisitions at the same places it tells the one that is
        read, and it has to lie in the same frame of reference.
    """
    drawn = None if segmentation is None else images_drawn_on(Path(segmentation))
    image = read_dicom_volume(Path(path), drawn)[0] if holds_dicom(path) else _volume(path)
    values = image.single_volume()
    unit = unit or image.unit
    if not unit:
        raise InputError(
            "E-UNIT",
            "the file does not say in what unit its values are",
            where=Path(path).name,
            fix='Give it: unit="1/min" (--unit INPUT=1/min); "1" for a ratio, "a.u." for a signal.',
        )
    return Map(values, image.geometry, unit, name or image.name, image.findings)


def read_labels(path: str | os.PathLike) -> LabelMap:
    """Labels from a volume or a DICOM segmentation, with their names and colours where the file has them.

    Raises
    ------
    InputError
        ``E-MASK-FRAMES`` for one mask per frame, ``E-LABEL-OVERLAP`` for
        segments that overlap, ``E-LABEL-VALUE`` for values that are not whole,
        ``E-SEGMENT-KIND`` for DICOM objects that are no segmentation.
    """
    if is_called_dicom(Path(path)) or holds_dicom(path):
        return together(read_segmentation(Path(path)), image_stem(Path(path)))
    image = _volume(path)
    file = Path(path).name
    _refuse_intensities(image.values, file)
    if image.values.ndim == 4 and "Segment0_LabelValue" in image.keys:
        values, labels = merged_layers(image, file)
        return LabelMap(values, image.geometry, labels, image.name, image.findings)
    if image.values.ndim == 4 and len(image.values) > 1:
        raise InputError(
            "E-MASK-FRAMES",
            f"holds {len(image.values)} masks, one was expected for the whole series",
            where=file,
            fix="Give a single mask; it is applied to every frame.",
        )
    named = names_of(image, file)
    labels = LabelMap(image.single_volume(), image.geometry, named, image.name, image.findings)
    return replace(labels, findings=(*labels.findings, *unnamed_values(labels, named, file)))


def _refuse_intensities(values: np.ndarray, file: str) -> None:
    """Refuse what is no label: values below zero, and beyond those that other programs can hold."""
    low, high = (float(values.min()), float(values.max())) if values.dtype.kind in "fiu" else (0.0, 0.0)
    if low < 0 or high > LARGEST_LABEL:
        raise InputError(
            "E-LABEL-VALUE",
            f"its values go from {low:.10g} to {high:.10g}, labels from 0 to {LARGEST_LABEL} were expected",
            where=file,
            fix="Give a label map, not an image; threshold a probability map first.",
        )


def read_stack(
    path: str | os.PathLike | Sequence[str | os.PathLike],
    settings: Sequence[float] | None = None,
    setting: str = "flip_angle",
    setting_unit: str = "deg",
) -> ImageStack:
    """Volumes that differ in an acquisition setting, such as the flip angle.

    Parameters
    ----------
    path : path or list of paths
        One file, or DICOM folder, for each volume, or one with all of them.
    settings : sequence of float, in `setting_unit`, optional
        One for each volume; by default from the side-cars, from a list in the
        one side-car, or from a multi-volume's frame labels.
    setting : str
        A field of `Acquisition`, e.g. "flip_angle" or "echo_time".
    setting_unit : str
        "deg" for angles; times are "s".
    """
    paths = [Path(p) for p in (path if isinstance(path, (list, tuple)) else [path])]
    if not paths:
        raise InputError("E-STACK", "the list of files is empty", fix="Give the volumes' files.")
    if settings is None and _is_joint(paths):
        image, settings = read_dicom_stack(paths, setting)
        return _stack(image.values, settings, image, setting, setting_unit, image.findings)
    images = [read_dicom_volume(p)[0] if holds_dicom(p) else _volume(p) for p in paths]
    findings = [] if settings is None else in_natural_order(paths, timed=True, what=setting.replace("_", " "))[1]
    findings += [finding for image in images for finding in image.findings]
    for image, file in zip(images[1:], paths[1:]):
        findings += same_grid(image.geometry, file.name, images[0].geometry, paths[0].name)
    volumes = [v for image in images for v in (image.values if image.values.ndim == 4 else [image.values])]
    if settings is None and setting == RUN:
        settings = range(1, len(volumes) + 1)
    if settings is None:
        settings = [s for image, file in zip(images, paths) for s in _settings(image, file, setting, setting_unit)]
    values = np.stack(volumes) if len(images) > 1 or images[0].values.ndim == 3 else images[0].values
    return _stack(values, settings, images[0], setting, setting_unit, findings)


def _is_joint(paths: list[Path]) -> bool:
    """Whether all volumes lie in one DICOM folder, or each image in a file of its own."""
    if not all(holds_dicom(path) for path in paths):
        return False
    return len(paths) == 1 or any(not path.is_dir() for path in paths)


def _stack(
    values: np.ndarray,
    settings: Sequence[float],
    first: FileImage,
    setting: str,
    unit: str,
    findings: Sequence[Finding],
) -> ImageStack:
    _refuse_impossible(settings, setting, unit, first.file)
    return ImageStack(
        values=values,
        settings=settings,
        geometry=first.geometry,
        setting=setting,
        setting_unit=unit,
        unit=first.unit or "a.u.",
        name=first.name,
        acquisition=first.acquisition,
        findings=tuple(dict.fromkeys(findings)),
    )


def _refuse_impossible(settings: Sequence[float], setting: str, unit: str, file: str) -> None:
    name, known_unit, (low, high), _ = FACTS.get(setting, ("", "", (0.0, 0.0), None))
    wrong = [value for value in settings if not low <= float(value) <= high] if unit == known_unit else []
    if wrong:
        raise InputError(
            "E-STACK",
            f"a {name} of {wrong[0]:g} {unit} is impossible",
            where=file,
            fix=f"Give each volume's {setting} in {unit} (settings=[...], --settings).",
        )


def _volume(path: str | os.PathLike) -> FileImage:
    return read_image(existing_file(path))


def _settings(image: FileImage, path: Path, setting: str, setting_unit: str) -> list[float]:
    """The settings a file gives for its volumes."""
    listed = image.keys.get(BIDS_FACTS.get(setting, ""))
    count = len(image.values) if image.values.ndim == 4 else 1
    one = getattr(image.acquisition, setting, None)
    if setting_unit != SETTING_UNITS.get(setting, setting_unit):
        found = None
    elif isinstance(listed, list):
        found = listed
    elif image.keys.get("MultiVolume.FrameIdentifyingDICOMTagName", "").replace("_", "").lower() == setting.replace(
        "_", ""
    ):
        found = image.keys.get("MultiVolume.FrameLabels", "").split(",")
    else:
        found = [one] if one is not None and count == 1 else None
    try:
        return [_plain(s) for s in found]
    except (TypeError, ValueError) as error:
        raise InputError(
            "E-STACK",
            f"does not say the {setting} of its {count} volumes in {setting_unit}",
            where=path.name,
            fix=f"Give them: settings=[...] (--settings), one {setting} in {setting_unit} for each volume.",
        ) from error


def _plain(setting: object) -> float:
    """The number that a setting is, in a header's text or a side-car's list."""
    value = number(setting.strip()) if isinstance(setting, str) else setting
    if value is None or isinstance(value, bool):
        raise ValueError(f"{setting!r} is no number")
    return float(value)
