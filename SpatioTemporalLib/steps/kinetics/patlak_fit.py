"""Estimates of the Patlak model, in the field's units."""

from __future__ import annotations

from ...numerics.arrays import chosen, namespace
from ...numerics.kinetics.tofts_models import SECONDS_PER_MINUTE, patlak_concentration
from ...numerics.least_squares.linear_pair import solve_pair
from ...numerics.signal.exponential_convolution import running_integral, sampled_input
from ..voxels.fit_status import FitStatus
from .kinetic_model import Estimates, KineticModel


def patlak_model(*, ktrans_max: float, vp_max: float) -> KineticModel:
    """The Patlak model; the bound of Ktrans in 1/min."""

    def prepare(input_times, plasma, sampling):
        integral = sampling.frames(running_integral(input_times, plasma, sampling.times))
        vascular = sampling.frames(sampled_input(input_times, plasma, sampling.times))

        def fit(curves):
            solution = solve_pair(
                curves, integral, vascular, first_limit=ktrans_max / SECONDS_PER_MINUTE, second_limit=vp_max
            )
            no_uptake = (solution.first <= 0) & (solution.second <= 0)
            xp = namespace(no_uptake)
            status = chosen(
                [no_uptake, solution.second_at_limit],
                [FitStatus.NO_UPTAKE, FitStatus.VP_AT_LIMIT],
                xp.full_like(no_uptake, int(FitStatus.FITTED), dtype=xp.uint8),
            )
            return Estimates(
                {"ktrans": solution.first * SECONDS_PER_MINUTE, "vp": solution.second},
                {
                    "ktrans": xp.sqrt(solution.first_variance) * SECONDS_PER_MINUTE,
                    "vp": xp.sqrt(solution.second_variance),
                },
                solution.sse,
                status,
            )

        return fit

    return KineticModel({"ktrans": "1/min", "vp": "1"}, 2, prepare, _curve, any_device=True)


def _curve(input_times, plasma, times, values):
    return patlak_concentration(input_times, plasma, times, ktrans=values["ktrans"], vp=values["vp"])
