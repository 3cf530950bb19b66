"""The visits of one patient from image files, or from a cohort's folder."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from ...data.follow_up import FollowUp, Visit
from ...data.geometry import Geometry
from ...data.grids.label_grid import labels_on_grid
from ...data.grids.lattice import on_lattice
from ...data.volumes import LabelMap, Map
from ...errors import Finding, InputError, counted
from ..dicom.segmentation.file import images_drawn_on
from ..dicom.series import read_dicom_volume
from ..images.file_order import in_natural_order
from ..images.image import FileImage
from ..reading.masks import is_segmentation, joined_masks
from ..reading.read_image import holds_dicom, is_called_dicom, read_image
from .files import read_cohort

MASK = "mask"
Path_ = str | os.PathLike


def read_follow_up(
    paths: Sequence[Path_],
    *,
    days: Sequence[float] | None = None,
    masks: Sequence[Path_ | None] | None = None,
    unit: str | None = None,
    patient: str = "patient",
) -> FollowUp:
    """The visits of one patient from one image file, or folder of DICOM files, each.

    Parameters
    ----------
    paths : sequence of path
        In order of time; each with a grid of its own.
    days : sequence of float, optional
        Since the first visit; by default counted from the dates in DICOM files.
    masks : sequence of path or None, optional
        A label map, or DICOM segmentation, for each visit, brought onto the grid of its image.
    unit : str, optional
        Of the values, where the files do not say.
    patient : str
        A pseudonym.

    Returns
    -------
    FollowUp
        The image of each visit is called "image", its mask "mask"; segments of
        a DICOM segmentation that overlap are masks of their own names.

    Raises
    ------
    InputError
        ``E-VISIT-DAYS`` when nothing says on which day a visit was, or when
        there is not one day, or one mask, for each image.
    """
    paths = [Path(path) for path in paths]
    _require_one_each(paths, days, "days", "days=[0, 365]")
    _require_one_each(paths, masks, "masks", "masks=[...], None where a visit has none")
    masks = masks or [None] * len(paths)
    read = [_read_visit(path, mask) for path, mask in zip(paths, masks)]
    given = days
    days = [float(day) for day in days] if days is not None else _days_between([day for _, day in read], paths)
    findings: list[Finding] = [] if given is None else in_natural_order(paths, timed=True, what="day")[1]
    visits = []
    for (image, _), day, mask in zip(read, days, masks):
        findings += image.findings
        drawn = _masks(mask, image, findings) if mask is not None else {}
        visits.append(Visit(day, {"image": _map(image, unit)}, drawn))
    return FollowUp(patient, tuple(visits), tuple(dict.fromkeys(findings)))


def read_participant(folder: Path_, participant: str) -> FollowUp:
    """The visits of one participant of a cohort's folder; see `read_cohort`.

    Raises
    ------
    InputError
        ``E-CASE`` when the cohort has no such participant.
    """
    cohort = read_cohort(folder)
    if participant not in cohort.ids:
        known = ", ".join(cohort.ids[:5]) + (", …" if len(cohort) > 5 else "")
        raise InputError(
            "E-CASE",
            f"there is no participant {participant!r}",
            where=cohort.name,
            fix=f"Its participants are {known}.",
        )
    row = cohort.ids.index(participant)
    found = cohort.case(row)
    findings: list[Finding] = []
    # What is known of the participant is known at each visit, unless the visit says otherwise.
    known = {n: cells[row] for n, cells in cohort.participants.columns.items() if n not in ("participant_id", "split")}
    visits = tuple(
        replace(_with_masks_on_images(visit, findings), covariates=known | visit.covariates) for visit in found.visits
    )
    said = (*cohort.findings, *found.findings, *findings)
    return replace(found, visits=visits, findings=tuple(dict.fromkeys(said)))


def _require_one_each(paths: list[Path], given: Sequence | None, what: str, form: str) -> None:
    if given is not None and len(given) != len(paths):
        raise InputError(
            "E-VISIT-DAYS",
            f"one of {what} is needed for each of {counted(len(paths), 'visit')}, found {len(given)}",
            fix=f"Give {form} in the order of the images.",
        )


def _read_visit(path: Path, mask: Path_ | None) -> tuple[FileImage, int | None]:
    """An image, and its day on the calendar where it is DICOM that tells it."""
    if is_called_dicom(path) or holds_dicom(path):
        drawn = images_drawn_on(Path(mask)) if mask is not None and is_segmentation(mask) else None
        return read_dicom_volume(path, drawn)
    return read_image(path), None


def _days_between(calendar: list[int | None], paths: list[Path]) -> list[float]:
    unknown = [path.name for path, day in zip(paths, calendar) if day is None]
    if unknown and len(paths) > 1:
        raise InputError(
            "E-VISIT-DAYS",
            "nothing says on which day the visit was",
            where=unknown[0],
            fix="Give the days since the first visit: days=[0, 365] (--visits-days 0,365).",
        )
    return [0.0 if day is None else float(day - calendar[0]) for day in calendar]


def _map(image: FileImage, unit: str | None) -> Map:
    unit = unit or image.unit
    if not unit:
        raise InputError(
            "E-UNIT",
            "the file does not say in what unit its values are",
            where=image.file,
            fix='Give it: unit="HU" (--visits-unit HU); "a.u." for the signal of MR.',
        )
    return Map(image.single_volume(), image.geometry, unit, image.name, image.findings)


def _masks(path: Path_, image: FileImage, findings: list[Finding]) -> dict[str, LabelMap]:
    found = joined_masks(path, MASK)
    findings += dict.fromkeys(finding for labels in found.values() for finding in labels.findings)
    return {name: _on_image(labels, image.geometry, image.file, findings) for name, labels in found.items()}


def _with_masks_on_images(visit: Visit, findings: list[Finding]) -> Visit:
    image = next(iter(visit.images.values()), None)
    if image is None:
        return visit
    masks = {
        name: _on_image(mask, image.geometry, f"the visit at day {visit.days:g}", findings)
        for name, mask in visit.masks.items()
    }
    return replace(visit, masks=masks)


def _on_image(labels: LabelMap, geometry: Geometry, name: str, findings: list[Finding]) -> LabelMap:
    """Labels on the grid of an image; none there may be too, as where a lesion has gone."""
    if not labels.foreground.any():
        return replace(labels, values=np.zeros(geometry.shape, dtype=np.uint8), geometry=geometry)
    # Segments cropped or stored along other axes are put in their place at once; others voxel by voxel.
    placed, said = labels_on_grid(on_lattice(labels, geometry, name), geometry, name)
    findings += said
    return placed
