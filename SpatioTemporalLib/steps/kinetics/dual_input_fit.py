"""Fit of one compartment with an arterial and a portal venous inlet, each with a delay."""

from __future__ import annotations

import numpy as np

from ...data.curve import Curve
from ...numerics.kinetics.delayed_curves import DelayedInput, delayed_input
from ...numerics.kinetics.two_compartment.models import PER_SECOND
from ...numerics.least_squares.scanned_descent import ScannedModel, ScannedSolution, scan_shapes, solve_scanned
from ...numerics.signal.frame_sampling import FrameSampling
from ...numerics.statistics.error_propagation import propagated_error
from ..voxels.fit_status import FitStatus
from .kinetic_model import Estimates, KineticModel

DELAYS_OF = ("arterial_delay", "portal_delay")
UNITS = {"fp": "mL/100mL/min", "arterial_fraction": "1", "v": "1", "mtt": "s", **dict.fromkeys(DELAYS_OF, "s")}
# Added before the logarithm of both flows and the efflux rate in 1/s, and of the delays in s.
SOFT = np.array([1e-5, 1e-5, 1e-5, 10.0, 10.0])
# What is scanned: efflux rates in 1/s, arterial fractions, and delays in parts of the largest.
RATES, FRACTIONS = np.geomspace(2e-3, 2.0, 15), (0.0, 0.04, 0.15, 0.35, 0.65, 0.85, 0.96, 1.0)
DELAYS = (0.0, 0.17, 0.35, 0.57, 0.8, 1.0)
RATE_CUT = 0.04
IN_CACHE = 128  # curves whose working arrays stay in the processor's cache


def dual_input_model(portal: Curve, *, fp_max: float, mtt_max: float, largest_delay: float) -> KineticModel:
    """The liver as one compartment; flows in mL/100mL/min, times in s.

    Materne et al., Magn Reson Med 47:135 (2002).
    """
    # One over the mean transit time may not fall below its bound; faster than ten a second nothing is seen.
    low = np.array([0.0, 0.0, 1 / mtt_max, 0.0, 0.0])
    second = portal.times, portal.values
    high = np.array([fp_max * PER_SECOND] * 2 + [10.0] + [largest_delay] * 2)

    def prepare(input_times, plasma, sampling):
        inlets = [delayed_input(*inlet, sampling.times) for inlet in ((input_times, plasma), second)]
        model = ScannedModel(
            curves=lambda values: sampling.frames(_curves(inlets, values)),
            slopes=lambda values: _slopes(inlets, sampling, values),
            low=low,
            high=high,
            soft=SOFT,
            scaled=np.array([True, True, False, False, False]),
            **_grid(largest_delay),
        )
        shapes = scan_shapes(model)
        return lambda curves: _estimates(solve_scanned(curves, model, shapes), model)

    def curve(input_times, plasma, times, values):
        inlets = [delayed_input(*inlet, times) for inlet in ((input_times, plasma), second)]
        flow, share = values["fp"] * PER_SECOND, values["arterial_fraction"]
        rate = 1 / np.maximum(values["mtt"], 1e-3)
        given = [flow * share, flow * (1 - share), rate, values["arterial_delay"], values["portal_delay"]]
        return _curves(inlets, np.stack(given))

    return KineticModel(UNITS, 5 if largest_delay > 0 else 3, prepare, curve, cost=500.0)


def _grid(largest_delay: float) -> dict[str, np.ndarray]:
    delays = np.multiply(DELAYS, largest_delay) if largest_delay > 0 else np.zeros(1)
    axes = np.meshgrid(RATES, FRACTIONS, delays, delays, indexing="ij")
    rate, share, arterial, portal = axes
    grid = np.stack([share, 1 - share, rate, arterial, portal])
    return {"grid": grid, "kin": 3 * (rate > RATE_CUT) + (share > 0) + (share == 1)}


def _curves(inlets: list[DelayedInput], parameters: np.ndarray) -> np.ndarray:
    """(n, T) curves for (5, n) arterial and portal flow, efflux rate (1/s) and both delays (s)."""
    pieces = np.split(parameters, range(IN_CACHE, parameters.shape[1], IN_CACHE), axis=1)
    whole = []
    for arterial_flow, portal_flow, rate, *delays in pieces:
        flows = (arterial_flow, portal_flow)
        parts = [inlet.at_delay(*inlet.exponential(rate), delay) for inlet, delay in zip(inlets, delays)]
        whole.append(sum(flow[:, None] * part for flow, part in zip(flows, parts)))
    return np.concatenate(whole)


def _slopes(inlets: list[DelayedInput], sampling: FrameSampling, parameters: np.ndarray):
    """(n, T) frames of what `_curves` gives, and their (5, n, T) derivatives by the parameters."""
    pieces = np.split(parameters, range(IN_CACHE, parameters.shape[1], IN_CACHE), axis=1)
    curves = np.empty((parameters.shape[1], len(sampling.frames(sampling.times))))
    derivatives = np.empty((5, *curves.shape))
    first = 0
    for piece in pieces:
        here = slice(first, first := first + piece.shape[1])
        flows, rate, delays = piece[:2], piece[2], piece[3:]
        derivatives[2, here] = 0.0
        for number, inlet in enumerate(inlets):
            flow = flows[number][:, None]
            values, slopes, by_rate, slope_by_rate = inlet.by_rate(rate)
            places = inlet.places(delays[number], values.shape[1] if len(values) > 1 else 0)
            passing, entering = places.value_and_slope(values, slopes)
            derivatives[number, here] = sampling.frames(passing)
            derivatives[2, here] += flow * sampling.frames(places.value(by_rate, slope_by_rate))
            derivatives[3 + number, here] = -flow * sampling.frames(entering)
        curves[here] = sum(flow[:, None] * part for flow, part in zip(flows, derivatives[:2, here]))
    return curves, derivatives


def _estimates(solution: ScannedSolution, model: ScannedModel) -> Estimates:
    arterial, portal, rate, *delays = solution.parameters
    flow = arterial + portal
    with np.errstate(divide="ignore", invalid="ignore"):
        share = arterial / flow
        values = {"fp": flow / PER_SECOND, "arterial_fraction": share, "v": flow / rate, "mtt": 1 / rate}
        errors = _errors(solution.covariance, flow, share, rate)
    for number, name in enumerate(DELAYS_OF):
        values[name], errors[name] = delays[number], np.sqrt(solution.covariance[3 + number, 3 + number])
    # Nothing is known of an inlet through which nothing comes, and without flow of nothing at all.
    seen = {"fp": flow >= 0, "arterial_delay": arterial > 0, "portal_delay": portal > 0}
    values = {name: np.where(seen.get(name, flow > 0), value, np.nan) for name, value in values.items()}
    errors = {name: np.where(np.isfinite(error), error, np.nan) for name, error in errors.items()}
    limits = solution.parameters[:3] >= model.high[:3, None]
    status = np.select(
        [~solution.converged, flow <= 0, limits.any(axis=0) | (rate <= model.low[2])],
        [FitStatus.NOT_CONVERGED, FitStatus.NO_UPTAKE, FitStatus.NOT_IDENTIFIED],
        FitStatus.FITTED,
    )
    return Estimates(values, errors, solution.sse, status.astype(np.uint8))


def _errors(covariance: np.ndarray, flow, share, rate) -> dict[str, np.ndarray]:
    """Of what follows from both flows and the efflux rate, by the delta method."""
    zero, one = np.zeros_like(flow), np.full_like(flow, 1 / PER_SECOND)
    gradients = {
        "fp": (one, one, zero),
        "arterial_fraction": ((1 - share) / flow, -share / flow, zero),
        "v": (1 / rate, 1 / rate, -flow / rate**2),
        "mtt": (zero, zero, -1 / rate**2),
    }
    return {name: propagated_error(np.stack(slopes), covariance[:3, :3]) for name, slopes in gradients.items()}
