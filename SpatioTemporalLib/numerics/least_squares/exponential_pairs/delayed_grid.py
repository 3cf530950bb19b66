"""Pairs of exponentials on a grid of rates, for curves each of which has an input that comes at its own time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ...signal.delayed_exponentials import DelayedTables, runs
from .pair_grid import AT_ONCE, PairGrid, grid_of, places_up_to
from .table_slopes import with_slopes


class DelayedPairs:
    """The grids of one input at any of its delays."""

    def __init__(self, tables: DelayedTables, fastest: float | None = None) -> None:
        self.tables, self.fastest = tables, fastest
        self._grids: dict[float, tuple[PairGrid, np.ndarray]] = {}

    @cached_property
    def u(self) -> np.ndarray:
        """(G,) places in the table."""
        return places_up_to(self.tables.shared, self.fastest)

    @cached_property
    def curves(self) -> np.ndarray:
        """(G, R) shared coordinates of (K + corner) times the exponentials of the grid."""
        return with_slopes(self.tables.shared, self.u)[0]

    def at(self, delay: float) -> PairGrid:
        """The grid of one delay in s."""
        return self._made(delay)[0]

    def scaled(self, delay: float) -> np.ndarray:
        """(G, R) shared coordinates of the exponentials that have unit length at a delay in s."""
        return self._made(delay)[1]

    def _made(self, delay: float) -> tuple[PairGrid, np.ndarray]:
        if delay not in self._grids:
            curves = self.curves @ self.tables.at(delay).turn.T
            scaled = self.curves / np.maximum(np.linalg.norm(curves, axis=1, keepdims=True), 1e-300)
            self._grids[delay] = grid_of(self.tables.shared, self.u, curves, self.fastest), scaled
        return self._grids[delay]


@dataclass(frozen=True)
class DelayedGrid:
    """The grid of each of n curves, as `PairGrid` for all of them.

    delays : (n,) s, of which equal ones should stand together.
    """

    pairs: DelayedPairs
    delays: np.ndarray

    @property
    def table(self):
        return self.pairs.tables.shared

    @property
    def u(self) -> np.ndarray:
        return self.pairs.u

    @property
    def highest(self) -> float:
        return self.pairs.at(float(self.delays[0])).highest if len(self.delays) else 0.0

    def slopes(self, u: np.ndarray, curve: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return tuple(self.pairs.tables.turned(np.stack(with_slopes(self.table, u)), self.delays[curve]))

    def along(self, vectors: np.ndarray, curve: np.ndarray) -> np.ndarray:
        found = np.empty((len(vectors), len(self.u)))
        for some, delay in runs(self.delays[curve]):
            found[some] = vectors[some] @ self.pairs.at(delay).unit
        return found

    def pieces(self, count: int) -> list[tuple[slice, PairGrid]]:
        return [
            (slice(begin, min(begin + AT_ONCE, some.stop)), self.pairs.at(delay))
            for some, delay in runs(self.delays[:count])
            for begin in range(some.start, some.stop, AT_ONCE)
        ]

    def of(self, curves: np.ndarray) -> DelayedGrid:
        return replace(self, delays=self.delays[curves])
