"""Bounded descents of very many curves at delays of their input, each at the delay where it ends lowest."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..bounded_gauss_newton import Descent
from ..many_starts import lower
from .delay_search import REFINEMENTS, Delays

Begun = tuple[np.ndarray, np.ndarray]
Descended = Callable[[np.ndarray, np.ndarray, Begun | None], Descent]
"""From the (m,) numbers of curves, their (m,) delays in finest steps, of which equal ones stand together, and (P, m)
starts with (m,) sums of squares that they have to come below to be of use, or None for the best of many starts:
descents with whole sums of squares."""


def descents_over_delays(
    descended: Descended, begin: np.ndarray, likely: np.ndarray, delays: Delays, power: np.ndarray, size: int
) -> tuple[np.ndarray, Descent]:
    """The (n,) delays, in finest steps, at which descents end lowest, and these.

    Parameters
    ----------
    begin, likely : (n,) arrays, finest steps
        Where descents from many starts begin, and where they are tried too.
    power : (n,) sums of squares of the curves. size : number of parameters.
    """
    unit, count = begin.copy(), len(power)
    at = Descent(np.empty((size, count)), np.full(count, np.inf), np.zeros(count), np.zeros(count, bool))

    def tried(curves: np.ndarray, there: np.ndarray, again: bool) -> None:
        if not curves.size:
            return
        order = np.argsort(there, kind="stable")
        curves, there = curves[order], there[order]
        found = descended(curves, there, (at.parameters[:, curves], at.sse[curves]) if again else None)
        better = lower(found.sse, at.sse[curves], power[curves])
        unit[curves[better]] = there[better]
        for values, new in zip(at, found):
            values[..., curves[better]] = new[..., better]

    tried(np.arange(count), unit.copy(), False)
    other = np.flatnonzero(np.abs(likely - unit) > delays.step / 2)
    tried(other, likely[other], True)
    # What is scanned is too coarse to tell the best delay from its neighbours.
    for level in range(REFINEMENTS, -1, -1):
        for shift in (-(2**level), 2**level):
            inside = np.flatnonzero((unit + shift >= 0) & (unit + shift <= delays.last))
            tried(inside, unit[inside] + shift, True)
    return unit, at
