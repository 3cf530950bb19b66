"""Options of an input that is a patient's visits."""

from __future__ import annotations

from pathlib import Path

from ... import io
from ...data.follow_up import FollowUp
from ...declare import Input
from ...errors import InputError
from ...io.cohort.files import PARTICIPANTS
from .series import numbers


def add_follow_up_options(group, item: Input, flag: str) -> None:
    """Options that go with the images of an input's visits."""
    group.add_argument(f"{flag}-days", metavar="LIST", help="days of the visits since the first, e.g. 0,365")
    group.add_argument(
        f"{flag}-masks", metavar="LIST", help="a label map for each visit, separated by commas, - where one has none"
    )
    group.add_argument(f"{flag}-unit", metavar="UNIT", help="unit of the images where the files do not say it")
    group.add_argument(f"{flag}-image", metavar="NAME", help="which image of a cohort's visits, where each has several")


def read_visits(item: Input, options, flag: str, unit: str | None) -> FollowUp:
    """The visits that the options of an input name, from files or from a cohort.

    unit : given for any input by its name; that of the input's own option goes before it.

    Raises
    ------
    InputError
        ``E-VISIT-DAYS`` when days or masks are given for a cohort, whose tables tell them.
    """
    given = getattr(options, item.name)
    days, masks, own, image = (getattr(options, f"{item.name}_{what}") for what in ("days", "masks", "unit", "image"))
    unit = own or unit
    cohort = _cohort_of(given)
    if cohort is None:
        return io.read_follow_up(
            given,
            days=numbers(days, f"{flag}-days"),
            masks=None if masks is None else [None if word in ("", "-") else word for word in masks.split(",")],
            unit=unit,
        )
    if days or masks or unit:
        raise InputError(
            "E-VISIT-DAYS",
            "days, masks and units of a cohort are those of its tables",
            where=Path(cohort[0]).name,
            fix=f"Leave out {flag}-days, {flag}-masks and {flag}-unit, or give the image files.",
        )
    found = io.read_participant(*cohort)
    return found.with_image(image) if image else found


def _cohort_of(given: list[str]) -> tuple[str, str] | None:
    """Folder and participant of FOLDER:PARTICIPANT, None for image files."""
    folder, colon, participant = given[0].rpartition(":")
    is_cohort = len(given) == 1 and colon and not Path(given[0]).exists() and (Path(folder) / PARTICIPANTS).exists()
    return (folder, participant) if is_cohort else None
