"""T1 from images at several recovery times after saturation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...data.volumes import ImageStack
from ...declare import Input, analysis
from ...numerics.least_squares.separable.curve_family import tabulate
from ...numerics.least_squares.separable.solver import solve
from ...steps.kinetics.kinetic_declaration import MASK
from ...steps.relaxation.t1_mapping import (
    FIT_STATUS,
    RMSE,
    S0,
    T1,
    T1_ERROR,
    T1BoundsParameters,
    T1Estimates,
    map_t1,
    require_settings,
)
from ...steps.voxels.fit_status import FitStatus


@dataclass(frozen=True)
class SaturationRecoveryParameters(T1BoundsParameters):
    """Only the bounds."""


@analysis(
    id="kinetics.saturation_recovery_t1",
    title="T1 map from saturation recovery",
    citation="Markley et al., Spin-lattice relaxation measurements in slowly relaxing complex spectra, J Chem Phys "
    "55:3604-3605 (1971)",
    inputs=[
        Input(
            "stack",
            ImageStack,
            setting="repetition_time",
            help="Images at two or more repetition times of a 90 degree pulse, or times after saturation, in s.",
        ),
        MASK,
    ],
    outputs=[T1, T1_ERROR, S0, RMSE, FIT_STATUS],
    parameters=SaturationRecoveryParameters,
)
def saturation_recovery_t1(stack, mask=None, *, parameters, context):
    r"""T1 from the recovery of signal with the repetition time, or with the time after saturation.

    Notes
    -----
    .. math:: S = S_0 \left( 1 - e^{-TR / T_1} \right)

    TR stands for the repetition time of a 90 degree pulse, or for the time after saturation.
    """
    require_settings(stack, "repetition_time", 2, "repetition or recovery times")
    family = tabulate(
        lambda r1: -np.expm1(-r1[:, None] * stack.settings), (1 / parameters.t1_max, 1 / parameters.t1_min)
    )

    def fit(signals, index):
        solution = solve(signals, family)
        return T1Estimates(
            {"t1": 1 / solution.theta, "s0": solution.linear},
            solution.sse,
            solution.covariance[2, 2],
            2,
            [(~solution.converged, FitStatus.NOT_CONVERGED), (solution.theta_at_edge, FitStatus.NOT_IDENTIFIED)],
        )

    return map_t1(fit, stack.values, stack, mask, context)
