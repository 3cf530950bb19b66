"""Visits of many people as arrays that models go through at once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np


@dataclass(frozen=True, eq=False)
class Visits:
    """What was measured when, one row a visit, the visits of each person together and in order of time.

    person : (R,) int, 0..N-1, not falling; times : (R,) years, not falling within a person;
    values : (R, K), NaN where a score was not measured.
    """

    person: np.ndarray
    times: np.ndarray
    values: np.ndarray

    @cached_property
    def starts(self) -> np.ndarray:
        """(N,) first row of each person."""
        return np.flatnonzero(np.diff(self.person, prepend=-1))

    @property
    def people(self) -> int:
        return len(self.starts)

    @cached_property
    def counts(self) -> np.ndarray:
        """(N,) visits of each person."""
        return np.diff(np.append(self.starts, len(self.times)))

    @cached_property
    def measured(self) -> np.ndarray:
        """(R, K) bool."""
        return np.isfinite(self.values)

    def sums(self, rows: np.ndarray) -> np.ndarray:
        """(N, ...) sums of (R, ...) rows over each person."""
        return np.add.reduceat(rows, self.starts, axis=0)

    def kept(self, rows: np.ndarray) -> Visits:
        """The visits where (R,) rows is set; people who keep none are gone, the others are numbered anew."""
        _, person = np.unique(self.person[rows], return_inverse=True)
        return Visits(person, self.times[rows], self.values[rows])

    def first(self, count: int) -> np.ndarray:
        """(R,) bool: which rows are among the first so many of each person."""
        return np.arange(len(self.times)) - self.starts[self.person] < count


def within_person_slopes(visits: Visits) -> np.ndarray:
    """(K,) change of each score in a year within people, by least squares on what departs from each person's means.

    NaN where nobody has two visits with the score.
    """
    slopes = np.full(visits.values.shape[1], np.nan)
    for k in range(len(slopes)):
        at = visits.measured[:, k]
        one = visits.kept(at)
        if not len(one.times):
            continue
        centred = one.times - (one.sums(one.times) / one.counts)[one.person]
        spread = centred @ centred
        if spread > 1e-12:
            slopes[k] = centred @ one.values[:, k] / spread
    return slopes
