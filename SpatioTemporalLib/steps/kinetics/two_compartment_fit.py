"""Estimates of the two-compartment family from the solver's optimum, in the field's units."""

from __future__ import annotations

import numpy as np

from ...numerics.arrays import chosen, namespace
from ...numerics.kinetics.two_compartment.delays import DelayedTissues, solve_with_delays
from ...numerics.kinetics.two_compartment.fit import (
    TwoCompartmentSolution,
    solve_two_compartment,
    two_compartment_family,
)
from ...numerics.kinetics.two_compartment.models import PER_SECOND, SECONDS_PER_MINUTE, two_compartment_concentration
from ...numerics.signal.delayed_exponentials import DelayedExponentials
from ...numerics.signal.tabulated_exponentials import tabulate_exponentials
from ..voxels.fit_status import FitStatus
from .kinetic_fit import Estimates, KineticModel

FLOW_UNIT = "mL/100mL/min"
UNITS = {"fp": FLOW_UNIT, "ps": "1/min", "ve": "1", "vp": "1", "v": "1"}
IN_ONE_UNIT = {"fp": PER_SECOND, "ps": 1 / SECONDS_PER_MINUTE}  # 1/s


def two_compartment_model(
    *, fp_max: float, vp_max: float, ps_max=None, ve_max=None, volume: str = "vp"
) -> KineticModel:
    """The exchange model; without `ve_max` the uptake model, without `ps_max` too one compartment.

    Parameters
    ----------
    fp_max : float, mL/100mL/min
    ps_max : float or None, 1/min
    ve_max, vp_max : float, 0..1
    volume : str
        Reported name of the volume the input flows through, ``vp`` or ``v``.
    """
    given = {"fp": fp_max, "ps": ps_max, "ve": ve_max, volume: vp_max}
    largest = {name: limit for name, limit in given.items() if limit is not None}
    inside = {"fp": "flow", volume: "vp"}
    upper = {inside.get(name, name): limit * IN_ONE_UNIT.get(name, 1.0) for name, limit in largest.items()}

    def prepare(input_times, plasma, sampling):
        family = two_compartment_family(tabulate_exponentials(input_times, plasma, sampling), upper)
        return lambda curves: _estimates(solve_two_compartment(curves, family), tuple(largest), upper)

    def with_delays(input_times, plasma, sampling, delays):
        tissues = DelayedTissues(DelayedExponentials(input_times, plasma, sampling, -delays.low), upper)

        def fit(curves):
            solution, found = solve_with_delays(curves, tissues, delays)
            estimates = _estimates(solution, tuple(largest), upper)
            estimates.values["delay"] = found
            return estimates

        return fit

    def curve(input_times, plasma, times, values):
        given = {"ps": 0.0, "vp": values[volume]} | {
            name: values[name] for name in ("fp", "ps", "ve") if name in values
        }
        return two_compartment_concentration(input_times, plasma, times, **given)

    units = {name: UNITS[name] for name in largest}
    cost = 200.0 if "ve" in upper else 150.0
    return KineticModel(
        units,
        len(largest),
        prepare,
        curve,
        with_delays=with_delays if "ve" in upper else None,
        any_device=True,
        cost=cost,
    )


def _estimates(solution: TwoCompartmentSolution, names: tuple[str, ...], upper: dict[str, float]) -> Estimates:
    xp = namespace(solution.sse)
    values, errors = {}, {}
    for name, inside in zip(names, upper):
        in_unit = IN_ONE_UNIT.get(name, 1.0)
        values[name] = solution.parameters[inside] / in_unit
        variance = solution.variances[inside]
        errors[name] = xp.where(xp.isfinite(variance), xp.sqrt(variance), np.nan) / in_unit
    flowing = solution.parameters["flow"] > 0
    exchanging = flowing
    # No exchange and no interstitium are one case: nothing is known of the other then.
    for name in ("ps", "ve"):
        exchanging = exchanging & (solution.parameters[name] > 0) if name in upper else exchanging
    if "ps" in upper:
        values["ps"] = xp.where(exchanging, values["ps"], 0.0)
        errors["ps"] = xp.where(exchanging, errors["ps"], np.nan)
    for name in names[1:]:
        # Without flow nothing else can be seen, and without exchange nothing of the interstitium.
        seen = exchanging if name == "ve" else flowing
        values[name], errors[name] = (xp.where(seen, found[name], np.nan) for found in (values, errors))
    return Estimates(values, errors, solution.sse, _status(solution, upper))


def _status(solution: TwoCompartmentSolution, upper: dict[str, float]) -> np.ndarray:
    at_limit = {name: solution.parameters[name] >= limit for name, limit in upper.items()}
    unidentified = at_limit["flow"] | at_limit.get("ps", False) | (solution.parameters["vp"] <= 0)
    if "ve" in upper:
        unidentified |= (solution.parameters["ps"] <= 0) | (solution.parameters["ve"] <= 0)
    xp = namespace(unidentified)
    return chosen(
        [
            ~solution.converged,
            solution.parameters["flow"] <= 0,
            unidentified,
            at_limit.get("ve", xp.zeros_like(unidentified)),
            at_limit["vp"],
        ],
        [
            FitStatus.NOT_CONVERGED,
            FitStatus.NO_UPTAKE,
            FitStatus.NOT_IDENTIFIED,
            FitStatus.VE_AT_LIMIT,
            FitStatus.VP_AT_LIMIT,
        ],
        xp.full_like(unidentified, int(FitStatus.FITTED), dtype=xp.uint8),
    )
