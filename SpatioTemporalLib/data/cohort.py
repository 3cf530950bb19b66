"""Many patients: a table of participants, a table of their visits, and their images on demand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from ..errors import Finding, InputError, counted
from ..system.plain_text import for_message
from .curve import Table
from .follow_up import FollowUp

MOST_SHOWN = 2000  # letters


@dataclass(frozen=True, eq=False)
class Cohort:
    """Participants, their visits, and how to load one of them.

    Attributes
    ----------
    name : str
    participants : Table
        One row a participant; column ``participant_id`` holds texts.
    visits : Table
        One row a visit; columns ``participant_id``, ``days`` and what each visit has.
    load : callable
        Gives the `FollowUp` of a row number of `participants`.
    images, masks : tuple of str
        Names of what each visit may have.
    findings : tuple of Finding
    identity : callable, optional
        Gives a text that changes when the files of a row number of `participants` do.
    tables : dict of name to Table
        What is measured of the participants already, with a column ``participant_id``.
    """

    name: str
    participants: Table
    visits: Table
    load: Callable[[int], FollowUp]
    images: tuple[str, ...] = ()
    masks: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    identity: Callable[[int], str] | None = None
    tables: dict[str, Table] = field(default_factory=dict)

    @property
    def ids(self) -> list[str]:
        return self.participants.columns["participant_id"]

    @property
    def splits(self) -> dict[str, list[str]]:
        """Participants by split (e.g. "train", "test"); empty when there is no split."""
        splits: dict[str, list[str]] = {}
        for participant, split in zip(self.ids, self.participants.columns.get("split", [])):
            splits.setdefault(str(split), []).append(participant)
        return splits

    def case(self, i: int) -> FollowUp:
        """The images and covariates of participant `i`, read from disk now."""
        if not -len(self) <= i < len(self):
            raise InputError(
                "E-CASE",
                f"there is no participant {i}",
                where=self.name,
                fix=f"Give a number from 0 to {len(self) - 1}.",
            )
        return self.load(i % len(self))

    def __len__(self) -> int:
        return len(self.ids)

    def __iter__(self) -> Iterator[FollowUp]:
        return (self.load(i) for i in range(len(self)))

    def __str__(self) -> str:
        counts = Counter(self.visits.columns["participant_id"])
        days = np.array(self.visits.columns["days"], dtype=np.float64)
        fewest, most = min(counts.values()), max(counts.values())
        each = f"{fewest} each" if fewest == most else f"{fewest} to {most} each"
        lines = [
            f"{for_message(self.name)}: {counted(len(self), 'participant')}, {counted(len(days), 'visit')} ({each}), "
            f"day 0 to {days.max():g}"
        ]
        if self.images:
            lines.append(f"  images: {for_message(', '.join(self.images), MOST_SHOWN)}")
        if self.masks:
            lines.append(f"  masks: {for_message(', '.join(self.masks), MOST_SHOWN)}")
        if self.splits:
            lines.append(f"  split: {', '.join(f'{split} {len(ids)}' for split, ids in self.splits.items())}")
        columns = [
            self.participants.heading(c) for c in self.participants.columns if c not in ("participant_id", "split")
        ]
        if columns:
            lines.append(f"  known of each: {', '.join(columns)}")
        return "\n".join([*lines, *(f"  {finding}" for finding in self.findings)])
