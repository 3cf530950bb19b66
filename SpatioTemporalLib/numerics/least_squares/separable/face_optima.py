"""Parameters and their covariance at optima on the faces of the bounds."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...arrays import clipped, like, namespace
from ...signal.local_polynomials import REACH
from .curve_family import CurveFamily
from .newton_search import CompressedData, Optima, Tables
from .solution import AS_GOOD_AS_NOTHING, Solution, put


class OnFace(NamedTuple):
    """Solutions on one face of the bounds, and which of them lie beyond it or are pushed off it.

    turns_limit, turns_fixed : (m,) bool, whether a1 leaves its limit, or comes to it; whether a2 leaves zero, or comes
    to it. beyond : (m,) bool, whether a2 exceeds its limit.
    """

    solution: Solution
    turns_limit: np.ndarray
    turns_fixed: np.ndarray
    beyond: np.ndarray


def free_optima(optima: Optima, data: CompressedData, tables: Tables, with_fixed: bool) -> OnFace:
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
    return OnFace(part, turns_limit, *_leaves(fixed, push, least, family))


def limited_optima(optima: Optima, data: CompressedData, tables: Tables, with_fixed: bool) -> OnFace:
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
    return OnFace(
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


def put_nothing(solution: Solution, curve, data: CompressedData, tables: Tables):
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


def _theta(optima: Optima, tables: Tables):
    centres = tables.family.log_theta[tables.family.scanned]
    return namespace(optima.s).exp(centres[optima.row % tables.cells] + optima.s * tables.unit)
