"""T1 from images at several times after inversion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...data.result import Display
from ...data.volumes import ImageStack, Map
from ...declare import Input, Output, analysis
from ...steps.kinetics.kinetic_declaration import MASK
from ...steps.relaxation.inversion_stack import InversionParameters, recovery_fit
from ...steps.relaxation.t1_mapping import FIT_STATUS, RMSE, T1, T1_ERROR, T1Estimates, map_t1
from ...steps.voxels.fit_status import FitStatus


@dataclass(frozen=True)
class InversionRecoveryParameters(InversionParameters):
    """Bounds, and whether signal has its sign."""


@analysis(
    id="kinetics.inversion_recovery_t1",
    title="T1 map from inversion recovery",
    citation="Barral et al., A robust methodology for in vivo T1 mapping, Magn Reson Med 64:1057-1067 (2010)",
    inputs=[
        Input(
            "stack",
            ImageStack,
            setting="inversion_time",
            help="Images at four or more inversion times in s, three if they keep their sign.",
        ),
        MASK,
        Input(
            "imaginary_stack",
            ImageStack,
            setting="inversion_time",
            optional=True,
            help="Imaginary part of complex images of any phase; the stack then is their real part.",
        ),
    ],
    outputs=[
        T1,
        T1_ERROR,
        Output(
            "a",
            Map,
            unit="{stack.unit}",
            help="Signal long after inversion: S = |a - b exp(-TI/T1)|.",
            display=Display(None, "gray"),
        ),
        Output(
            "b",
            Map,
            unit="{stack.unit}",
            help="Signal that inversion takes away; 2 a if it is perfect and TR long.",
            display=Display(None, "gray"),
        ),
        RMSE,
        FIT_STATUS,
    ],
    parameters=InversionRecoveryParameters,
)
def inversion_recovery_t1(stack, mask=None, imaginary_stack=None, *, parameters, context):
    r"""T1 from inversion recovery with any efficiency of the inversion and any repetition time.

    Notes
    -----
    .. math:: S = \left| a - b \, e^{-TI / T_1} \right|

    Any efficiency of the inversion and any repetition time are in a and b. Images that keep their sign, or are
    complex, are fitted without the bars.
    """
    fit_stack = recovery_fit(stack, parameters, imaginary_stack)
    values = stack.values if imaginary_stack is None else np.concatenate([stack.values, imaginary_stack.values])

    def fit(signals, index):
        found = fit_stack(signals)
        return T1Estimates(
            {"t1": 1 / found.rate, "a": found.a, "b": found.b},
            found.sse,
            found.covariance[2, 2],
            3,
            [(~found.converged, FitStatus.NOT_CONVERGED), (found.rate_at_edge, FitStatus.NOT_IDENTIFIED)],
        )

    return map_t1(fit, values, stack, mask, context)
