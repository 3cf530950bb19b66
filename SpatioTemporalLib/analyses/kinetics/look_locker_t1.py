"""T1 from a Look-Locker readout: many images after one inversion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...data.result import Display
from ...data.volumes import ImageStack, Map
from ...declare import Input, Output, analysis
from ...numerics.relaxation.inversion_recovery import Recovery
from ...steps.kinetics.kinetic_declaration import MASK
from ...steps.relaxation.inversion_stack import InversionParameters, recovery_fit
from ...steps.relaxation.t1_mapping import FIT_STATUS, RMSE, T1, T1_ERROR, T1Estimates, map_t1
from ...steps.voxels.fit_status import FitStatus


@dataclass(frozen=True)
class LookLockerParameters(InversionParameters):
    """Bounds, and whether signal has its sign."""


@analysis(
    id="kinetics.look_locker_t1",
    title="T1 map from a Look-Locker readout",
    citation="Deichmann & Haase, Quantification of T1 values by SNAPSHOT-FLASH NMR imaging, J Magn Reson 96:608-612 "
    "(1992); Look & Locker, Rev Sci Instrum 41:250 (1970)",
    inputs=[
        Input(
            "stack",
            ImageStack,
            setting="inversion_time",
            help="Images at four or more times in s after one inversion, three if they keep their sign.",
        ),
        MASK,
    ],
    outputs=[
        T1,
        T1_ERROR,
        Output(
            "t1_star",
            Map,
            unit="s",
            help="Apparent relaxation time under the readout pulses.",
            display=Display((0, 3), "viridis", symbol="T1*"),
        ),
        RMSE,
        FIT_STATUS,
    ],
    parameters=LookLockerParameters,
)
def look_locker_t1(stack, mask=None, *, parameters, context):
    r"""T1 from the apparent recovery a - b exp(-t/T1*) under a train of pulses: T1 = T1* (b/a - 1).

    Notes
    -----
    .. math:: S = \left| a - b \, e^{-t / T_1^*} \right|, \quad T_1 = T_1^* \left( \frac{b}{a} - 1 \right)
    """
    fit_stack = recovery_fit(stack, parameters)

    def fit(signals, index):
        return _corrected(fit_stack(signals))

    return map_t1(fit, stack.values, stack, mask, context)


def _corrected(found: Recovery) -> T1Estimates:
    t1_star = 1 / found.rate
    # The correction holds for an inversion: less than saturation leaves no T1.
    possible = (found.a > 0) & (found.b > found.a)
    a = np.where(possible, found.a, 1.0)
    ratio = np.where(possible, found.b / a, 2.0)
    # log T1 = log(b/a - 1) - log rate.
    gradient = np.stack([-ratio / (a * (ratio - 1)), 1 / (a * (ratio - 1)), -np.ones_like(a)])
    variance = np.einsum("in,ijn,jn->n", gradient, found.covariance, gradient)
    return T1Estimates(
        {"t1": t1_star * (ratio - 1), "t1_star": t1_star},
        found.sse,
        variance,
        3,
        [(~found.converged, FitStatus.NOT_CONVERGED), (found.rate_at_edge | ~possible, FitStatus.NOT_IDENTIFIED)],
    )
