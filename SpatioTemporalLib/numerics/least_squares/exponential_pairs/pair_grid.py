"""Pairs of exponentials on a grid of rates, compared with very many curves at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...signal.tabulated_exponentials import STEP, TabulatedExponentials
from .table_slopes import with_slopes

RATES = 48  # of the grid, evenly spaced in the variable of the table
FASTEST = 20.0  # 1/s
AT_ONCE = 64  # curves whose scans stay in the processor's cache
# Between places of the grid a pair explains more than at the nearest one, by no more than these parts of what is left,
# and of what the best explains.
SLACK_OF_REST, SLACK_OF_GAIN = 0.1, 2e-4
MOST_STARTS = 6


@dataclass(frozen=True)
class PairGrid:
    """Exponentials of one table on a grid, the same for all curves.

    u : (G,) places in the table. unit : (R, G) curves of unit length. overlap : (G, G) float32 of each with each.
    apart : (G, G) float32 one over the length of what the second adds to the first, zero on and below the diagonal.
    highest : the last place in the table that there may be.
    """

    table: TabulatedExponentials
    u: np.ndarray
    unit: np.ndarray
    overlap: np.ndarray
    apart: np.ndarray
    highest: float

    def slopes(self, u: np.ndarray, curve: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """`with_slopes` at (m,) places, for the (m,) numbers of curves."""
        return with_slopes(self.table, u)

    def along(self, vectors: np.ndarray, curve: np.ndarray) -> np.ndarray:
        """(m, G) products of (m, R) vectors with the unit curves, for the (m,) numbers of curves."""
        return vectors @ self.unit

    def pieces(self, count: int) -> list[tuple[slice, PairGrid]]:
        """Slices of so many curves, and the grid of each."""
        return [(slice(begin, min(begin + AT_ONCE, count)), self) for begin in range(0, count, AT_ONCE)]

    def of(self, curves: np.ndarray) -> PairGrid:
        """The grid of some of the curves."""
        return self


def pair_grid(table: TabulatedExponentials, fastest: float | None = None) -> PairGrid:
    """The grid of a table; fastest : 1/s, beyond which no rate may lie, or None."""
    u = places_up_to(table, fastest)
    return grid_of(table, u, table.at(table.corner * np.expm1(u))[0], fastest)


def places_up_to(table: TabulatedExponentials, fastest: float | None) -> np.ndarray:
    """(G,) places of a grid in a table."""
    return np.linspace(0.0, np.log1p(min(fastest or FASTEST, FASTEST) / table.corner), RATES)


def grid_of(table: TabulatedExponentials, u: np.ndarray, curves: np.ndarray, fastest: float | None = None) -> PairGrid:
    """The grid of (G, R) curves at (G,) places in a table."""
    unit = curves / np.maximum(np.linalg.norm(curves, axis=1, keepdims=True), 1e-300)
    overlap = unit @ unit.T
    apart = np.triu(1 / np.sqrt(np.maximum(1 - overlap**2, 1e-12)), 1)
    single = (array.astype(np.float32) for array in (overlap, apart))
    end = STEP * len(table.pieces)
    highest = end if fastest is None else min(end, float(np.log1p(fastest / table.corner)))
    return PairGrid(table, u, np.ascontiguousarray(unit.T), *single, highest)


def promising_pairs(coordinates: np.ndarray, grid: PairGrid) -> tuple[np.ndarray, np.ndarray]:
    """(m,) numbers of (n, R) curves, sorted, and (2, m) places in the table, fast ones first, from which to search."""
    length = np.sqrt(np.maximum(np.einsum("nr,nr->n", coordinates, coordinates), 1e-300))
    none = np.zeros(0, dtype=int)
    curves, slow, fast = [none], [none], [none]
    for some, own in grid.pieces(len(coordinates)):
        along = (coordinates[some] / length[some, None]).astype(np.float32) @ own.unit.astype(np.float32)
        gain = pair_gains(along, own)
        best = np.maximum(gain.reshape(len(gain), -1).max(axis=1), np.maximum(along, 0.0).max(axis=1) ** 2)
        least = best - SLACK_OF_REST * np.maximum(1 - best, 0.0) - SLACK_OF_GAIN * best
        likely = gain >= np.maximum(least, 1e-30)[:, None, None]
        likely &= gain >= _highest_around(gain)
        place = np.flatnonzero(likely)
        curve, rest = np.divmod(place, gain[0].size)
        order = np.lexsort((-gain.reshape(-1)[place], curve))
        curve, rest = curve[order], rest[order]
        few = np.arange(len(curve)) - np.searchsorted(curve, curve) < MOST_STARTS
        curves.append(some.start + curve[few])
        first, second = np.divmod(rest[few], len(grid.u))
        slow.append(first)
        fast.append(second)
    places = np.stack([grid.u[np.concatenate(fast)], grid.u[np.concatenate(slow)]])
    return np.concatenate(curves), places


def pair_gains(along: np.ndarray, grid: PairGrid) -> np.ndarray:
    """(n, G, G) by how much each pair lowers the sum of squares, slow one first; zero where one amplitude is not above.

    along : (n, G) products of the curves with the exponentials.
    """
    beyond = along[:, None, :] - along[:, :, None] * grid.overlap
    valid = beyond > 0
    valid &= valid.transpose(0, 2, 1)
    # The part of the second that is at right angles to the first: differences of large numbers lose no digits so.
    beyond *= grid.apart
    valid &= grid.apart > 0
    beyond *= beyond
    beyond += (along * along)[:, :, None]
    beyond *= valid
    return beyond


def _highest_around(gain: np.ndarray) -> np.ndarray:
    """The largest value among each pair and its neighbours, diagonal ones too."""
    rows = gain.copy()
    np.maximum(rows[:, 1:], gain[:, :-1], out=rows[:, 1:])
    np.maximum(rows[:, :-1], gain[:, 1:], out=rows[:, :-1])
    highest = rows.copy()
    np.maximum(highest[:, :, 1:], rows[:, :, :-1], out=highest[:, :, 1:])
    np.maximum(highest[:, :, :-1], rows[:, :, 1:], out=highest[:, :, :-1])
    return highest
