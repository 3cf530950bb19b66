"""What is known of a patient beside the images."""

from __future__ import annotations

from collections.abc import Sequence

from ...data.curve import Table
from ...data.follow_up import FollowUp
from ...errors import InputError, ParameterError


def known_covariates(
    names: Sequence[str], visits: FollowUp, patient: Table | None, assigned: tuple[str, ...]
) -> dict[str, object]:
    """Covariates by name: as given one by one, else of the table's row, else of the latest visit that has them.

    Parameters
    ----------
    names : of those that are wanted
    patient : of one row
    assigned : as ``age=63``
    """
    known = {n: v for visit in visits.visits for n, v in visit.covariates.items() if n in names}
    if patient is not None:
        if patient.row_count != 1:
            raise InputError(
                "E-TABLE",
                f"{patient.row_count} rows were given, one was expected",
                where=patient.name,
                fix="Give the row of this patient alone.",
            )
        known |= {name: cells[0] for name, cells in patient.columns.items() if name in names}
    for assignment in filter(None, (text.strip() for text in assigned)):
        name, equals, value = (part.strip() for part in assignment.partition("="))
        if not equals:
            raise ParameterError(
                "E-PARAMETER", f"covariates: {assignment!r} has no value", fix="Write them as age=63, sex=F."
            )
        known[name] = value
    return known
