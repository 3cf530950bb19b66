"""T1 mapping against values that others published for the same signals."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..context import Context
from ..data.geometry import Geometry
from ..data.series import Acquisition
from ..data.volumes import ImageStack, Map
from ..run import run
from .checks import Comparison

# One voxel of brain: signals at flip angles and after inversions, and the fits that SEPAL's demonstration publishes.
FLIP_ANGLES, ECHOES = (2.0, 5.0, 12.0), (413.0, 604.0, 445.0)
INVERSION_DELAYS, INVERSIONS = (0.168, 1.068), (249.0, 585.0)
STRAIGHT_LINE, NON_LINEAR = 1.326, 1.323
HIFI = {"t1": (1.0218, "s"), "b1": (1.1379, "1")}
# Signals of the QIBA T1 digital reference object, version 3, with a noise of 2, and the R1 in 1/s they were made with.
QIBA_ANGLES, QIBA_TR = (3.0, 6.0, 9.0, 15.0, 24.0, 35.0), 0.005
QIBA = (
    ((1475, 1276, 981, 644, 406, 276), 0.3536),
    ((821, 998, 903, 663, 442, 309), 1.0),
    ((2388, 3774, 4198, 3815, 2877, 2095), 2.8284),
    ((1014, 1843, 2400, 2818, 2605, 2110), 8.0),
)
# Signals of prostate, the flip angle reached over the nominal one, and T1 in s by the non-linear fit with that angle.
PROSTATE_ANGLES, PROSTATE_TR = (3.0, 6.0, 10.0, 20.0, 30.0), 0.02
PROSTATE = (
    ((3405373, 5200596.5, 5126567, 3701492.25, 2517014.75), 0.993096, 2.0746494),
    ((4109848.75, 6583368.5, 7439587, 5841312.5, 4262065.5), 0.980476, 1.4128423),
    ((2744125, 4191027.25, 4606804, 3442629.5, 2494659), 0.860618, 2.1432378),
)


def check_relaxation(context: Context) -> list[Comparison]:
    """Run every check of the T1 mapping analyses."""
    checks = (_flip_angles, _reference_object, _with_field, _with_inversions)
    found = []
    for number, check in enumerate(checks):
        context.progress(number / len(checks), check.__name__.strip("_").replace("_", " "))
        found += check()
    context.progress(1.0, "done")
    return found


def _flip_angles() -> Iterator[Comparison]:
    stack = _stack([ECHOES], FLIP_ANGLES, repetition_time=0.0054)
    for method, reference in (("linear", STRAIGHT_LINE), ("nonlinear", NON_LINEAR)):
        t1 = float(run("kinetics.variable_flip_angle_t1", stack=stack, method=method)["t1"].values.item())
        # The references have three decimals.
        yield Comparison("T1 by flip angles", f"T1 of brain, {method}", "s", t1, reference, 5e-4, "SEPAL")


def _reference_object() -> Iterator[Comparison]:
    stack = _stack([signals for signals, _ in QIBA], QIBA_ANGLES, repetition_time=QIBA_TR)
    t1 = run("kinetics.variable_flip_angle_t1", stack=stack)["t1"].values.ravel()
    for (_, reference), estimate in zip(QIBA, t1):
        allowed = 0.05 + 0.05 * reference
        quantity = f"R1 of {reference:g} 1/s, QIBA object"
        yield Comparison("T1 by flip angles", quantity, "1/s", 1 / float(estimate), reference, allowed, "QIBA")


def _with_field() -> Iterator[Comparison]:
    stack = _stack([row[0] for row in PROSTATE], PROSTATE_ANGLES, repetition_time=PROSTATE_TR)
    reached = np.array([row[1] for row in PROSTATE]).reshape(stack.geometry.shape)
    b1_map = Map(reached, stack.geometry, "1", "B1")
    t1 = run("kinetics.variable_flip_angle_t1", stack=stack, b1_map=b1_map)["t1"].values.ravel()
    for number, ((_, _, reference), estimate) in enumerate(zip(PROSTATE, t1), start=1):
        quantity = f"R1 of prostate {number}, with B1"
        allowed = 0.05 + 0.05 / reference
        yield Comparison("T1 by flip angles", quantity, "1/s", 1 / float(estimate), 1 / reference, allowed, "OSIPI")


def _with_inversions() -> Iterator[Comparison]:
    result = run(
        "kinetics.despot1_hifi_t1",
        stack=_stack([ECHOES], FLIP_ANGLES, repetition_time=0.0054),
        inversion_stack=_stack([INVERSIONS], INVERSION_DELAYS, "inversion_time", "s", flip_angle=5.0),
        pulses=160,
    )
    for name, (reference, unit) in HIFI.items():
        estimate = float(result[name].values.item())
        # The references have four decimals.
        yield Comparison("DESPOT1-HIFI", f"{name.upper()} of brain", unit, estimate, reference, 6e-5, "SEPAL")


def _stack(signals, settings, setting="flip_angle", unit="deg", **facts) -> ImageStack:
    values = np.array(signals, dtype=float).T[:, None, None, :]
    geometry = Geometry.from_spacing(values.shape[1:])
    return ImageStack(values, settings, geometry, setting, unit, acquisition=Acquisition(**facts))
