"""Estimates of the Tofts family from the solver's optimum, in the field's units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from ...declare import Advanced, Choices, Help
from ...numerics.arrays import chosen, clipped, namespace
from ...numerics.kinetics.tofts_models import SECONDS_PER_MINUTE, extended_tofts_concentration, tofts_family
from ...numerics.kinetics.tofts_signal_fit import ToftsCurves, fit_signal
from ...numerics.least_squares.separable.solver import Solution, solve
from ...numerics.signal.exponential_convolution import sampled_input
from ...numerics.signal.tabulated_exponentials import tabulate_exponentials
from ..voxels.fit_status import FitStatus
from .kinetic_fit import Estimates, KineticModel

TOFTS_UNITS = {"ktrans": "1/min", "ve": "1", "kep": "1/min"}
EXTENDED_UNITS = {"ktrans": "1/min", "ve": "1", "vp": "1", "kep": "1/min"}


@dataclass(frozen=True)
class FitDomainParameters:
    """In what the residuals are measured."""

    fit_domain: Annotated[
        str,
        Choices("concentration", "signal"),
        Help(
            "concentration: least squares on concentrations, fastest; signal: on the signal, in which all frames have "
            "the same noise, which matters where enhancement is high or the signal near saturation."
        ),
        Advanced(),
    ] = "concentration"


def tofts_model(*, kep_bounds, ve_max: float, vp_max: float | None, fit_domain: str = "concentration") -> KineticModel:
    """The Tofts model, or the extended one if `vp_max` is given; bounds of kep in 1/min."""
    extended = vp_max is not None

    def prepare(input_times, plasma, sampling):
        family = tofts_family(input_times, plasma, sampling, kep_bounds=kep_bounds, ve_max=ve_max, vp_max=vp_max)
        return lambda curves: _estimates(solve(curves, family), extended)

    def curve(input_times, plasma, times, values):
        chosen = {name: values[name] for name in ("ktrans", "ve", "vp") if name in values}
        return extended_tofts_concentration(input_times, plasma, times, **chosen)

    def in_signal(input_times, plasma, sampling):
        vascular = sampling.scaled(None).frames(sampled_input(input_times, plasma, sampling.times))
        curves = ToftsCurves(tabulate_exponentials(input_times, plasma, sampling.scaled(None)), vascular)
        low, high = (np.log(k / SECONDS_PER_MINUTE) for k in kep_bounds)
        # Without vp its bounds are both zero, and it stays there.
        bounds = np.array([low, 0.0, 0.0]), np.array([high, ve_max, vp_max or 0.0])
        return lambda *given: _refined(*given, curves, bounds, sampling.scale)

    return KineticModel(
        EXTENDED_UNITS if extended else TOFTS_UNITS,
        3 if extended else 2,
        prepare,
        curve,
        in_signal=in_signal if fit_domain == "signal" else None,
        any_device=True,
    )


def _refined(relative, response, concentration, start: Estimates, curves: ToftsCurves, bounds, scale) -> Estimates:
    """Estimates from the signal, begun at those from concentrations."""
    extended = "vp" in start.values
    middle = (bounds[0] + bounds[1]) / 2
    kep = np.log(start.values["kep"] / SECONDS_PER_MINUTE)
    first = np.stack([kep, start.values["ve"], start.values["vp"] if extended else np.zeros_like(kep)])
    first = np.where(np.isfinite(first), first, np.array([middle[0], 0.01, 0.0])[:, None])
    frames = np.ones(len(relative)) if scale is None else scale
    found = fit_signal(relative, response, concentration, curves, start=first, bounds=bounds, scale=frames)
    (log_kep, ve, vp, _), covariance = found.parameters, found.covariance
    uptake = ve > 0
    kep = np.where(uptake, np.exp(log_kep), np.nan)
    values = {"ktrans": np.where(uptake, kep * ve, 0.0) * SECONDS_PER_MINUTE, "ve": np.where(uptake, ve, np.nan)}
    values |= {"kep": kep * SECONDS_PER_MINUTE} | ({"vp": vp} if extended else {})
    of_ktrans = kep**2 * (ve**2 * covariance[0, 0] + 2 * ve * covariance[0, 1] + covariance[1, 1])
    variances = {"ktrans": of_ktrans * SECONDS_PER_MINUTE**2, "ve": covariance[1, 1]}
    variances |= {"kep": covariance[0, 0] * (kep * SECONDS_PER_MINUTE) ** 2, "vp": covariance[2, 2]}
    # Standard errors are given for unit noise of the concentrations, from which the caller takes the noise.
    freedom = np.count_nonzero(frames) - (3 if extended else 2)
    noise = np.sqrt(np.maximum(found.concentration_sse, np.finfo(float).tiny) / freedom)
    errors = {name: _root(variances[name]) / noise for name in values}
    at_edge = uptake & ((log_kep <= bounds[0][0]) | (log_kep >= bounds[1][0]))
    nothing = ~uptake & (vp <= 0)
    reasons = [~found.converged, nothing, ~uptake | at_edge, ve >= bounds[1][1], extended & (vp >= bounds[1][2])]
    names = ("NOT_CONVERGED", "NO_UPTAKE", "NOT_IDENTIFIED", "VE_AT_LIMIT", "VP_AT_LIMIT")
    status = np.select(reasons, [FitStatus[name] for name in names], FitStatus.FITTED).astype(np.uint8)
    return Estimates(values, errors, found.concentration_sse, status)


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
