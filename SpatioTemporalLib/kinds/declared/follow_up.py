"""A patient's visits."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from ...data.follow_up import FollowUp
from ...errors import InputError
from ...io import read_follow_up, read_participant
from ...io.cohort.files import PARTICIPANTS
from ..identity import add_image
from ..kind import Files, Given, Kind, Nodes, Option
from ..words import numbers

OPTIONS = (
    Option("days", "days of the visits since the first, e.g. 0,365", "LIST"),
    Option(
        "masks",
        "a label map for each visit, separated by commas, - where one has none",
        "LIST",
        may_begin_with_dash=True,
    ),
    Option("unit", "unit of the images where the files do not say it", "UNIT"),
    Option("image", "which image of a cohort's visits, where each has several", "NAME"),
)


def _read(given: Given) -> FollowUp:
    """The visits that the options of an input name, from files or from a cohort.

    Raises
    ------
    InputError
        ``E-VISIT-DAYS`` when days or masks are given for a cohort, whose tables tell them.
    """
    days, masks, own, image = (given.options[what] for what in ("days", "masks", "unit", "image"))
    # The unit of the input's own option goes before the one given for any input by its name.
    unit = own or given.unit
    cohort = _cohort_of(given.words)
    if cohort is None:
        return read_follow_up(
            given.words,
            days=numbers(days, f"{given.flag}-days"),
            masks=None if masks is None else [None if word in ("", "-") else word for word in masks.split(",")],
            unit=unit,
        )
    if days or masks or unit:
        raise InputError(
            "E-VISIT-DAYS",
            "days, masks and units of a cohort are those of its tables",
            where=Path(cohort[0]).name,
            fix=f"Leave out {given.flag}-days, {given.flag}-masks and {given.flag}-unit, or give the image files.",
        )
    found = read_participant(*cohort)
    return found.with_image(image) if image else found


def _cohort_of(words: list[str]) -> tuple[str, str] | None:
    """Folder and participant of FOLDER:PARTICIPANT, None for image files."""
    folder, colon, participant = words[0].rpartition(":")
    is_cohort = len(words) == 1 and colon and not Path(words[0]).exists() and (Path(folder) / PARTICIPANTS).exists()
    return (folder, participant) if is_cohort else None


def _identity(value: FollowUp, look: Callable[[], None]) -> dict[str, object]:
    digest = hashlib.sha256(value.days.data)
    for visit in value.visits:
        for name, image in (visit.images | visit.masks).items():
            digest.update(name.encode())
            add_image(digest, image, look)
        digest.update(repr(visit.covariates).encode())
    days = value.days.tolist()
    return {"visits": len(value.visits), "days": days, "unit": value.unit, "sha256": digest.hexdigest()}


FOLLOW_UP = Kind(
    FollowUp,
    called="visits",
    files=Files(
        _read,
        "read_follow_up",
        several=True,
        more="One file or DICOM folder a visit, or COHORT_FOLDER:PARTICIPANT_ID",
        options=OPTIONS,
    ),
    nodes=Nodes(("vtkMRMLSequenceNode",), attribute=("SpatioTemporal.Kind", "FollowUp")),
    identity=_identity,
)
