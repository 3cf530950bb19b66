"""The Tofts models by linear least squares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from ...declare import Help, analysis
from ...errors import ParameterError
from ...numerics.kinetics.reference_region import running_integrals
from ...numerics.kinetics.tofts_models import SECONDS_PER_MINUTE, extended_tofts_concentration
from ...numerics.least_squares.linear_regression import Regression, regression
from ...numerics.signal.exponential_convolution import running_integral, sampled_input
from ...numerics.statistics.error_propagation import propagated_error
from ...steps.kinetics.kinetic_declaration import KINETIC_INPUTS, QUANTITIES, KineticParameters, kinetic_outputs
from ...steps.kinetics.kinetic_fit import fit_kinetic_model
from ...steps.kinetics.kinetic_model import Estimates, KineticModel
from ...steps.voxels.fit_status import FitStatus

NAMES = ("ktrans", "ve", "kep", "vp")


@dataclass(frozen=True)
class LinearToftsParameters(KineticParameters):
    plasma_volume: Annotated[bool, Help("Whether the tissue's own plasma is part of the model (extended Tofts).")] = (
        True
    )


@analysis(
    id="kinetics.linear_tofts",
    title="Tofts models by linear least squares",
    citation="Murase, Efficient method for calculating kinetic parameters using T1-weighted dynamic contrast-enhanced "
    "magnetic resonance imaging, Magn Reson Med 51:858-862 (2004)",
    inputs=KINETIC_INPUTS,
    outputs=kinetic_outputs("ktrans", "ve", "kep") + kinetic_outputs("vp", optional=True)[:2],
    parameters=LinearToftsParameters,
)
def linear_tofts(series, mask=None, t1_map=None, b1_map=None, aif=None, aif_mask=None, *, parameters, context):
    r"""Ktrans and ve without a search or bounds; noise makes Ktrans of weakly enhancing tissue too small, ve too large.

    Notes
    -----
    .. math:: C(t) = (K^{trans} + k_{ep} v_p) \int_0^t C_p \, d\tau - k_{ep} \int_0^t C \, d\tau + v_p C_p(t)

    The model of Tofts as an equation between integrals, solved by linear least squares; without plasma volume vp is
    zero. The integral of the measured curve is one of the regressors, and its noise biases the result. The Tofts
    model itself is fitted by the analyses named after it; this one is here to compare with what was computed so.
    """
    _refuse(parameters)
    inputs = {"mask": mask, "t1_map": t1_map, "b1_map": b1_map, "aif": aif, "aif_mask": aif_mask}
    model = _model(parameters.plasma_volume)
    return fit_kinetic_model(model, series, parameters=parameters, context=context, **inputs)


def _refuse(parameters) -> None:
    """The regressors are integrals of the frames themselves, which must all be there, and be samples."""
    if parameters.frame_values == "average" or parameters.frame_weights is not None:
        raise ParameterError(
            "E-PARAMETER",
            "the linear method has no frames that are averages, and no weights of frames",
            fix="Use kinetics.tofts or kinetics.extended_tofts for them.",
        )


def _model(plasma_volume: bool) -> KineticModel:
    names = NAMES if plasma_volume else NAMES[:3]

    def prepare(input_times, plasma, sampling):
        entered = running_integral(input_times, plasma, sampling.times)
        vascular = [sampled_input(input_times, plasma, sampling.times)] if plasma_volume else []

        def fit(curves):
            left = running_integrals(sampling.times, np.asarray(curves, dtype=float))
            return _estimates(regression(curves, [entered, -left, *vascular]), names)

        return fit

    def curve(input_times, plasma, times, values):
        given = {name: values[name] for name in names if name != "kep"}
        return extended_tofts_concentration(input_times, plasma, times, **given)

    return KineticModel({name: QUANTITIES[name][0] for name in names}, 3 if plasma_volume else 2, prepare, curve)


def _estimates(found: Regression, names: tuple[str, ...]) -> Estimates:
    """From C = (Ktrans + kep vp) int cp - kep int C + vp cp."""
    extended = "vp" in names
    first, kep = found.coefficients[:2]
    vp = found.coefficients[2] if extended else np.zeros_like(kep)
    ktrans = first - kep * vp
    one, zero = np.ones_like(kep), np.zeros_like(kep)
    with np.errstate(divide="ignore", invalid="ignore"):
        ve = np.where(kep > 0, ktrans / kep, np.nan)
        by = {
            "ktrans": (one, -vp, -kep),
            "ve": (1 / kep, -first / kep**2, -one),
            "kep": (zero, one, zero),
            "vp": (zero, zero, one),
        }
        errors = {name: propagated_error(np.stack(by[name][: 2 + extended]), found.covariance) for name in names}
    unit = {"ktrans": SECONDS_PER_MINUTE, "kep": SECONDS_PER_MINUTE}
    values = {"ktrans": ktrans, "ve": ve, "kep": kep, "vp": vp}
    uptake = (ktrans > 0) | (vp > 0)
    status = np.select(
        [~np.isfinite(found.sse) | ~uptake, ~(kep > 0) | ~(ktrans > 0)],
        [FitStatus.NO_UPTAKE, FitStatus.NOT_IDENTIFIED],
        FitStatus.FITTED,
    )
    return Estimates(
        {name: values[name] * unit.get(name, 1.0) for name in names},
        {name: np.where(np.isfinite(errors[name]), errors[name], np.nan) * unit.get(name, 1.0) for name in names},
        found.sse,
        status.astype(np.uint8),
    )
