"""From a dynamic series to the concentration of a first pass, in the unit in which artery and tissue share it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..data.series import Series
from ..data.volumes import LabelMap
from ..errors import Finding, InputError, Severity
from ..numerics.bolus_arrival import baseline_length, bolus_arrival
from .baseline import BaselineParameters
from .fit_status import FitStatus

CONCENTRATION_UNITS = ("mmol/L", "1/s", "HU")
"""Series in these units are taken as they are: concentration, change of R2* or of attenuation."""


@dataclass(frozen=True)
class FirstPass:
    """How curves become concentration up to a factor that artery and tissue share.

    For signal that is ``-ln(S / S_b)``, the change of R2* times the echo time;
    the echo time and the relaxivity cancel in all that is derived. baseline is
    None for series that hold concentration already.
    """

    baseline: slice | None

    def __call__(self, curves: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(T, n) concentrations and (n,) reasons why there are none, 0 where there are."""
        curves = np.asarray(curves, dtype=float)
        if self.baseline is None:
            return curves, np.zeros(curves.shape[1], dtype=np.uint8)
        baseline = curves[self.baseline].mean(axis=0)
        positive = (curves > 0).all(axis=0)
        usable = (baseline > 0) & positive
        safe = np.where(usable, curves, 1.0)
        reason = np.select([~(baseline > 0), ~positive], [FitStatus.NO_BASELINE, FitStatus.NONFINITE], 0)
        return -np.log(safe / np.where(usable, baseline, 1.0)), reason.astype(np.uint8)


def arterial_first_pass(
    series: Series, aif_mask: LabelMap, parameters: BaselineParameters
) -> tuple[FirstPass, np.ndarray, tuple[Finding, ...]]:
    """The conversion of a series, the (T,) mean concentration of its artery, and what was odd.

    Raises
    ------
    InputError
        ``E-AIF-FLAT`` when the artery shows no bolus, ``E-BASELINE`` when no frame is left before it.
    """
    chosen = np.flatnonzero(aif_mask.foreground)
    curves = np.stack([np.asarray(frame, dtype=float).reshape(-1)[chosen] for frame in series.values])
    curves = curves[:, np.isfinite(curves).all(axis=0)]
    if not curves.size:
        raise _flat(aif_mask, "none of its voxels is finite throughout")
    conversion = FirstPass(None)
    if series.unit not in CONCENTRATION_UNITS:
        conversion = FirstPass(_baseline(series, curves.mean(axis=1), aif_mask, parameters))
    concentration, reason = conversion(curves)
    if not (reason == 0).any():
        raise _flat(aif_mask, "none of its voxels has a positive signal throughout")
    artery = concentration[:, reason == 0].mean(axis=1)
    if not np.abs(artery).max() > 0:
        raise _flat(aif_mask, "its concentration is zero throughout")
    return conversion, artery, _odd(artery, series, conversion)


def _baseline(series: Series, artery: np.ndarray, aif_mask: LabelMap, parameters) -> slice:
    count = parameters.baseline_frames
    if count is None:
        # A T2*-weighted signal falls with contrast, others rise.
        first = artery[: max(2, len(artery) // 20)].mean()
        rising = artery if abs(artery.max() - first) > abs(artery.min() - first) else 2 * first - artery
        arrival = float(bolus_arrival(series.times, rising[:, None])[0])
        if np.isnan(arrival):
            raise _flat(aif_mask, "its mean signal does not leave the baseline")
        count = baseline_length(series.times, rising, arrival)
    if not parameters.skipped_frames < count < series.frame_count:
        raise InputError(
            "E-BASELINE",
            f"frames {parameters.skipped_frames} to {count - 1} were to be the baseline, "
            f"of {series.frame_count} frames",
            where=series.name,
            fix="Set baseline_frames to the number of frames before contrast arrives, and skip fewer frames.",
        )
    return slice(parameters.skipped_frames, count)


def _odd(artery: np.ndarray, series: Series, conversion: FirstPass) -> tuple[Finding, ...]:
    if conversion.baseline is None or artery.sum() > 0:
        return ()
    text = "the artery's signal rises with contrast; that of a T2*-weighted series falls"
    return (Finding("W-SIGNAL-RISES", Severity.WARN, text, series.name),)


def _flat(aif_mask: LabelMap, what: str) -> InputError:
    return InputError(
        "E-AIF-FLAT",
        f"no bolus was found in the artery: {what}",
        where=aif_mask.name,
        fix="Choose voxels inside an artery; if they are, set baseline_frames by hand.",
    )
