"""Optima of very many curves by Newton steps in few coordinates, where these decide.

First the coefficients are allowed anything. Where the best of such optima keeps
the bounds nothing within them can be better, and it is taken. The other curves
are scanned within the bounds, and each optimum seen is refined on the face of
the bounds that it lies on. What is not settled then, because an optimum changes
its face or Newton's steps do not settle, is left to another search.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...arrays import clipped, empty, like, namespace, taken
from ...signal.local_polynomials import REACH, value_and_slope
from ..box_quadratic import best_coefficients
from ..curve_family import CurveFamily
from .compressed_family import FACES, CompressedFamily
from .solution import AS_GOOD_AS_NOTHING, Solution, put, take, unsolved

NEWTON_STEPS, STEPS_OF_ALL = 8, 3
ATTEMPTS = 5
# On log theta: the step after one of this size is below the tolerance of a search in brackets.
SETTLED = 3e-6
# Of the length of the data: single precision sees no less.
UNSEEN = 1e-6


class _Data(NamedTuple):
    """Measurements of n curves: (n, R) coordinates; (n,) inner product with the fixed curve, power and length."""

    coordinates: np.ndarray
    on_fixed: np.ndarray
    power: np.ndarray
    length: np.ndarray

    def take(self, chosen) -> _Data:
        return _Data(*(taken(part, chosen, axis=0) for part in self))


class _Optima(NamedTuple):
    """Refined optima, sorted by row of the tables: (m,) arrays, and (5, m) functions of the face."""

    curve: np.ndarray
    row: np.ndarray
    s: np.ndarray
    height: np.ndarray
    at_edge: np.ndarray
    settled: np.ndarray
    functions: np.ndarray

    def take(self, chosen) -> _Optima:
        return _Optima(*(taken(part, chosen) for part in self))


class _OnFace(NamedTuple):
    """Solutions on one face of the bounds, and which of them lie beyond it or are pushed off it.

    turns_limit, turns_fixed : (m,) bool, whether a1 leaves its limit, or comes to it; whether a2 leaves zero, or comes
    to it. beyond : (m,) bool, whether a2 exceeds its limit.
    """

    solution: Solution
    turns_limit: np.ndarray
    turns_fixed: np.ndarray
    beyond: np.ndarray


class _Tables(NamedTuple):
    """A family and its compressed form, both as arrays of the measurements' kind."""

    family: CurveFamily
    compressed: CompressedFamily

    @property
    def cells(self) -> int:
        return len(self.compressed.curves)

    @property
    def unit(self) -> float:
        return REACH * float(self.family.log_theta[1] - self.family.log_theta[0])


def solve_compressed(measured, family: CurveFamily, compressed: CompressedFamily) -> tuple[Solution, np.ndarray]:
    """Optima of (T, n) measured curves, and the indices of those that are left open.

    Both tables are arrays of the kind of the measurements, which are float64.
    """
    xp = namespace(measured)
    tables = _Tables(family, compressed)
    coordinates = measured.T @ compressed.basis
    power = xp.einsum("tn,tn->n", measured, measured)
    on_fixed = xp.zeros_like(power) if family.fixed is None else 1 * coordinates[:, 0]
    data = _Data(coordinates, on_fixed, power, xp.sqrt(power))
    solution, solved = _solve_unbounded(data, tables)
    rest = _places(~solved)
    if len(rest):
        part = unsolved(power[rest])
        solved = _solve_bounded(part, data.take(rest), tables)
        put(solution, rest, part)
        rest = rest[~solved]
    return solution, rest


def _solve_unbounded(data: _Data, tables: _Tables):
    """Optima without bounds of all curves, and (n,) bool of those that keep the bounds all the same."""
    xp, compressed = namespace(data.power), tables.compressed
    with_fixed = tables.family.fixed is not None
    scan = xp.asarray(compressed.seen, dtype=xp.float32) @ _single(data.coordinates / _safe(data.length)[:, None]).T
    curve, cell, start = _peaks(scan)
    optima = _refined(data, tables, curve, cell + FACES.index((with_fixed, False)) * tables.cells, start)
    solved = xp.ones_like(data.power, dtype=bool if xp is np else xp.bool)
    solved[curve[~optima.settled]] = False
    # In the order of the curves, each of which has one that is highest.
    highest = _highest(curve, optima.height)
    place = empty(len(highest), highest)
    place[curve[highest]] = highest
    found = _free(optima.take(place), data, tables, with_fixed)
    solved &= ~(found.turns_limit | found.turns_fixed | found.beyond)
    return found.solution, solved


def _solve_bounded(solution: Solution, data: _Data, tables: _Tables):
    """Write the optima found by a scan within the bounds; (n,) bool of the curves all of whose optima are certain."""
    xp = namespace(data.power)
    scanned, limit = _scanned_within_bounds(data, tables)
    curve, cell, start = _peaks(scanned.gain)
    first, limit = scanned.first[cell, curve], limit[cell, curve]
    second = scanned.second[cell, curve] if tables.family.fixed is not None else xp.zeros_like(first)
    open_ = first > UNSEEN
    certain = _put_nothing(solution, curve[~open_], data, tables)
    limited, beside = first >= limit * (1 - UNSEEN), second > UNSEEN
    for _ in range(ATTEMPTS):
        active = _places(open_)
        if not len(active):
            break
        row = cell[active] + tables.cells * (2 * limited[active] + 1 * beside[active])
        order = xp.argsort(row, stable=True)
        active, row = active[order], row[order]
        optima = _refined(data, tables, curve[active], row, start[active])
        for number, (with_fixed, at_limit) in enumerate(FACES):
            on_face = _places(row // tables.cells == number)
            if not len(on_face):
                continue
            of_face, tried = optima.take(on_face), active[on_face]
            found = (_limited if at_limit else _free)(of_face, data.take(of_face.curve), tables, with_fixed)
            _put_better(solution, of_face, found)
            certain[of_face.curve[found.beyond]] = False
            # The coefficient that would leave the face is let go, or held.
            turns = found.turns_limit | found.turns_fixed
            open_[tried] = turns | ~of_face.settled
            limited[tried] ^= found.turns_limit
            beside[tried] ^= found.turns_fixed
            start[tried] = xp.where(turns & ~of_face.settled, start[tried], of_face.s / tables.family.reach)
    certain[curve[open_]] = False
    return certain


def _scanned_within_bounds(data: _Data, tables: _Tables):
    """Best coefficients of curves of unit length at the scanned points, and the limits of the first: (C, n) each."""
    xp, (family, compressed) = namespace(data.power), tables
    length = _safe(data.length)
    seen = _single(data.coordinates / length[:, None])
    log_norm, overlap = family.tables[:2, 0, :]
    limit = xp.exp(family.log_theta[family.scanned] + log_norm) * family.slope_limit
    limit = _single(limit)[:, None] * _single(1 / length)
    return best_coefficients(
        _single(compressed.curves) @ seen.T,
        seen[:, 0] if family.fixed is not None else None,
        _single(overlap)[:, None],
        limit,
        _single(family.fixed_limit / length),
    ), limit


def _put_better(solution: Solution, optima: _Optima, found: _OnFace) -> None:
    """Write the settled optima that keep the bounds where they are better than what is there."""
    part, curve = found.solution, optima.curve
    kept = _places(optima.settled & ~(found.turns_limit | found.turns_fixed | found.beyond))
    kept = kept[_highest(curve[kept], -part.sse[kept])]
    kept = kept[part.sse[kept] < solution.sse[curve[kept]]]
    put(solution, curve[kept], take(part, kept))


def _peaks(scan):
    """Curve, cell and first guess of every local maximum of a (C, n) scan that may be its column's largest.

    Sorted by cell. The guess is the vertex of the parabola through three points, in cells.
    """
    xp, (cells, count) = namespace(scan), scan.shape
    up = scan[1:] > scan[:-1]
    peak = xp.ones_like(scan, dtype=up.dtype)
    peak[1:] = up
    peak[:-1] &= ~up
    place = _places(peak.reshape(-1))
    cell = place // count
    curve = place - cell * count
    flat = scan.reshape(-1)
    middle = flat[place]
    at_edge = (cell == 0) | (cell == cells - 1)
    rise = middle - flat[xp.where(cell == 0, place, place - count)]
    fall = middle - flat[xp.where(cell == cells - 1, place, place + count)]
    # Between grid points an optimum exceeds its grid value by no more than a part of the fall around it.
    possible = _places(middle + xp.maximum(rise, fall) + UNSEEN >= xp.amax(scan, axis=0)[curve])
    bend = xp.where(at_edge, xp.ones_like(rise), rise + fall)
    start = xp.where(at_edge, xp.zeros_like(rise), (rise - fall) / (2 * bend))
    return curve[possible], cell[possible], xp.asarray(start[possible], dtype=xp.float64)


def _refined(data: _Data, tables: _Tables, curve, row, start) -> _Optima:
    """Newton's steps to the maxima near scanned points, sorted by row of the tables."""
    xp, (family, compressed) = namespace(data.power), tables
    coordinates = taken(data.coordinates, curve, axis=0)
    polynomial = empty((compressed.maximised.shape[1], len(curve)), data.power)
    slices = _slices(row, len(compressed.maximised))
    for n, part in slices:
        polynomial[:, part] = compressed.maximised[n] @ coordinates[part].T - compressed.offset[n][:, None]
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
    return _Optima(curve, row, s, height, at_edge, settled, functions)


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
        going = _places(abs(moved - before) >= enough)
        if not len(going):
            break
        active = going if active is None else active[going]
        part = taken(slopes, going), moved[going], low[going], high[going]
    return s, step, concave


def _free(optima: _Optima, data: _Data, tables: _Tables, with_fixed: bool) -> _OnFace:
    """Optima with a1 off its limit."""
    xp, family = namespace(data.power), tables.family
    weight, tangent, weight_turn, tangent_turn, flatness = optima.functions
    b, least = clipped(optima.height, 0.0, np.inf), AS_GOOD_AS_NOTHING * data.length
    stretch = xp.sqrt(1 + tangent * tangent) if with_fixed else 1.0
    uptake = b * stretch > least
    linear = xp.where(uptake, b * weight, 0.0)
    fixed = data.on_fixed - b * tangent if with_fixed else xp.zeros_like(b)
    # Without any uptake no theta is better than another; the search in brackets ends at the first then.
    none = b <= 0
    theta = _theta(optima, tables)
    theta = xp.where(none, xp.exp(family.log_theta[REACH]), theta)
    at_edge = optima.at_edge | none
    moves = xp.where(uptake & ~at_edge, 1.0, 0.0)
    per_b = moves / xp.where(uptake, b, 1.0)
    rate = moves / flatness
    entries = (
        xp.where(uptake, weight * weight + weight_turn * weight_turn * rate, 0.0),
        weight_turn * per_b,
        flatness * per_b * per_b,
    )
    beside = None
    if with_fixed:
        taken = xp.where(uptake, 1.0, 0.0)
        beside = (
            1 + taken * tangent * tangent + tangent_turn * tangent_turn * rate,
            -taken * weight * tangent - weight_turn * tangent_turn * rate,
            -tangent_turn * per_b,
        )
    gain = b * b + (data.on_fixed * data.on_fixed if with_fixed else 0.0)
    no_limit = xp.zeros_like(uptake)
    part = _solution((theta, linear, fixed), data.power - gain, (entries, beside), (at_edge, no_limit), family)
    turns_limit = linear >= family.slope_limit * theta * (1 - AS_GOOD_AS_NOTHING)
    # Held at zero, the coefficient would be that over the squared sine of the angle between the curves.
    push = None if with_fixed else (data.on_fixed - tangent * b, 1 - tangent * tangent)
    return _OnFace(part, turns_limit, *_leaves(fixed, push, least, family))


def _limited(optima: _Optima, data: _Data, tables: _Tables, with_fixed: bool) -> _OnFace:
    """Optima with a1 at its limit."""
    xp, family = namespace(data.power), tables.family
    square, overlap, _, turn, flatness = optima.functions
    theta = _theta(optima, tables)
    linear = family.slope_limit * theta
    moves = xp.where(optima.at_edge, 0.0, 1.0)
    flatness = moves * flatness
    fixed = data.on_fixed - overlap if with_fixed else xp.zeros_like(theta)
    beside = None
    if with_fixed:
        turn = moves * turn
        beside = (1 + turn * turn / optima.functions[4], -linear * turn, -turn)
    entries = (linear * linear * flatness, linear * flatness, flatness)
    gain = 2 * optima.height + (data.on_fixed * data.on_fixed if with_fixed else 0.0)
    at_limit = xp.ones_like(optima.at_edge)
    part = _solution((theta, linear, fixed), data.power - gain, (entries, beside), (optima.at_edge, at_limit), family)
    push = None if with_fixed else (data.on_fixed - overlap, 1.0)
    return _OnFace(
        part,
        optima.height < square / 2,
        *_leaves(fixed, push, AS_GOOD_AS_NOTHING * data.length, family),
    )


def _leaves(fixed, push, least, family: CurveFamily):
    """Whether a2 leaves zero or comes to it, and whether it is at its limit or beyond."""
    beyond = fixed >= family.fixed_limit * (1 - AS_GOOD_AS_NOTHING)
    if push is None:
        return fixed <= least, beyond
    return (push[0] > least * push[1]) & (family.fixed is not None), beyond


def _put_nothing(solution: Solution, curve, data: _Data, tables: _Tables):
    """Write what holds without uptake for those curves; (n,) bool, False where the fixed curve is beyond its limit."""
    xp, family = namespace(data.power), tables.family
    data = data.take(curve)
    zero, yes = xp.zeros_like(data.power), xp.ones_like(data.power) > 0
    fixed = clipped(data.on_fixed, 0.0, np.inf)
    some = fixed > AS_GOOD_AS_NOTHING * data.length
    beside = (xp.where(some, 1.0, 0.0), zero, zero)
    theta = zero + xp.exp(family.log_theta[REACH])
    sse = data.power - fixed * fixed
    part = _solution((theta, zero, xp.where(some, fixed, 0.0)), sse, ((zero,) * 3, beside), (yes, ~yes), family)
    put(solution, curve, part)
    certain = xp.ones_like(solution.sse) > 0
    certain[curve[fixed >= family.fixed_limit * (1 - AS_GOOD_AS_NOTHING)]] = False
    return certain


def _solution(values, sse, covariances, flags, family: CurveFamily) -> Solution:
    """From coefficients and (co)variances of a1, log theta and, where it is free, a2 times the fixed curve's length."""
    theta, linear, fixed = values
    xp = namespace(theta)
    (at_edge, at_limit), (entries, beside) = flags, covariances
    covariance = xp.zeros_like(theta) + like(np.zeros((3, 3, 1)), theta)
    covariance[0, 0], covariance[0, 2], covariance[2, 2] = entries
    covariance[2, 0] = covariance[0, 2]
    if beside is not None:
        own, with_first, with_theta = beside
        covariance[1, 1] = own / family.fixed_norm**2
        covariance[0, 1] = covariance[1, 0] = with_first / family.fixed_norm
        covariance[1, 2] = covariance[2, 1] = with_theta / family.fixed_norm
    sse, no = clipped(sse, 0.0, np.inf), xp.zeros_like(at_edge)
    return Solution(theta, linear, fixed / family.fixed_norm, sse, covariance, at_edge, at_limit, no, ~no)


def _theta(optima: _Optima, tables: _Tables):
    centres = tables.family.log_theta[tables.family.scanned]
    return namespace(optima.s).exp(centres[optima.row % tables.cells] + optima.s * tables.unit)


def _highest(curve, height):
    """Indices of the highest of each curve's optima."""
    xp = namespace(height)
    if not len(curve):
        return curve
    alone = xp.bincount(curve)[curve] == 1
    several = _places(~alone)
    order = several[xp.argsort(height[several], stable=True)]
    order = order[xp.argsort(curve[order], stable=True)]
    last = xp.ones_like(alone[order])
    last[:-1] = curve[order][1:] != curve[order][:-1]
    return xp.concatenate([_places(alone), order[last]])


def _slices(row, rows: int) -> list[tuple[int, slice]]:
    """Number and slice of each row that occurs among sorted ones."""
    counts = namespace(row).bincount(row, minlength=rows).tolist()
    ends = np.cumsum(counts).tolist()
    return [(n, slice(end - count, end)) for n, (count, end) in enumerate(zip(counts, ends)) if count]


def _places(condition):
    """(m,) indices where an (n,) condition holds."""
    found = condition.nonzero()
    return found[0] if namespace(condition) is np else found[:, 0]


def _single(values):
    xp = namespace(values)
    return xp.asarray(values, dtype=xp.float32)


def _safe(length):
    return namespace(length).where(length > 0, length, 1.0)
