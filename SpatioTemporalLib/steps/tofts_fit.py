"""Estimates of the Tofts family from the solver's optimum, in the field's units."""

from __future__ import annotations

import numpy as np

from ..numerics.arrays import chosen, clipped, namespace
from ..numerics.separable_least_squares import Solution, solve
from ..numerics.tofts_models import SECONDS_PER_MINUTE, extended_tofts_concentration, tofts_family
from .fit_status import FitStatus
from .kinetic_fit import Estimates, KineticModel

TOFTS_UNITS = {"ktrans": "1/min", "ve": "1", "kep": "1/min"}
EXTENDED_UNITS = {"ktrans": "1/min", "ve": "1", "vp": "1", "kep": "1/min"}


def tofts_model(*, kep_bounds, ve_max: float, vp_max: float | None) -> KineticModel:
    """The Tofts model, or the extended one if `vp_max` is given; bounds of kep in 1/min."""
    extended = vp_max is not None

    def prepare(input_times, plasma, sampling):
        family = tofts_family(input_times, plasma, sampling, kep_bounds=kep_bounds, ve_max=ve_max, vp_max=vp_max)
        return lambda curves: _estimates(solve(curves, family), extended)

    def curve(input_times, plasma, times, values):
        chosen = {name: values[name] for name in ("ktrans", "ve", "vp") if name in values}
        return extended_tofts_concentration(input_times, plasma, times, **chosen)

    return KineticModel(
        EXTENDED_UNITS if extended else TOFTS_UNITS, 3 if extended else 2, prepare, curve, any_device=True
    )


def _estimates(solution: Solution, extended: bool) -> Estimates:
    xp = namespace(solution.linear)
    uptake = solution.linear > 0
    kep = xp.where(uptake, solution.theta, np.nan)
    ve = solution.linear / kep
    covariance = solution.covariance
    # ve = a1 / theta and log theta is the third parameter: d ve = d a1 / theta - ve d log theta.
    ve_variance = covariance[0, 0] / kep**2 - 2 * ve / kep * covariance[0, 2] + ve**2 * covariance[2, 2]
    values = {
        "ktrans": solution.linear * SECONDS_PER_MINUTE,
        "ve": ve,
        "kep": kep * SECONDS_PER_MINUTE,
    }
    errors = {
        "ktrans": _root(covariance[0, 0]) * SECONDS_PER_MINUTE,
        "ve": xp.where(solution.linear_at_limit, 0.0, _root(ve_variance)),
        "kep": _root(covariance[2, 2]) * kep * SECONDS_PER_MINUTE,
    }
    if extended:
        values["vp"], errors["vp"] = solution.fixed, _root(covariance[1, 1])
    return Estimates(values, errors, solution.sse, _status(solution, uptake))


def _root(variance):
    """Square root, zero where rounding made a variance negative and NaN where there is none."""
    xp = namespace(variance)
    with np.errstate(invalid="ignore"):
        return xp.where(xp.isfinite(variance), xp.sqrt(clipped(variance, 0.0, np.inf)), np.nan)


def _status(solution: Solution, uptake):
    xp = namespace(uptake)
    return chosen(
        [
            ~solution.converged,
            ~uptake & (solution.fixed <= 0),
            ~uptake | solution.theta_at_edge,
            solution.linear_at_limit,
            solution.fixed_at_limit,
        ],
        [
            FitStatus.NOT_CONVERGED,
            FitStatus.NO_UPTAKE,
            FitStatus.NOT_IDENTIFIED,
            FitStatus.VE_AT_LIMIT,
            FitStatus.VP_AT_LIMIT,
        ],
        xp.full_like(uptake, int(FitStatus.FITTED), dtype=xp.uint8),
    )
