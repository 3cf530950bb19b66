"""Whether visits can tell a course at all, said in words before anything is fitted."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ...errors import InputError, ParameterError, counted
from ...numerics.progression.visits import Visits, within_person_slopes
from .visit_table import VisitTable

FEWEST_PEOPLE = 5


def require_people(table: VisitTable, where: str) -> None:
    """Refuse a table in which fewer than five people were seen twice: ``E-PROGRESSION-PEOPLE``."""
    several = int(np.count_nonzero(table.visits.counts > 1))
    if several < FEWEST_PEOPLE:
        raise InputError(
            "E-PROGRESSION-PEOPLE",
            f"{counted(several, 'participant has', 'participants have')} two visits or more, out of "
            f"{table.visits.people}; {FEWEST_PEOPLE} or more are needed to learn a course from",
            where=where,
            fix="Give the visits of more people; one patient alone is placed on the course of others as new_patients.",
        )


def require_course(table: VisitTable, sources: int, where: str) -> None:
    """Refuse what no rising course can be learnt from.

    Raises
    ------
    InputError
        ``E-PROGRESSION-PEOPLE``, and ``E-PROGRESSION-DIRECTION`` for a score that does not rise within people.
    ParameterError
        ``E-PARAMETER`` for as many sources as scores.
    """
    require_people(table, where)
    if sources >= len(table.scales):
        raise ParameterError(
            "E-PARAMETER",
            f"sources = {sources} with {counted(len(table.scales), 'score')}: sources move scores against one another",
            fix=f"Set sources to {len(table.scales) - 1}.",
        )
    require_rise(table, range(len(table.scales)), where)


def require_rise(table: VisitTable, scores: Iterable[int], where: str) -> None:
    """Refuse scores, by their numbers, that do not worsen within people: ``E-PROGRESSION-DIRECTION``."""
    slopes = within_person_slopes(table.visits)
    for scale, slope in ((table.scales[k], slopes[k]) for k in scores):
        if not slope > 0:
            if np.isnan(slope):
                raise InputError(
                    "E-PROGRESSION-DIRECTION",
                    f"the score {scale.name!r} was measured at two times in nobody, so that it tells no course",
                    where=where,
                    fix="Leave it out of scores, and check the times.",
                )
            raise InputError(
                "E-PROGRESSION-DIRECTION",
                f"the score {scale.name!r} does not worsen within people ({scale.change_in_its_unit(slope):+.3g} a "
                f"year); {scale.healthy:g} is taken for health and {scale.worst:g} for the worst",
                where=where,
                fix=f"If it is the other way round, say so in ranges: {scale.name}={scale.worst:g}:{scale.healthy:g}; "
                "else leave it out of scores.",
            )


def onset_level_of(visits: Visits, asked: float | None) -> float:
    """Mean score at which the onset is set: as asked, or the mean of all that was measured, score by score."""
    if asked is not None:
        return asked
    return float(np.clip(np.nanmean(visits.values, axis=0).mean(), 0.05, 0.95))
