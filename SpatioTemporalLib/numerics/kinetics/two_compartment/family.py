"""Curves of two compartments on the frames of one series, and the bounds within which they are fitted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from ...arrays import like, namespace
from ...least_squares.exponential_pairs.delayed_grid import DelayedGrid
from ...least_squares.exponential_pairs.pair_grid import PairGrid, pair_grid
from ...signal.tabulated_exponentials import TabulatedExponentials
from .models import SMALLEST_VOLUME, exchange_of

# Added before the logarithm, so that zero can be reached: 1/s for flow and ps, small beside what can be measured.
SOFT = {"flow": 1e-5, "ps": 1e-6, "ve": 1e-3, "vp": 1e-3}
LOWEST = {"flow": 0.0, "ps": 0.0, "ve": SMALLEST_VOLUME, "vp": SMALLEST_VOLUME}
FAST_RATES = np.geomspace(2e-3, 20.0, 14)  # 1/s
SLOW_RATES = np.geomspace(1e-5, 1.0, 14)  # 1/s
SHARES = np.array([0.0003, 0.001, 0.004, 0.012, 0.03, 0.07, 0.15, 0.3, 0.5, 0.7, 0.85, 0.95])
SINGLE_RATES = np.geomspace(2e-5, 20.0, 60)  # 1/s, of one compartment
# Where the grid is cut into families, each of which starts a descent of its own.
FAST_CUTS, SLOW_CUT, SHARE_CUT = (0.03, 0.3), 1e-3, 0.03
CLOSEST = 0.8  # slow rate over the fast one


class Shapes(NamedTuple):
    """Curves on a flattened grid: (R, S) float32 of unit length, (P, S) their parameters, and (S,) float32 the largest
    length within the bounds, zero where there is none."""

    unit: np.ndarray
    starts: np.ndarray
    reach: np.ndarray


@dataclass(frozen=True)
class TwoCompartmentFamily:
    """What fitting one model to the curves of one series needs.

    upper : upper bounds of the P fitted parameters by name, flow and ps in 1/s. shapes : on a flattened grid. kin :
    (S,) their family, -1 where there is none. axes : of the grid. pairs : the exponentials of the table on a grid of
    rates, None for fewer than two of them.
    """

    table: TabulatedExponentials
    upper: dict[str, float]
    shapes: Shapes
    kin: np.ndarray
    axes: tuple[int, ...]
    pairs: PairGrid | DelayedGrid | None

    def beside(self, measured) -> TwoCompartmentFamily:
        """The same tables as arrays of the kind, and on the device, of the measurements."""
        if namespace(measured) is np:
            return self
        shapes = Shapes(*(like(values, measured) for values in self.shapes))
        return replace(self, table=self.table.beside(measured), shapes=shapes)

    def scans(self, count: int, size: int) -> list[tuple[slice, Shapes]]:
        """Slices of up to `size` of so many curves, and the shapes for each."""
        return [(slice(begin, min(begin + size, count)), self.shapes) for begin in range(0, count, size)]

    def leading(self, count: int) -> TwoCompartmentFamily:
        """The same in the dimensions of the table that matter most."""
        return replace(self, table=self.table.leading(count))

    def turned(self, vectors: np.ndarray, curves: np.ndarray) -> np.ndarray:
        """(..., m, R) coordinates in which the (m,) numbers of curves are measured, of those of the table."""
        return vectors

    @property
    def soft(self) -> np.ndarray:
        return np.array([SOFT[name] for name in self.upper])

    @property
    def low(self) -> np.ndarray:
        return np.array([LOWEST[name] for name in self.upper])

    @property
    def high(self) -> np.ndarray:
        return np.array(list(self.upper.values()))

    @property
    def logarithmic_bounds(self) -> tuple[np.ndarray, np.ndarray]:
        return np.log(self.low + self.soft), np.log(self.high + self.soft)


def two_compartment_family(table: TabulatedExponentials, upper: dict[str, float]) -> TwoCompartmentFamily:
    """Prepare the fit of one model to curves with one input.

    Parameters
    ----------
    table : TabulatedExponentials
    upper : dict
        Upper bounds of the fitted parameters, of ``flow``, ``ps``, ``ve``,
        ``vp`` in this order. Without ``ve`` nothing returns (the uptake
        model); without ``ps`` too there is one compartment of volume ``vp``.
    """
    scan = scanned_tissues(table, upper)
    return TwoCompartmentFamily(
        table=table,
        upper=dict(upper),
        shapes=shapes_of(scan.curves, scan, upper),
        kin=scan.kin,
        axes=scan.axes,
        pairs=pair_grid(table) if "ve" in upper else None,
    )


class Scan(NamedTuple):
    """What is scanned: (S, R) curves in the coordinates of a table, their (P, S) parameters, whether there are such
    tissues, their families as numbers, -1 where there is none, and the axes of the grid."""

    curves: np.ndarray
    parameters: np.ndarray
    possible: np.ndarray
    kin: np.ndarray
    axes: tuple[int, ...]


def scanned_tissues(table: TabulatedExponentials, upper: dict[str, float]) -> Scan:
    if "ve" in upper:
        grid = FAST_RATES, SLOW_RATES, SHARES
    else:
        grid = (FAST_RATES, [0.0], SHARES) if "ps" in upper else (SINGLE_RATES, [0.0], [0.0])
    axes = np.meshgrid(*grid, indexing="ij")
    fast, slow, share = (axis.reshape(-1) for axis in axes)
    # Nothing is scanned where both rates are nearly one: there is neither a curve of its own nor an inverse.
    apart = slow < CLOSEST * fast
    slow = np.where(apart, slow, CLOSEST * fast / 2)
    curves = (1 - share)[:, None] * table.at(fast)[0] + share[:, None] * table.at(slow)[0]
    shape = exchange_of(fast, slow, share)._asdict()
    kin = np.where(apart, 4 * np.digitize(fast, FAST_CUTS) + 2 * (slow > SLOW_CUT) + (share > SHARE_CUT), -1)
    return Scan(curves, np.stack([shape[name] for name in upper]), apart, kin, axes[0].shape)


def shapes_of(curves: np.ndarray, scan: Scan, upper: dict[str, float]) -> Shapes:
    """The shapes of (S, R) curves of the tissues that are scanned, in whatever coordinates."""
    length = np.linalg.norm(curves, axis=1)
    starts = scan.parameters / length
    reach = (np.array(list(upper.values()))[:, None] / np.maximum(starts, 1e-300)).min(axis=0)
    unit = np.ascontiguousarray((curves / length[:, None]).T.astype(np.float32))
    return Shapes(unit, starts, np.where(scan.possible, np.minimum(reach, 1e30), 0.0).astype(np.float32))
