"""Newton's steps to the optima of very many curves near the points of a scan."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...arrays import clipped, empty, like, namespace, places, taken
from ...signal.local_polynomials import REACH, value_and_slope
from .compressed_family import CompressedFamily
from .curve_family import CurveFamily

NEWTON_STEPS, STEPS_OF_ALL = 8, 3  # the later ones only where they are needed
# On log theta: the step after one of this size is below the tolerance of a search in brackets.
SETTLED = 3e-6
# Of the length of the data: single precision sees no less.
UNSEEN = 1e-6


class CompressedData(NamedTuple):
    """Measurements of n curves: (R, n) coordinates; (n,) inner product with the fixed curve, power and length."""

    coordinates: np.ndarray
    on_fixed: np.ndarray
    power: np.ndarray
    length: np.ndarray

    def take(self, chosen) -> CompressedData:
        return CompressedData(*(taken(part, chosen) for part in self))


class Optima(NamedTuple):
    """Refined optima, sorted by row of the tables: (m,) arrays, and (5, m) functions of the face."""

    curve: np.ndarray
    row: np.ndarray
    s: np.ndarray
    height: np.ndarray
    at_edge: np.ndarray
    settled: np.ndarray
    functions: np.ndarray

    def take(self, chosen) -> Optima:
        return Optima(*(taken(part, chosen) for part in self))


class Tables(NamedTuple):
    """A family and its compressed form, both as arrays of the measurements' kind."""

    family: CurveFamily
    compressed: CompressedFamily

    @property
    def cells(self) -> int:
        return len(self.compressed.curves)

    @property
    def unit(self) -> float:
        return REACH * float(self.family.log_theta[1] - self.family.log_theta[0])


def peaks(scan):
    """Curve, cell and first guess of every local maximum of a (C, n) scan that may be its column's largest.

    Sorted by cell. The guess is the vertex of the parabola through three points, in cells.
    """
    xp, (cells, count) = namespace(scan), scan.shape
    up = scan[1:] > scan[:-1]
    peak = xp.ones_like(scan, dtype=up.dtype)
    peak[1:] = up
    peak[:-1] &= ~up
    place = places(peak.reshape(-1))
    cell = place // count
    curve = place - cell * count
    flat = scan.reshape(-1)
    middle = flat[place]
    at_edge = (cell == 0) | (cell == cells - 1)
    rise = middle - flat[xp.where(cell == 0, place, place - count)]
    fall = middle - flat[xp.where(cell == cells - 1, place, place + count)]
    # Between grid points an optimum exceeds its grid value by no more than a part of the fall around it.
    possible = places(middle + xp.maximum(rise, fall) + UNSEEN >= xp.amax(scan, axis=0)[curve])
    bend = xp.where(at_edge, xp.ones_like(rise), rise + fall)
    start = xp.where(at_edge, xp.zeros_like(rise), (rise - fall) / (2 * bend))
    return curve[possible], cell[possible], xp.asarray(start[possible], dtype=xp.float64)


def refined(data: CompressedData, tables: Tables, curve, row, start) -> Optima:
    """Newton's steps to the maxima near scanned points, sorted by row of the tables."""
    xp, (family, compressed) = namespace(data.power), tables
    coordinates = taken(data.coordinates, curve)
    polynomial = empty((compressed.maximised.shape[1], len(curve)), data.power)
    slices = _slices(row, len(compressed.maximised))
    for n, part in slices:
        polynomial[:, part] = compressed.maximised[n] @ coordinates[:, part]
        # Only a coefficient at its limit has an offset.
        if n >= 2 * tables.cells:
            polynomial[:, part] -= compressed.offset[n][:, None]
    cell = row % tables.cells
    first, last = cell == 0, cell == tables.cells - 1
    low, high = xp.where(first, 0.0, -family.reach), xp.where(last, 0.0, family.reach)
    order = like(np.arange(1.0, len(polynomial)), data.power)
    s, step, concave = _newton(polynomial[1:] * order[:, None], start * family.reach, low, high, SETTLED / tables.unit)
    at_edge = first & (s <= low) | last & (s >= high)
    settled = (abs(step) * tables.unit < SETTLED) & (at_edge | concave & (abs(s) < family.reach))
    powers = xp.ones_like(polynomial)
    for n in range(1, len(powers)):
        powers[n] = powers[n - 1] * s
    functions = empty((compressed.functions.shape[1], len(curve)), data.power)
    for n, part in slices:
        functions[:, part] = compressed.functions[n] @ powers[:, part]
    height = xp.einsum("pn,pn->n", polynomial, powers)
    return Optima(curve, row, s, height, at_edge, settled, functions)


def _newton(slopes, s, low, high, enough: float):
    """Positions where polynomials, given by their slopes, are largest; the last steps, and whether they are concave."""
    xp = namespace(s)
    step, concave = xp.zeros_like(s), s > np.inf
    active, part = None, (slopes, s, low, high)
    for number in range(NEWTON_STEPS):
        slopes, before, low, high = part
        slope, bend = value_and_slope(slopes, before)
        down = bend < 0
        moved = xp.where(down, -slope / xp.where(down, bend, -1.0), xp.sign(slope))
        moved = clipped(before + moved, low, high)
        if active is None:
            s, step, concave = moved, moved - before, down
        else:
            s[active], step[active], concave[active] = moved, moved - before, down
        if number + 1 < STEPS_OF_ALL:
            part = slopes, moved, low, high
            continue
        going = places(abs(moved - before) >= enough)
        if not len(going):
            break
        active = going if active is None else active[going]
        part = taken(slopes, going), moved[going], low[going], high[going]
    return s, step, concave


def highest_of_each(curve, height):
    """Indices of the highest of each curve's optima."""
    xp = namespace(height)
    if not len(curve):
        return curve
    alone = xp.bincount(curve)[curve] == 1
    several = places(~alone)
    order = several[xp.argsort(height[several], stable=True)]
    order = order[xp.argsort(curve[order], stable=True)]
    last = xp.ones_like(alone[order])
    last[:-1] = curve[order][1:] != curve[order][:-1]
    return xp.concatenate([places(alone), order[last]])


def _slices(row, rows: int) -> list[tuple[int, slice]]:
    """Number and slice of each row that occurs among sorted ones."""
    counts = namespace(row).bincount(row, minlength=rows).tolist()
    ends = np.cumsum(counts).tolist()
    return [(n, slice(end - count, end)) for n, (count, end) in enumerate(zip(counts, ends)) if count]


def single(values):
    xp = namespace(values)
    return xp.asarray(values, dtype=xp.float32)


def nonzero(length):
    return namespace(length).where(length > 0, length, 1.0)
