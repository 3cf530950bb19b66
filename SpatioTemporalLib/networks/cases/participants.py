"""Participants of a cohort, one after the other: what is read of each, or one error that tells of all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

from ...context import Context
from ...data.cohort import Cohort
from ...errors import InputError

MOST_TOLD = 20
T = TypeVar("T")


def of_each(cohort: Cohort, rows: Sequence[int], what: str, read: Callable[[int], T], context: Context) -> list[T]:
    """What a function gives for each of the participants of some row numbers; `what` it is, for the progress.

    Raises
    ------
    InputError
        ``E-COHORT``: one error that tells what is wrong with each participant.
    """
    found, problems = [], []
    for place, n in enumerate(rows):
        context.progress(place / len(rows), f"{what} of {place + 1} of {len(rows)} participants")
        try:
            found.append(read(n))
        except InputError as error:
            problems.append(f"participant {cohort.ids[n]}: {error}")
    if problems:
        _refuse(cohort, problems)
    return found


def times_side_by_side(times: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """(N, T) times of N participants, zero where one has fewer, and (N, T) bool: whether there is one."""
    most = max(len(own) for own in times)
    together, observed = np.zeros((len(times), most), np.float32), np.zeros((len(times), most), bool)
    for place, own in enumerate(times):
        together[place, : len(own)], observed[place, : len(own)] = own, True
    return together, observed


def rows_of(cohort: Cohort, n: int) -> list[int]:
    """Rows of the visits of a participant."""
    return [r for r, owner in enumerate(cohort.visits.columns["participant_id"]) if owner == cohort.ids[n]]


def identity_of(cohort: Cohort, n: int) -> str:
    """What tells the images of a participant from others, the identifier where the cohort does not say."""
    return cohort.identity(n) if cohort.identity else cohort.ids[n]


def kept_name(cohort: Cohort, n: int, how: list, identity: str) -> str:
    """Name of the file of what is kept of a participant; another one whenever anything is known otherwise.

    how : settings by which it was made. identity : of the images, see `identity_of`
    """
    # All that is known of the visits, places of what is looked at among it.
    facts = {name: [str(cells[r]) for r in rows_of(cohort, n)] for name, cells in cohort.visits.columns.items()}
    described = json.dumps([*how, facts, identity], sort_keys=True)
    return f"{hashlib.sha256(described.encode()).hexdigest()[:24]}.npy"


def splits_of(cohort: Cohort, rows: Sequence[int]) -> list[str]:
    """The split of each participant, "" where the cohort has none."""
    splits = cohort.participants.columns.get("split", [""] * len(cohort))
    return [str(splits[n]) for n in rows]


def _refuse(cohort: Cohort, problems: list[str]) -> None:
    """Raise one error that tells what is wrong with each participant."""
    more = f"\n  and {len(problems) - MOST_TOLD} more" if len(problems) > MOST_TOLD else ""
    listed = "".join(f"\n  {problem}" for problem in problems[:MOST_TOLD])
    raise InputError(
        "E-COHORT",
        f"{len(problems)} of {len(cohort)} participants cannot be used:{listed}{more}\n",
        where=cohort.name,
        fix="Correct them, or take them out of both tables.",
    )
