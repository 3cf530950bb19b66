"""Optima of very many curves by Newton steps in few coordinates, where these decide.

First the coefficients are allowed anything. Where the best of such optima keeps
the bounds nothing within them can be better, and it is taken. The other curves
are scanned within the bounds, and each optimum seen is refined on the face of
the bounds that it lies on. What is not settled then, because an optimum changes
its face or Newton's steps do not settle, is left to another search.
"""

from __future__ import annotations

import numpy as np

from ...arrays import empty, namespace, places
from ..box_quadratic import best_coefficients
from .compressed_family import FACES, CompressedFamily
from .curve_family import CurveFamily
from .face_optima import OnFace, free_optima, limited_optima, put_nothing
from .newton_search import (
    UNSEEN,
    CompressedData,
    Optima,
    Tables,
    highest_of_each,
    nonzero,
    peaks,
    refined,
    single,
)
from .solution import AS_GOOD_AS_NOTHING, Solution, put, take, unsolved

ATTEMPTS = 5  # to find the face of the bounds that an optimum lies on


def solve_compressed(measured, family: CurveFamily, compressed: CompressedFamily) -> tuple[Solution, np.ndarray]:
    """Optima of (T, n) measured curves, and the indices of those that are left open.

    Both tables are arrays of the kind of the measurements, which are float64.
    """
    xp = namespace(measured)
    tables = Tables(family, compressed)
    coordinates = compressed.basis.T @ measured
    power = xp.einsum("tn,tn->n", measured, measured)
    on_fixed = xp.zeros_like(power) if family.fixed is None else coordinates[0]
    data = CompressedData(coordinates, on_fixed, power, xp.sqrt(power))
    solution, solved = _solve_unbounded(data, tables)
    rest = places(~solved)
    if len(rest):
        part = unsolved(power[rest])
        solved = _solve_bounded(part, data.take(rest), tables)
        put(solution, rest, part)
        rest = rest[~solved]
    return solution, rest


def _solve_unbounded(data: CompressedData, tables: Tables):
    """Optima without bounds of all curves, and (n,) bool of those that keep the bounds all the same."""
    xp, compressed = namespace(data.power), tables.compressed
    with_fixed = tables.family.fixed is not None
    scan = single(compressed.seen) @ single(data.coordinates / nonzero(data.length))
    curve, cell, start = peaks(scan)
    optima = refined(data, tables, curve, cell + FACES.index((with_fixed, False)) * tables.cells, start)
    solved = xp.ones_like(data.power, dtype=bool if xp is np else xp.bool)
    solved[curve[~optima.settled]] = False
    # In the order of the curves, each of which has one that is highest.
    highest = highest_of_each(curve, optima.height)
    place = empty(len(highest), highest)
    place[curve[highest]] = highest
    found = free_optima(optima.take(place), data, tables, with_fixed)
    solved &= ~(found.turns_limit | found.turns_fixed | found.beyond)
    return found.solution, solved


def _solve_bounded(solution: Solution, data: CompressedData, tables: Tables):
    """Write the optima found by a scan within the bounds; (n,) bool of the curves all of whose optima are certain."""
    xp = namespace(data.power)
    scanned, limit = _scanned_within_bounds(data, tables)
    curve, cell, start = peaks(scanned.gain)
    first, limit = scanned.first[cell, curve], limit[cell, curve]
    second = scanned.second[cell, curve] if tables.family.fixed is not None else xp.zeros_like(first)
    open_ = first > AS_GOOD_AS_NOTHING
    certain = put_nothing(solution, curve[~open_], data, tables)
    limited, beside = first >= limit * (1 - UNSEEN), second > UNSEEN
    for _ in range(ATTEMPTS):
        active = places(open_)
        if not len(active):
            break
        row = cell[active] + tables.cells * (2 * limited[active] + 1 * beside[active])
        order = xp.argsort(row, stable=True)
        active, row = active[order], row[order]
        optima = refined(data, tables, curve[active], row, start[active])
        for number, (with_fixed, at_limit) in enumerate(FACES):
            on_face = places(row // tables.cells == number)
            if not len(on_face):
                continue
            of_face, tried = optima.take(on_face), active[on_face]
            found = (limited_optima if at_limit else free_optima)(of_face, data.take(of_face.curve), tables, with_fixed)
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


def _scanned_within_bounds(data: CompressedData, tables: Tables):
    """Best coefficients of curves of unit length at the scanned points, and the limits of the first: (C, n) each."""
    xp, (family, compressed) = namespace(data.power), tables
    length = nonzero(data.length)
    seen = single(data.coordinates / length)
    log_norm, overlap = family.tables[:2, 0, :]
    limit = xp.exp(family.log_theta[family.scanned] + log_norm) * family.slope_limit
    limit = single(limit)[:, None] * single(1 / length)
    return best_coefficients(
        single(compressed.curves) @ seen,
        seen[0] if family.fixed is not None else None,
        single(overlap)[:, None],
        limit,
        single(family.fixed_limit / length),
    ), limit


def _put_better(solution: Solution, optima: Optima, found: OnFace) -> None:
    """Write the settled optima that keep the bounds where they are better than what is there."""
    part, curve = found.solution, optima.curve
    kept = places(optima.settled & ~(found.turns_limit | found.turns_fixed | found.beyond))
    kept = kept[highest_of_each(curve[kept], -part.sse[kept])]
    kept = kept[part.sse[kept] < solution.sse[curve[kept]]]
    put(solution, curve[kept], take(part, kept))
