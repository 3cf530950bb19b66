"""The Patlak model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ...declare import Advanced, Help, Range, Unit, analysis
from ...numerics.arrays import chosen, namespace
from ...numerics.exponential_convolution import running_integral, sampled_input
from ...numerics.linear_pair import solve_pair
from ...numerics.tofts_models import SECONDS_PER_MINUTE, patlak_concentration
from ...steps.fit_status import FitStatus
from ...steps.kinetic_declaration import KINETIC_INPUTS, KineticParameters, kinetic_outputs
from ...steps.kinetic_fit import Estimates, KineticModel, fit_kinetic_model


@dataclass(frozen=True)
class PatlakParameters(KineticParameters):
    ktrans_max: Annotated[float, Unit("1/min"), Range(0.01, 10), Help("Upper bound of Ktrans."), Advanced()] = 5.0
    vp_max: Annotated[float, Range(0.01, 1), Help("Upper bound of vp; 1 is the physical limit."), Advanced()] = 1.0


@analysis(
    id="kinetics.patlak",
    title="Patlak model",
    citation="Patlak et al., J Cereb Blood Flow Metab 3:1 (1983), doi:10.1038/jcbfm.1983.1",
    inputs=KINETIC_INPUTS,
    outputs=kinetic_outputs("ktrans", "vp"),
    parameters=PatlakParameters,
)
def patlak(series, mask=None, t1_map=None, b1_map=None, aif=None, aif_mask=None, *, parameters, context):
    """Ktrans and vp while nothing flows back: slow leakage, as through a nearly intact blood-brain barrier."""
    model = _model(parameters.ktrans_max, parameters.vp_max)
    inputs = {"mask": mask, "t1_map": t1_map, "b1_map": b1_map, "aif": aif, "aif_mask": aif_mask}
    return fit_kinetic_model(model, series, parameters=parameters, context=context, **inputs)


def _model(ktrans_max: float, vp_max: float) -> KineticModel:
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
