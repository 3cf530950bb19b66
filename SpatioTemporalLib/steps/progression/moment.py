"""Which visits are known at the moment of predicting, and which come after it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np

from ...declare import Help, Range, Unit
from ...errors import InputError
from ...numerics.progression.visits import Visits
from .visit_table import VisitTable


@dataclass(frozen=True)
class MomentParameters:
    until: Annotated[
        float | None,
        Unit("years"),
        Help(
            "Moment of predicting, on the time axis of the table: later visits of the patient, or of everybody who is "
            "predicted where no patient is named, are used for nothing."
        ),
    ] = None
    first_visits: Annotated[
        int,
        Range(0, 1000),
        Help("How many first visits, of the patient or of everybody in the same way, are used; 0 for all."),
    ] = 0


def known_visits(table: VisitTable, parameters: MomentParameters, patient: str = "") -> VisitTable:
    """The table without what comes after the moment of predicting.

    Raises
    ------
    InputError
        ``E-PROGRESSION-UNTIL`` when nothing is left of the patient, or of anybody.
    """
    visits = table.visits
    kept = np.ones(len(visits.times), bool)
    if parameters.until is not None:
        kept &= visits.times <= parameters.until
    if parameters.first_visits:
        kept &= visits.first(parameters.first_visits)
    if patient:
        kept |= visits.person != table.person(patient)
    left = np.unique(visits.person[kept])
    if not left.size or (patient and table.person(patient) not in left):
        raise InputError(
            "E-PROGRESSION-UNTIL",
            f"{patient or 'nobody'} has {'no visit' if patient else 'a visit'} until {parameters.until:g} years; "
            f"visits run from {visits.times.min():.4g} to {visits.times.max():.4g} years",
            fix="Choose a later moment, or leave until empty.",
        )
    people = tuple(table.people[n] for n in left)
    return replace(table, visits=visits.kept(kept), people=people, rows=table.rows[kept])


def everything_seen(table: VisitTable, known: VisitTable) -> Visits:
    """All visits of the people of `known`, those after the moment of predicting too."""
    kept = set(known.people)
    there = np.array([name in kept for name in table.people])
    return table.visits.kept(there[table.visits.person])
