"""Bounded descents of the two-compartment models from the most promising of many shapes.

The feasible set is scanned first: shapes of curves on a grid of both rates and
the share of the slow one, each at its best scale within the bounds of the
physical parameters. The best shape of each of several families then starts a
bounded descent in the logarithms of the physical parameters, in which the
valleys that flow, volume and permeability form are straight.
"""

from __future__ import annotations

import numpy as np

from ...arrays import as_numpy, clipped, contiguous, like, namespace
from ...least_squares.bounded_gauss_newton import Descent, Model
from ...least_squares.grid_peaks import promising_peaks
from ...least_squares.many_starts import best_descent, each_problem, lower
from .family import TwoCompartmentFamily
from .linearised import model_of, physical

MOST_STARTS = 12
# From one compartment: exchange as part of the flow, and the rates of interstitia as parts of the compartment's own.
NO_EXCHANGE, LITTLE, MUCH, SLOWER = 0.05, 0.01, 5.0, (3.0, 1.0, 0.3, 0.1, 0.01, 0.001)
SCANNED_AT_ONCE = 64  # curves
ROUGH = 12  # dimensions of the curves' space in which descents are told apart
NEARLY_MIXED = 1e-3  # part of the volume that is plasma where a descent starts from the fastest exchange


def best_bounded_descent(coordinates: np.ndarray, family: TwoCompartmentFamily, power) -> Descent:
    """The best of several descents for each of (n, R) curves whose (n,) sums of squares are given."""
    xp = namespace(coordinates)
    low, high = family.logarithmic_bounds
    soft, lowest, highest = (like(values[:, None], coordinates) for values in (family.soft, low, high))
    model = model_of(family, coordinates)
    starts, problem = _starts(coordinates, family)
    starts = clipped(xp.log(starts + soft), lowest, highest)
    rough = model_of(family.leading(ROUGH), contiguous(coordinates[:, :ROUGH]))
    descent = best_descent(model, starts, problem, low, high, power=power, rough=rough)
    if "ve" in family.upper:
        descent = _second_compartment_tried(model, descent, family, (low, high), power)
    return descent


def _starts(coordinates: np.ndarray, family: TwoCompartmentFamily) -> tuple[np.ndarray, np.ndarray]:
    """(P, m) parameters of the promising shapes, and the (m,) curves they are for; one start more for exchange."""
    xp = namespace(coordinates)
    members = [like(np.flatnonzero(family.kin == kin), coordinates) for kin in np.unique(family.kin[family.kin >= 0])]
    power = xp.einsum("nr,nr->n", coordinates, coordinates)
    starts, problems = [], []
    # The cache matters to a processor only.
    size = SCANNED_AT_ONCE if xp is np else len(coordinates)
    for some, shapes in family.scans(len(coordinates), size):
        projection = xp.asarray(coordinates[some], dtype=xp.float32) @ shapes.unit
        scale = clipped(projection, 0.0, shapes.reach)
        gain = scale * (2 * projection - scale)
        curve, place = promising_peaks(gain.reshape(-1, *family.axes), power[some], most=MOST_STARTS, families=members)
        starts.append(shapes.starts[:, place] * scale[curve, place])
        problems.append(some.start + curve)
    starts, problem = xp.concatenate(starts, axis=1), xp.concatenate(problems)
    if "ve" not in family.upper:
        return starts, problem
    # The first of each curve is the best.
    best = xp.searchsorted(problem, like(np.arange(len(coordinates)), coordinates))
    mixed = _nearly_mixed(starts[:, best], family)
    return xp.concatenate([starts, mixed], axis=1), xp.concatenate([problem, problem[best]])


def _second_compartment_tried(model: Model, descent: Descent, family: TwoCompartmentFamily, bounds, power) -> Descent:
    """Descents that ended in one compartment, once more from a little exchange with interstitia of several rates.

    Where one of ps, ve and vp is zero another has no slope: a descent cannot leave on its own.
    """
    xp = namespace(descent.sse)
    low, high, soft = (like(values[:, None], descent.sse) for values in (*bounds, family.soft))
    alone = xp.amin((descent.parameters - low)[1:], axis=0) < NO_EXCHANGE
    if not alone.any():
        return descent
    single = like(np.flatnonzero(as_numpy(alone)), descent.sse)
    flow, _, ve, vp = physical(family, descent.parameters[:, single])
    volume = xp.maximum(vp, ve)
    starts = [xp.stack([flow, LITTLE * flow, LITTLE * volume / part, volume]) for part in SLOWER]
    starts.append(xp.stack([flow, MUCH * flow, volume, LITTLE * volume]))
    logarithms = clipped(xp.log(xp.stack(starts) + soft), low, high)
    again = best_descent(
        lambda parameters, problems: model(parameters, single[problems]),
        *each_problem(logarithms),
        *bounds,
        power=power[single],
    )
    better = lower(again.sse, descent.sse[single], power[single])
    for whole, part in zip(descent, again):
        whole[..., single[better]] = part[..., better]
    return descent


def _nearly_mixed(start: np.ndarray, family: TwoCompartmentFamily) -> np.ndarray:
    """(P, n) the same flow and whole volume at the fastest exchange, almost all of it interstitium."""
    # Between there and a start on the grid lies a ridge: one compartment, divided either way.
    flow, _, ve, vp = start
    xp, volume = namespace(flow), ve + vp
    ps = xp.full_like(flow, family.upper["ps"])
    return xp.stack([flow, ps, (1 - NEARLY_MIXED) * volume, NEARLY_MIXED * volume])
