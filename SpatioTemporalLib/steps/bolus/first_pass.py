"""From a dynamic series to the concentration of a first pass, in the unit in which artery and tissue share it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...context import Context
from ...data.series import Series
from ...data.volumes import LabelMap
from ...errors import Finding, InputError, Severity
from ...numerics.bolus.first_pass import remaining_part
from ..arrival.baseline import Baseline, BaselineParameters, baseline_before, baseline_frames, find_baseline
from ..arrival.series_arrival import curve_arrival, first_unsteady_frames
from ..arterial_input.artery import find_artery
from ..voxels.fit_status import FitStatus
from ..voxels.voxelwise import map_voxels

CONCENTRATION_UNITS = ("mmol/L", "1/s", "HU")
"""Series in these units are taken as they are: concentration, change of R2* or of attenuation."""

LATE_FRAMES = 10  # at the end, that show whether contrast stayed
CLEAR_PASS = 5.0  # times the scatter of the baseline
VOXELS_AT_ONCE = 16384
# Parts of its peak that a curve may have left at the end: after the pass contrast recirculates with 10 to 30 %.
SMALL_REST, LARGE_REST = 1 / 3, 1 / 2
FEW_VOXELS = 0.05


@dataclass(frozen=True)
class FirstPass:
    """How curves become concentration up to a factor that artery and tissue share.

    For signal that is ``-ln(S / S_b)``, the change of R2* times the echo time;
    the echo time and the relaxivity cancel in all that is derived.

    baseline : frames before arrival. is_concentration : whether the series holds it already.
    """

    baseline: slice
    is_concentration: bool = False

    def __call__(self, curves: np.ndarray, index: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """(T, n) concentrations and (n,) reasons why there are none, 0 where there are; wherever the voxels are."""
        curves = np.asarray(curves, dtype=float)
        if self.is_concentration:
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
        ``E-AIF-FLAT`` when the artery shows no bolus, ``E-BASELINE`` when no frame is left before it,
        ``E-FIRST-PASS`` when the series ends before the bolus has left the artery.
    """
    chosen = np.flatnonzero(aif_mask.foreground)
    curves = np.stack([np.asarray(frame, dtype=float).reshape(-1)[chosen] for frame in series.values])
    curves = curves[:, np.isfinite(curves).all(axis=0)]
    if not curves.size:
        raise _flat(aif_mask.name, "none of its voxels is finite throughout")
    baseline = _baseline(series, curves.mean(axis=1), aif_mask, parameters)
    conversion = FirstPass(baseline.frames, series.unit in CONCENTRATION_UNITS)
    concentration, reason = conversion(curves)
    if not (reason == 0).any():
        raise _flat(aif_mask.name, "none of its voxels has a positive signal throughout")
    artery = concentration[:, reason == 0].mean(axis=1)
    if not np.abs(artery).max() > 0:
        raise _flat(aif_mask.name, "its concentration is zero throughout")
    cut = _cut_off(artery, series, conversion.baseline, aif_mask.name)
    return conversion, artery, (*baseline.findings, *_odd(artery, series, conversion), *cut)


def detected_artery(series: Series, parameters: BaselineParameters, context: Context) -> LabelMap:
    """The artery of a first pass, by the shape of its curve."""
    is_concentration = series.unit in CONCENTRATION_UNITS
    baseline = baseline_frames(series, None, parameters, falling=not is_concentration)
    conversion = FirstPass(baseline, is_concentration)
    return find_artery(series, conversion, conversion.baseline, parameters, context)


def reference_without_leakage(
    series: Series, conversion: FirstPass, mask: LabelMap | None, context: Context
) -> np.ndarray:
    """(T,) mean curve of the voxels whose last frames are back at the baseline.

    Raises
    ------
    InputError
        ``E-LEAKAGE`` when no voxel is.
    """
    frames = series.values.reshape(series.frame_count, -1)

    def returns(curves, index):
        concentration, reason = conversion(curves)
        before = concentration[conversion.baseline]
        late = concentration[-min(LATE_FRAMES, len(concentration) // 4) :].mean(axis=0)
        passed = concentration.max(axis=0) > CLEAR_PASS * before.std(axis=0, ddof=1)
        back = np.abs(late - before.mean(axis=0)) <= before.std(axis=0, ddof=1)
        return {"back": (passed & back & (reason == 0)).astype(np.uint8)}

    maps, _ = map_voxels(
        returns, series.values, mask=mask, context=context, message="looking for tissue without leakage"
    )
    chosen = np.flatnonzero(maps["back"])
    if not chosen.size:
        raise InputError(
            "E-LEAKAGE",
            "no voxel is back at its baseline at the end, so none can serve as tissue without leakage",
            where=series.name if mask is None else mask.name,
            fix="Include normal tissue in the mask, or set leakage_correction = none.",
        )
    total = np.zeros(series.frame_count)
    for start in range(0, chosen.size, VOXELS_AT_ONCE):
        total += conversion(frames[:, chosen[start : start + VOXELS_AT_ONCE]])[0].sum(axis=1)
    return total / chosen.size


def _baseline(series: Series, mean: np.ndarray, aif_mask: LabelMap, parameters: BaselineParameters) -> Baseline:
    """Of the artery's (T,) mean curve, which falls with contrast in a T2*-weighted series and rises in others."""
    unsteady = max(first_unsteady_frames(series, sign * mean) for sign in (1.0, -1.0))
    first = mean[unsteady : unsteady + max(2, len(mean) // 20)].mean()
    falls = abs(mean[unsteady:].min() - first) > abs(mean[unsteady:].max() - first)
    if parameters.baseline_frames is not None:
        return find_baseline(series, aif_mask, parameters, falling=falls)
    curve = -mean if falls else mean
    arrival = curve_arrival(series, curve)
    if np.isnan(arrival):
        raise _flat(aif_mask.name, "its mean signal does not leave the baseline")
    return baseline_before(series, curve, arrival)


def _odd(artery: np.ndarray, series: Series, conversion: FirstPass) -> tuple[Finding, ...]:
    if conversion.is_concentration or artery.sum() > 0:
        return ()
    text = "the artery's signal rises with contrast; that of a T2*-weighted series falls"
    return (Finding("W-SIGNAL-RISES", Severity.WARN, text, series.name),)


def _cut_off(artery: np.ndarray, series: Series, baseline: slice, name: str) -> tuple[Finding, ...]:
    left = float(remaining_part(artery[:, None], baseline)[0])
    if left <= SMALL_REST:
        return ()
    text = (
        f"the series ends at {series.times[-1]:.4g} s, when the artery still has {100 * left:.0f} % of its peak, so "
        "the first pass is not over"
    )
    if left > LARGE_REST:
        raise InputError(
            "E-FIRST-PASS",
            f"{text} and its area is not known",
            where=name,
            fix="Give the series up to where the bolus has passed, or a region inside an artery.",
        )
    return (Finding("W-FIRST-PASS", Severity.WARN, f"{text}; flow and volume come out too large", name),)


def tissue_cut_off(still: np.ndarray, usable: np.ndarray, series: Series) -> tuple[Finding, ...]:
    """What is to be said of voxels whose first pass was not over: where `still` of those that are `usable`."""
    count, total = np.count_nonzero(still & usable), np.count_nonzero(usable)
    if not total or count <= FEW_VOXELS * total:
        return ()
    text = (
        f"{100 * count / total:.0f} % of the voxels have more than {100 * LARGE_REST:.0f} % of their peak left at the "
        "end: their first pass is not over, or contrast leaks into the tissue, and volume and transit time are not "
        "those of the pass"
    )
    return (Finding("W-FIRST-PASS-TISSUE", Severity.WARN, text, series.name),)


def _flat(name: str, what: str) -> InputError:
    return InputError(
        "E-AIF-FLAT",
        f"no bolus was found in the artery: {what}",
        where=name,
        fix="Choose voxels inside an artery; if they are, set baseline_frames by hand.",
    )
