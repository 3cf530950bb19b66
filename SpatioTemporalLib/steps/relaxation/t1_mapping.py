"""What the T1 mapping analyses have in common: bounds, outputs, checks of the stack, and the run over voxels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, NamedTuple

import numpy as np

from ...context import Context
from ...data.result import Display
from ...data.volumes import Code, ImageStack, LabelMap, Map
from ...declare import Advanced, Help, Output, Range, Unit
from ...errors import InputError
from ..voxels.fit_status import FitStatus, status_findings, status_map
from ..voxels.voxelwise import map_voxels

T1 = Output(
    "t1",
    Map,
    unit="s",
    range=(1e-3, 20.0),
    help="Longitudinal relaxation time.",
    display=Display((0, 3), "viridis", Code("113063", "DCM", "T1"), "T1"),
)
T1_ERROR = Output("t1_se", Map, unit="s", help="Standard error of T1; needs more images than unknowns.", optional=True)
S0 = Output(
    "s0", Map, unit="{stack.unit}", help="Signal at full relaxation and 90 degrees.", display=Display(None, "gray")
)
RMSE = Output(
    "rmse", Map, unit="{stack.unit}", help="Root mean square of the residuals.", display=Display(None, "gray")
)
FIT_STATUS = Output("fit_status", LabelMap, help="Why each voxel has the values it has.")


@dataclass(frozen=True)
class T1BoundsParameters:
    t1_min: Annotated[float, Unit("s"), Range(0.001, 1), Help("Lower bound of T1."), Advanced()] = 0.01
    t1_max: Annotated[float, Unit("s"), Range(1, 20), Help("Upper bound of T1."), Advanced()] = 10.0


class T1Estimates(NamedTuple):
    """What a fit gives for each of n curves.

    values : by output name. sse : of the signal. variance : of log T1 for unit
    noise variance, or None. unknowns : number of parameters fitted.
    failed : conditions and their reasons, the gravest first.
    """

    values: dict[str, np.ndarray]
    sse: np.ndarray
    variance: np.ndarray | None
    unknowns: int
    failed: list[tuple[np.ndarray, FitStatus]]


def map_t1(
    fit: Callable[[np.ndarray, np.ndarray], T1Estimates],
    values: np.ndarray,
    stack: ImageStack,
    mask: LabelMap | None,
    context: Context,
) -> dict:
    """The outputs of a T1 mapping analysis, from a fit of (N, n) signals at (n,) flat voxel indices."""
    maps, nonfinite = map_voxels(
        lambda signals, index: _maps(signals, fit(signals, index)),
        values,
        mask=mask,
        context=context,
        message="fitting T1",
    )
    status = maps.pop("fit_status")
    status[nonfinite] = FitStatus.NONFINITE
    return {
        **maps,
        "fit_status": status_map(status, stack.geometry),
        "findings": status_findings(status, stack.name),
    }


def _maps(signals: np.ndarray, estimates: T1Estimates) -> dict[str, np.ndarray]:
    count = len(signals)
    maps = estimates.values | {"rmse": np.sqrt(estimates.sse / count)}
    freedom = count - estimates.unknowns
    if estimates.variance is not None and freedom > 0:
        maps["t1_se"] = maps["t1"] * np.sqrt(np.maximum(estimates.variance, 0) * estimates.sse / freedom)
    failed = [(~(signals > 0).any(axis=0), FitStatus.NO_BASELINE), *estimates.failed]
    status = np.select([condition for condition, _ in failed], [code for _, code in failed], FitStatus.FITTED)
    # At the edge of its range T1 is where the search ended, not where the data point.
    measured = status == FitStatus.FITTED
    return {name: np.where(measured, part, np.nan) for name, part in maps.items()} | {
        "fit_status": status.astype(np.uint8)
    }


def require_settings(stack: ImageStack, setting: str, least: int, words: str) -> None:
    """Refuse a stack of another setting, or with too few different ones.

    Raises
    ------
    InputError
        ``E-SETTING`` or ``E-SETTINGS``.
    """
    if stack.setting != setting:
        raise InputError(
            "E-SETTING",
            f"the volumes differ in {stack.setting}, and they should differ in {setting} ({words})",
            where=stack.name,
            fix=f"Give the images of each {setting}, and say so when reading them (setting={setting!r}).",
        )
    different = len(set(np.round(stack.settings, 6)))
    if different < least:
        raise InputError(
            "E-SETTINGS",
            f"{least} different {words} or more are needed, found {stack.settings.tolist()} {stack.setting_unit}",
            where=stack.name,
            fix="Give the image of each one.",
        )
    if (stack.settings <= 0).any():
        raise InputError(
            "E-SETTINGS",
            f"{words} must be positive, found {stack.settings.tolist()} {stack.setting_unit}",
            where=stack.name,
            fix=f"Correct them; they are in {stack.setting_unit}.",
        )


def fact_of(stack: ImageStack, given: float | None, fact: str, words: str, parameter: str = "") -> float:
    """An acquisition fact of a stack, or the parameter given in its stead.

    Raises
    ------
    InputError
        ``E-ACQUISITION`` when neither is known.
    """
    value = getattr(stack.acquisition, fact) if given is None else given
    if value is None:
        name = parameter or fact
        raise InputError(
            "E-ACQUISITION",
            f"the {words} is not known",
            where=stack.name,
            fix=f"Set the parameter {name} (--set {name}=...).",
        )
    return value
