"""T1 and B1 together, from several flip angles and from inversions before a spoiled gradient echo."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from ...data.result import Display
from ...data.volumes import ImageStack, Map
from ...declare import Advanced, Choices, Help, Input, Output, Range, Unit, analysis
from ...errors import InputError
from ...numerics.relaxation.inversion_prepared_echo import ReadoutTrain, fit_with_b1
from ...steps.kinetics.kinetic_declaration import MASK
from ...steps.relaxation.t1_mapping import (
    FIT_STATUS,
    RMSE,
    S0,
    T1,
    T1_ERROR,
    T1BoundsParameters,
    T1Estimates,
    fact_of,
    map_t1,
    require_settings,
)
from ...steps.voxels.fit_status import FitStatus

FIRST_PULSE, CENTRE = "first pulse", "centre of k-space"


@dataclass(frozen=True)
class HifiParameters(T1BoundsParameters):
    pulses: Annotated[
        int, Range(1, 2000), Help("Pulses read after each inversion: the partitions encoded in one shot.")
    ] = 160
    inversion_time_to: Annotated[
        str,
        Choices(FIRST_PULSE, CENTRE),
        Help("What the inversion times reach to. Scanners show those to the centre of k-space."),
    ] = FIRST_PULSE
    repetition_time: Annotated[
        float | None, Unit("s"), Range(0.0005, 5), Help("TR of the flip angles; taken from the images when left empty.")
    ] = None
    pulse_spacing: Annotated[
        float | None,
        Unit("s"),
        Range(0.0005, 0.5),
        Help("From pulse to pulse after an inversion; the TR of the flip angles when left empty."),
    ] = None
    inversion_flip_angle: Annotated[
        float | None,
        Unit("deg"),
        Range(0.5, 90),
        Help("Flip angle of the pulses after an inversion; taken from those images when left empty."),
    ] = None
    centre: Annotated[
        float, Range(0, 1), Help("Part of the pulses after which the centre of k-space is read."), Advanced()
    ] = 0.5
    pause: Annotated[float, Unit("s"), Range(0, 20), Help("From the last pulse to the next inversion."), Advanced()] = (
        0.0
    )
    b1_min: Annotated[float, Range(0.1, 1), Help("Lower bound of B1."), Advanced()] = 0.3
    b1_max: Annotated[float, Range(1, 3), Help("Upper bound of B1."), Advanced()] = 2.0


@analysis(
    id="kinetics.despot1_hifi_t1",
    title="T1 and B1 map by DESPOT1-HIFI",
    citation="Deoni, High-resolution T1 mapping of the brain at 3T with driven equilibrium single pulse observation of "
    "T1 with high-speed incorporation of RF field inhomogeneities (DESPOT1-HIFI), J Magn Reson Imaging 26:1106-1111 "
    "(2007)",
    inputs=[
        Input(
            "stack",
            ImageStack,
            setting="flip_angle",
            help="Images of a spoiled gradient echo at two or more flip angles, equal scaling.",
        ),
        Input(
            "inversion_stack",
            ImageStack,
            setting="inversion_time",
            help="Images of the same echo after an inversion, at one or more inversion times in s, equal scaling.",
        ),
        MASK,
    ],
    outputs=[
        T1,
        T1_ERROR,
        Output(
            "b1",
            Map,
            unit="1",
            range=(0.1, 5.0),
            help="Flip angle reached over the nominal one, as other analyses take it.",
            display=Display((0.6, 1.4), "viridis", symbol="B1"),
        ),
        S0,
        RMSE,
        FIT_STATUS,
    ],
    parameters=HifiParameters,
)
def despot1_hifi_t1(stack, inversion_stack, mask=None, *, parameters, context):
    r"""T1, signal and the flip angle that was reached, fitted together so that B1 does not bias T1.

    Notes
    -----
    .. math:: S(\alpha) = S_0 \sin(B_1 \alpha) \, \frac{1 - E}{1 - E \cos(B_1 \alpha)}, \quad E = e^{-TR / T_1}

    Images after inversions are fitted together with these. Between inversion and train magnetisation relaxes freely,
    within the train it goes towards the steady state by the factor E cos(B1 alpha) with each pulse, and it is the
    same before every inversion.
    """
    require_settings(stack, "flip_angle", 2, "flip angles")
    require_settings(inversion_stack, "inversion_time", 1, "inversion times")
    time = fact_of(stack, parameters.repetition_time, "repetition_time", "repetition time TR in s")
    train = _train(inversion_stack, time, parameters)
    order = np.argsort(inversion_stack.settings)
    delays = _delays(inversion_stack, train, parameters)[order]
    bounds = (parameters.t1_min, parameters.t1_max), (parameters.b1_min, parameters.b1_max)

    def fit(signals, index):
        return _estimates(fit_with_b1(signals, stack.settings, time, delays, train=train, bounds=bounds))

    values = np.concatenate([stack.values, inversion_stack.values[order]])
    return map_t1(fit, values, stack, mask, context)


def _train(inversion_stack: ImageStack, repetition_time: float, parameters) -> ReadoutTrain:
    angle = fact_of(
        inversion_stack,
        parameters.inversion_flip_angle,
        "flip_angle",
        "flip angle of the pulses after the inversion in degrees",
        "inversion_flip_angle",
    )
    spacing = repetition_time if parameters.pulse_spacing is None else parameters.pulse_spacing
    return ReadoutTrain(angle, spacing, parameters.pulses, parameters.centre, parameters.pause)


def _delays(inversion_stack: ImageStack, train: ReadoutTrain, parameters) -> np.ndarray:
    times = inversion_stack.settings
    if parameters.inversion_time_to == FIRST_PULSE:
        return times
    delays = times - train.centre * train.pulses * train.spacing
    if (delays <= 0).any():
        raise InputError(
            "E-INVERSION-TIME",
            f"the centre of k-space is read {times.min() - delays.min():.3g} s after the first pulse, "
            f"which is more than the inversion time {times.min():g} s",
            where=inversion_stack.name,
            fix="Correct pulses, pulse_spacing or centre, or say that the times reach to the first pulse.",
        )
    return delays


def _estimates(found) -> T1Estimates:
    rate, b1 = np.exp(found.parameters)
    return T1Estimates(
        {"t1": 1 / rate, "b1": b1, "s0": found.amplitude},
        found.sse,
        found.covariance[0, 0],
        3,
        [(~found.converged, FitStatus.NOT_CONVERGED), (found.at_bound.any(axis=0), FitStatus.NOT_IDENTIFIED)],
    )
