"""Bounded least squares of the two-compartment models, for very many curves at once.

The feasible set is scanned first: shapes of curves on a grid of both rates and
the share of the slow one, each at its best scale within the bounds of the
physical parameters. The best shape of each of several families then starts a
bounded descent in the logarithms of the physical parameters, in which the
valleys that flow, volume and permeability form are straight. All of it works on
the coordinates of the curves in the space of `tabulated_exponentials`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..arrays import as_numpy, clipped, contiguous, empty, like, namespace
from ..least_squares.bounded_gauss_newton import Descent, Linearised, Model, normal_equations, on_bounds
from ..least_squares.grid_peaks import promising_peaks
from ..least_squares.many_starts import best_descent, each_problem, lower
from ..signal.tabulated_exponentials import TabulatedExponentials
from .two_compartment_models import SMALLEST_VOLUME, TOGETHER, Exchange, exchange_of, pole_slopes, poles

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
MOST_STARTS = 12
UNDETERMINED, UNCERTAIN = 1e-14, 1e-3
# From one compartment: exchange as part of the flow, and the rates of interstitia as parts of the compartment's own.
NO_EXCHANGE, LITTLE, MUCH, SLOWER = 0.05, 0.01, 5.0, (3.0, 1.0, 0.3, 0.1, 0.01, 0.001)
SCANNED_AT_ONCE = 64  # curves
ROUGH = 12  # dimensions of the curves' space in which descents are told apart
NEARLY_MIXED = 1e-3  # part of the volume that is plasma where a descent starts from the fastest exchange


@dataclass(frozen=True)
class TwoCompartmentFamily:
    """What fitting one model to the curves of one series needs.

    upper : upper bounds of the P fitted parameters by name, flow and ps in 1/s.
    shapes : (R, S) float32 curves of unit length on a flattened grid. starts : (P, S) their parameters.
    reach : (S,) float32 largest length within the bounds, zero where there is none. kin : (S,) their family, -1 where
    there is none. axes : of the grid.
    """

    table: TabulatedExponentials
    upper: dict[str, float]
    shapes: np.ndarray
    starts: np.ndarray
    reach: np.ndarray
    kin: np.ndarray
    axes: tuple[int, ...]

    def beside(self, measured) -> TwoCompartmentFamily:
        """The same tables as arrays of the kind, and on the device, of the measurements."""
        arrays = {name: like(getattr(self, name), measured) for name in ("shapes", "starts", "reach")}
        return self if namespace(measured) is np else replace(self, table=self.table.beside(measured), **arrays)

    @property
    def soft(self) -> np.ndarray:
        return np.array([SOFT[name] for name in self.upper])

    @property
    def low(self) -> np.ndarray:
        return np.array([LOWEST[name] for name in self.upper])

    @property
    def high(self) -> np.ndarray:
        return np.array(list(self.upper.values()))


@dataclass(frozen=True)
class TwoCompartmentSolution:
    """Optimum of each of n curves.

    parameters : (n,) arrays by name, flow and ps in 1/s; exactly zero or the
    upper bound where they rest there.
    variances : (n,) arrays by name for unit noise variance; zero on a bound,
    infinite where the data do not determine them.
    sse : (n,); converged : (n,) bool
    """

    parameters: dict[str, np.ndarray]
    variances: dict[str, np.ndarray]
    sse: np.ndarray
    converged: np.ndarray


def two_compartment_family(table: TabulatedExponentials, upper: dict[str, float]) -> TwoCompartmentFamily:
    """Prepare the fit of one model.

    Parameters
    ----------
    table : TabulatedExponentials
    upper : dict
        Upper bounds of the fitted parameters, of ``flow``, ``ps``, ``ve``,
        ``vp`` in this order. Without ``ve`` nothing returns (the uptake
        model); without ``ps`` too there is one compartment of volume ``vp``.
    """
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
    length = np.linalg.norm(curves, axis=1)
    shape = exchange_of(fast, slow, share)._asdict()
    starts = np.stack([shape[name] for name in upper]) / length
    reach = (np.array(list(upper.values()))[:, None] / np.maximum(starts, 1e-300)).min(axis=0)
    kin = np.where(apart, 4 * np.digitize(fast, FAST_CUTS) + 2 * (slow > SLOW_CUT) + (share > SHARE_CUT), -1)
    return TwoCompartmentFamily(
        table=table,
        upper=dict(upper),
        shapes=np.ascontiguousarray((curves / length[:, None]).T.astype(np.float32)),
        starts=starts,
        reach=np.where(apart, np.minimum(reach, 1e30), 0.0).astype(np.float32),
        kin=kin,
        axes=axes[0].shape,
    )


def solve_two_compartment(measured: np.ndarray, family: TwoCompartmentFamily) -> TwoCompartmentSolution:
    """Fit the model to each of (T, n) finite curves, within 0 and the upper bounds.

    Torch tensors are fitted where they lie; the bounds stay numpy arrays.
    """
    xp = namespace(measured)
    measured = xp.asarray(measured, dtype=xp.float64)
    family = family.beside(measured)
    coordinates = contiguous((family.table.basis.T @ measured).T)
    outside = measured - family.table.basis @ coordinates.T
    low, high = np.log(family.low + family.soft), np.log(family.high + family.soft)
    soft, lowest, highest = (like(values[:, None], measured) for values in (family.soft, low, high))
    model = _model(family, coordinates)
    starts, problem = _starts(coordinates, family)
    starts = clipped(xp.log(starts + soft), lowest, highest)
    power = xp.einsum("tn,tn->n", measured, measured)
    rough_family = replace(family, table=family.table.leading(ROUGH))
    rough = _model(rough_family, contiguous(coordinates[:, :ROUGH]))
    descent = best_descent(model, starts, problem, low, high, power=power, rough=rough)
    if "ve" in family.upper:
        descent = _second_compartment_tried(model, descent, family, (low, high), power)
    at_low, at_high = on_bounds(descent.parameters, lowest, highest)
    variances = _variances(model, descent, at_low | at_high)
    parameters = _physical(family, descent.parameters)
    # Exactly: rounding of the logarithm would hide that a bound was reached.
    parameters[at_low] = 0.0
    parameters = xp.where(at_high, like(family.high[:, None], measured), parameters)
    return TwoCompartmentSolution(
        parameters=dict(zip(family.upper, parameters)),
        variances=dict(zip(family.upper, variances)),
        sse=descent.sse + xp.einsum("tn,tn->n", outside, outside),
        converged=descent.converged,
    )


def _starts(coordinates: np.ndarray, family: TwoCompartmentFamily) -> tuple[np.ndarray, np.ndarray]:
    """(P, m) parameters of the promising shapes, and the (m,) curves they are for; one start more for exchange."""
    xp = namespace(coordinates)
    members = [like(np.flatnonzero(family.kin == kin), coordinates) for kin in np.unique(family.kin[family.kin >= 0])]
    power = xp.einsum("nr,nr->n", coordinates, coordinates)
    starts, problems = [], []
    # The cache matters to a processor only.
    size = SCANNED_AT_ONCE if xp is np else len(coordinates)
    for first in range(0, len(coordinates), size):
        some = slice(first, first + size)
        projection = xp.asarray(coordinates[some], dtype=xp.float32) @ family.shapes
        scale = clipped(projection, 0.0, family.reach)
        gain = scale * (2 * projection - scale)
        curve, place = promising_peaks(gain.reshape(-1, *family.axes), power[some], most=MOST_STARTS, families=members)
        starts.append(family.starts[:, place] * scale[curve, place])
        problems.append(first + curve)
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
    flow, _, ve, vp = _physical(family, descent.parameters[:, single])
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


def _physical(family: TwoCompartmentFamily, logarithms: np.ndarray) -> np.ndarray:
    values = namespace(logarithms).exp(logarithms) - like(family.soft[:, None], logarithms)
    return clipped(values, *(like(bound[:, None], logarithms) for bound in (family.low, family.high)))


def _model(family: TwoCompartmentFamily, coordinates: np.ndarray) -> Model:
    """Residuals in the space of the table, and their derivatives by the logarithms of the parameters."""
    soft = like(family.soft[:, None], coordinates)
    xp = namespace(coordinates)

    def at(logarithms: np.ndarray, problems: np.ndarray) -> Linearised:
        values = _physical(family, logarithms)
        absent = {"ps": 0.0, "ve": np.inf}
        filled = {name: xp.full_like(values[0], value) for name, value in absent.items()}
        exchange = Exchange(**(filled | dict(zip(family.upper, values))))
        curve, jacobian = _curve_and_slopes(family, exchange)
        jacobian *= (values + soft)[..., None]
        return Linearised(curve - coordinates[problems], jacobian)

    return at


def _curve_and_slopes(family: TwoCompartmentFamily, exchange: Exchange) -> tuple[np.ndarray, np.ndarray]:
    """(n, R) curves and their (P, n, R) derivatives by the fitted parameters."""
    pole = poles(exchange)
    fast_curve, fast_slope = family.table.at(pole.fast)
    slow_curve, slow_slope = family.table.at(pole.slow)
    gap = pole.fast - pole.slow
    apart = gap > TOGETHER * pole.fast
    xp = namespace(gap)
    per_gap = xp.where(apart, 1 / xp.where(apart, gap, 1.0), 0.0)[:, None]
    difference = xp.where(apart[:, None], (slow_curve - fast_curve) * per_gap, -fast_slope)
    flow, excess = exchange.flow[:, None], pole.excess[:, None]
    shape = fast_curve + excess * difference
    by_fast = flow * (fast_slope - excess * (fast_slope + difference) * per_gap)
    # The excess is beta - K-, so that a larger K- takes the difference away once more.
    by_slow = flow * (excess * (slow_slope + difference) * per_gap - difference)
    by_beta = flow * difference
    slopes = pole_slopes(exchange, pole)
    jacobian = empty((len(family.upper), *shape.shape), shape)
    for n, name in enumerate(family.upper):
        fast, slow, beta = (slope[:, None] for slope in slopes[name])
        xp.multiply(by_fast, fast, out=jacobian[n])
        jacobian[n] += slow * by_slow
        jacobian[n] += beta * by_beta
        if name == "flow":
            jacobian[n] += shape
    return flow * shape, jacobian


def _variances(model: Model, descent: Descent, held: np.ndarray) -> np.ndarray:
    """(P, n) variances of the physical parameters for unit noise; zero for those held on a bound."""
    xp, everything = namespace(descent.sse), like(np.arange(len(descent.sse)), descent.sse)
    _, curvature, _ = normal_equations(model(descent.parameters, everything))
    free = ~held
    size = xp.sqrt(xp.einsum("iin->in", curvature))
    size = xp.where(free & (size > 0), size, 1.0)
    matrix = xp.where(free[:, None] & free[None], curvature / (size[:, None] * size[None]), 0.0)
    for i in range(len(matrix)):
        matrix[i, i] = 1.0
    values, vectors = xp.linalg.eigh(xp.moveaxis(matrix, -1, 0))
    # Rounding leaves eigenvalues of 1e-16 where a combination of parameters is not determined at all.
    variance = xp.einsum("nik,nk->in", vectors**2, 1 / clipped(values, UNDETERMINED, np.inf))
    scale = xp.exp(descent.parameters) / size
    undetermined = variance > UNCERTAIN / UNDETERMINED
    return xp.where(held, 0.0, xp.where(undetermined, np.inf, variance * scale * scale))
