"""Estimates of the models with plug flow in the capillaries, in the field's units."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...numerics.kinetics.plug_flow_models import plug_flow_curves, plug_flow_slopes
from ...numerics.kinetics.plug_flow_transforms import ROUGHLY
from ...numerics.kinetics.two_compartment.models import PER_SECOND, SECONDS_PER_MINUTE
from ...numerics.least_squares.scanned_descent import (
    ScannedModel,
    ScannedShapes,
    ScannedSolution,
    scan_shapes,
    solve_scanned,
)
from ...numerics.signal.frame_sampling import at_instants
from ..voxels.fit_status import FitStatus
from .kinetic_declaration import ExchangeParameters
from .kinetic_model import Estimates, KineticModel

UNITS = {"fp": "mL/100mL/min", "ps": "1/min", "ve": "1", "vp": "1", "mtt": "s"}
IN_ONE_UNIT = np.array([PER_SECOND, 1 / SECONDS_PER_MINUTE, 1.0, 1.0])
# Added before the logarithm of flow and PS in 1/s, ve and vp: small beside what can be measured.
SOFT = np.array([1e-5, 1e-6, 1e-3, 1e-3])
# What is scanned: transit times, PS over flow, and efflux rates of the interstitium in 1/s.
TRANSITS = np.geomspace(0.3, 200.0, 32)
EXCHANGES = np.array([0.003, 0.02, 0.06, 0.15, 0.3, 0.6, 1.0, 1.6, 2.5, 5.0])
EFFLUXES = np.geomspace(1e-4, 1.0, 16)
# Where the scanned shapes are cut into families, each of which starts a descent.
TRANSIT_CUTS, EXCHANGE_CUT = (5.0, 20.0), 0.5


def plug_flow_model(kind: str, bounds: ExchangeParameters) -> KineticModel:
    """One of the models of `numerics.plug_flow_models`."""
    high = np.array([bounds.fp_max, bounds.ps_max, bounds.ve_max, bounds.vp_max]) * IN_ONE_UNIT

    def prepare(input_times, plasma, sampling):
        scanned = _scanned(kind, input_times, plasma, sampling, high)
        return lambda curves: _estimates(solve_scanned(curves, *scanned), high)

    def curve(input_times, plasma, times, values):
        given = np.stack([values[name] for name in ("fp", "ps", "ve", "vp")]) * IN_ONE_UNIT[:, None]
        return plug_flow_curves(kind, input_times, plasma, at_instants(times))(given)

    return KineticModel(UNITS, 4, prepare, curve, cost=600.0 if kind == "adiabatic" else 2000.0)


def _scanned(kind: str, input_times, plasma, sampling, high: np.ndarray) -> tuple[ScannedModel, ScannedShapes]:
    """The model for the shared descent, and its shapes on the frames of a series."""
    transit, exchange, efflux = np.meshgrid(TRANSITS, EXCHANGES, EFFLUXES, indexing="ij")
    model = ScannedModel(
        curves=plug_flow_curves(kind, input_times, plasma, sampling),
        low=np.zeros(4),
        high=high,
        soft=SOFT,
        grid=np.stack([np.ones_like(transit), exchange, exchange / efflux, transit]),
        kin=2 * np.digitize(transit, TRANSIT_CUTS) + (exchange > EXCHANGE_CUT),
        scaled=np.ones(4, dtype=bool),
        slopes=plug_flow_slopes(kind, input_times, plasma, sampling),
    )
    if kind != "adiabatic":
        # Where fast changes do not matter yet, a fifth of the frequencies will do.
        model = replace(model, rough=plug_flow_slopes(kind, input_times, plasma, sampling, highest=ROUGHLY))
    return model, scan_shapes(model)


def _estimates(solution: ScannedSolution, high: np.ndarray) -> Estimates:
    flow, ps, ve, vp = solution.parameters
    variance = np.einsum("iin->in", solution.covariance)
    with np.errstate(divide="ignore", invalid="ignore"):
        errors = dict(zip(UNITS, np.sqrt(variance) / IN_ONE_UNIT[:, None]))
        transit = np.where(flow > 0, vp / flow, np.nan)
        # Of a ratio, by the delta method.
        spread = variance[3] - 2 * transit * solution.covariance[0, 3] + transit**2 * variance[0]
        errors["mtt"] = np.sqrt(np.maximum(spread, 0.0)) / flow
    values = dict(zip(UNITS, solution.parameters / IN_ONE_UNIT[:, None])) | {"mtt": transit}
    # What may be anything without the curve being another.
    open_ended = ~np.isfinite(variance).all(axis=0)
    # No exchange and no interstitium are one case: nothing is known of the other then.
    flowing, exchanging = flow > 0, (flow > 0) & (ps > 0) & (ve > 0)
    values["ps"], errors["ps"] = np.where(exchanging, values["ps"], 0.0), np.where(exchanging, errors["ps"], np.nan)
    values |= {name: np.where(flowing, values[name], np.nan) for name in ("ps", "vp")}
    for found in (values, errors):
        found["ve"] = np.where(exchanging, found["ve"], np.nan)
    errors = {name: np.where(np.isfinite(error), error, np.nan) for name, error in errors.items()}
    status = np.select(
        [
            ~solution.converged,
            ~flowing,
            ~exchanging | open_ended | (flow >= high[0]) | (ps >= high[1]) | (vp <= 0),
            ve >= high[2],
            vp >= high[3],
        ],
        [
            FitStatus.NOT_CONVERGED,
            FitStatus.NO_UPTAKE,
            FitStatus.NOT_IDENTIFIED,
            FitStatus.VE_AT_LIMIT,
            FitStatus.VP_AT_LIMIT,
        ],
        FitStatus.FITTED,
    )
    return Estimates(values, errors, solution.sse, status.astype(np.uint8))
