"""Newton's steps to the pairs of exponentials that fit very many curves best, each from a place of its own."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .pair_grid import PairGrid
from .table_slopes import dot

AT_ONCE = 1024  # searches whose arrays stay in the processor's cache
STEPS, FARTHEST = 30, 0.7
ENOUGH, ENOUGH_AT_ZERO = 1e-9, 1e-22  # of the sum of squares, and of the power, that a step still promises
# A curvature below this part of the model's own is none to rely on.
LEAST_CURVED = 1e-3
# Other pairs are looked for where so much of a curve is not that of the kept one, so many places of the grid away,
# where the sum of squares may be larger by no more than this part.
NO_ROOM, APART, AS_GOOD = 1e-6, 1.5, 0.05
FIRST_DAMPING, LEAST_DAMPING, MOST_DAMPING = 1e-3, 1e-9, 1e6


class Pairs(NamedTuple):
    """Where m searches ended: (m,) numbers of the curves that they are for; (2, m) places in the table, and amplitudes
    there; (m,) sums of squares in the space of the table; whether it is an optimum with both amplitudes above zero."""

    curve: np.ndarray
    u: np.ndarray
    amplitude: np.ndarray
    sse: np.ndarray
    settled: np.ndarray


class _Place(NamedTuple):
    """Where a search stands; (2, m) half the gradient of the sum of squares by the places, the amplitudes eliminated,
    (3, m) half its curvature, and that of the model alone, which is never negative."""

    u: np.ndarray
    amplitude: np.ndarray
    sse: np.ndarray
    gradient: np.ndarray
    curvature: np.ndarray
    rough: np.ndarray


def searched_pairs(coordinates: np.ndarray, curve: np.ndarray, start: np.ndarray, grid: PairGrid) -> Pairs:
    """Optima near (2, m) places in the table, for the (m,) numbers among (n, R) curves."""
    parts = []
    for begin in range(0, len(curve), AT_ONCE):
        some = slice(begin, begin + AT_ONCE)
        parts.append(_searched(coordinates[curve[some]], curve[some], np.clip(start[:, some], 0.0, grid.highest), grid))
    if not parts:
        none = np.zeros((2, 0))
        return Pairs(curve, none, none, none[0], none[0] > 0)
    return Pairs(*(np.concatenate(values, axis=-1) for values in zip(*parts)))


def other_partners(coordinates, anchor: np.ndarray, partner: np.ndarray, sse: np.ndarray, grid: PairGrid):
    """Pairs beside found ones that share nearly one of their places and may be as good.

    Parameters
    ----------
    coordinates : (n, R)
    anchor, partner : (n,) places of the found pairs, of which the first is kept; infinite where it is alone
    sse : (n,) sums of squares of these

    Returns
    -------
    (m,) numbers of the curves, (2, m) places

    Notes
    -----
    Along the grid the other place is free, and the kept one follows as far as
    its slope tells: between the places of a grid of both it would hide the rest.
    """
    everyone = np.arange(len(coordinates))
    value, slope, _ = grid.slopes(anchor, everyone)
    kept = value / np.sqrt(dot(value, value))[:, None]
    slope = slope - dot(slope, kept)[:, None] * kept
    slope /= np.maximum(np.sqrt(dot(slope, slope)), 1e-300)[:, None]
    left, room = coordinates, 1.0
    for taken in (kept, slope):
        left, room = left - dot(left, taken)[:, None] * taken, room - grid.along(taken, everyone) ** 2
    along = np.maximum(grid.along(left, everyone), 0.0)
    gain = np.where(room > NO_ROOM, along**2 / np.maximum(room, NO_ROOM), 0.0)
    peak = gain > 0
    peak[:, 1:] &= gain[:, 1:] >= gain[:, :-1]
    peak[:, :-1] &= gain[:, :-1] >= gain[:, 1:]
    step = grid.u[1] - grid.u[0]
    peak &= np.abs(grid.u - partner[:, None]) > APART * step
    peak &= dot(left, left)[:, None] - gain <= (1 + AS_GOOD) * sse[:, None]
    number, place = np.nonzero(peak)
    return number, np.stack([grid.u[place], anchor[number]])


def _searched(measured: np.ndarray, curve: np.ndarray, start: np.ndarray, grid: PairGrid) -> Pairs:
    power = dot(measured, measured)
    at, active, damping = _evaluated(measured, curve, start, grid), np.arange(len(curve)), np.full(len(curve), 1e-3)
    whole = Pairs(curve, at.u.copy(), at.amplitude.copy(), at.sse.copy(), power < 0)
    for _ in range(STEPS):
        step, promise, convex = _step(at, damping, grid.highest)
        done = convex & (promise <= ENOUGH * at.sse + ENOUGH_AT_ZERO * power[active])
        whole.settled[active[done]] = (at.amplitude[:, done] > 0).all(axis=0)
        going = ~done & (damping < MOST_DAMPING)
        if not going.any():
            break
        if not going.all():
            at = _Place(*(values[..., going] for values in at))
            active, damping, step, measured = active[going], damping[going], step[:, going], measured[going]
        trial = _evaluated(measured, curve[active], np.clip(at.u + step, 0.0, grid.highest), grid)
        better = (trial.sse < at.sse) & (trial.amplitude > 0).all(axis=0)
        at = _Place(*(np.where(better, new, old) for new, old in zip(trial, at)))
        damping = np.where(better, np.maximum(damping / 10, LEAST_DAMPING), np.maximum(damping * 10, FIRST_DAMPING))
        whole.u[:, active], whole.amplitude[:, active], whole.sse[active] = at.u, at.amplitude, at.sse
    return whole


def _step(at: _Place, damping: np.ndarray, highest: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(2, m) steps, Newton's where the sum of squares is convex; what they promise, and whether it is."""
    # A place at an end of the table stays there while it is pushed outwards.
    held = (at.u <= 0) & (at.gradient > 0) | (at.u >= highest) & (at.gradient < 0)
    (a, b), free = np.where(held, 0.0, at.gradient), ~held
    (curved_a, across, curved_b), (rough_a, both, rough_b) = at.curvature, at.rough
    apart = free.all(axis=0)
    convex = (held[0] | (curved_a > LEAST_CURVED * rough_a)) & (held[1] | (curved_b > LEAST_CURVED * rough_b))
    with np.errstate(over="ignore", invalid="ignore"):
        convex &= held.any(axis=0) | (curved_a * curved_b - across * across > LEAST_CURVED * curved_a * curved_b)
    h_a, h_ab, h_b = (np.where(convex, h, r) for h, r in ((curved_a, rough_a), (across, both), (curved_b, rough_b)))
    # Without a convex curvature steps are short of what the model alone asks for.
    more = np.where(convex, np.where(damping > FIRST_DAMPING, damping, 0.0), np.maximum(damping, 10 * FIRST_DAMPING))
    h_a, h_b = np.where(free[0], h_a * (1 + more), 1.0) + 1e-300, np.where(free[1], h_b * (1 + more), 1.0) + 1e-300
    h_ab = np.where(apart, h_ab, 0.0)
    step = np.stack([h_ab * b - h_b * a, h_ab * a - h_a * b]) / np.maximum(h_a * h_b - h_ab * h_ab, 1e-300)
    promise = -(step[0] * a + step[1] * b)
    return step * np.minimum(1.0, FARTHEST / np.maximum(np.abs(step).max(axis=0), 1e-300)), promise, convex


def _evaluated(measured: np.ndarray, curve: np.ndarray, u: np.ndarray, grid: PairGrid) -> _Place:
    (a, a1, a2), (b, b1, b2) = (grid.slopes(each, curve) for each in u)
    aa, ab, bb = dot(a, a), dot(a, b), dot(b, b)
    on_a, on_b = dot(measured, a), dot(measured, b)
    determinant = np.maximum(aa * bb - ab * ab, 1e-300)
    p, q = (bb * on_a - ab * on_b) / determinant, (aa * on_b - ab * on_a) / determinant
    left = p[:, None] * a
    left += q[:, None] * b
    left -= measured
    of_a, of_b = dot(left, a1), dot(left, b1)
    own = p * p * dot(a1, a1), p * q * dot(a1, b1), q * q * dot(b1, b1)
    # By place and amplitude; where amplitudes follow the places, that is taken out.
    a_pa, a_qa, b_pb, b_qb = p * dot(a, a1), p * dot(b, a1), q * dot(a, b1), q * dot(b, b1)

    def eliminated(bent_a, bent_b):
        to_p, to_q = (a_pa + bent_a, b_pb), (a_qa, b_qb + bent_b)

        def of(i, j):
            mixed = to_p[i] * to_q[j] + to_q[i] * to_p[j]
            return (bb * to_p[i] * to_p[j] - ab * mixed + aa * to_q[i] * to_q[j]) / determinant

        return own[0] - of(0, 0), own[1] - of(0, 1), own[2] - of(1, 1)

    full = eliminated(of_a, of_b)
    curvature = full[0] + p * dot(left, a2), full[1], full[2] + q * dot(left, b2)
    rough = eliminated(0.0, 0.0)
    return _Place(
        u, np.stack([p, q]), dot(left, left), np.stack([p * of_a, q * of_b]), np.stack(curvature), np.stack(rough)
    )
