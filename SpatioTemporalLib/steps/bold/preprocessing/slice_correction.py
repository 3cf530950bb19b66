"""All slices of a run as if they had been acquired at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ....data.series import Series
from ....errors import Finding, InputError, ParameterError, Severity, counted
from ....numerics.bold.preprocessing.slice_shift import shifted
from ..run_data import repetition_time
from .parameters import SliceTimingParameters

# Less than this of a frame makes no difference.
LITTLE = 1e-3
SHORT_FRAMES_S = 1.0


def times_of_slices(series: Series, given: tuple[float, ...]) -> np.ndarray:
    """(K,) s within a frame, as given or as the series says.

    Raises
    ------
    InputError
        ``E-SLICE-TIMES`` where neither says it, or for another number of slices, or times beyond a frame.
    """
    slices, interval = series.geometry.shape[0], repetition_time(series)
    times = given or series.acquisition.slice_times
    source = "slice_times" if given else "the series"
    if not times:
        raise InputError(
            "E-SLICE-TIMES", "nothing says when the slices were acquired", where=series.name,
            fix="Give slice_times in seconds, the side-car with SliceTiming beside the image, or the mosaics that a "
            "Siemens scanner wrote; orders such as ascending differ between scanners and are not guessed.",
        )  # fmt: skip
    if len(times) != slices:
        raise InputError(
            "E-SLICE-TIMES", f"{source} gives {counted(len(times), 'time')} for {counted(slices, 'slice')}",
            where=series.name, fix="Give one time in seconds for each slice, the first slice first.",
        )  # fmt: skip
    times = np.array(times, dtype=float)
    if times.min() < 0 or times.max() > interval * (1 + LITTLE):
        raise InputError(
            "E-SLICE-TIMES", f"{source} gives times from {times.min():g} to {times.max():g} s, frames are "
            f"{interval:g} s apart", where=series.name,
            fix="Give seconds from the start of a frame; milliseconds are divided by 1000.",
        )  # fmt: skip
    return times


def slices_corrected(
    series: Series, parameters: SliceTimingParameters, report: Callable[[float], None] = lambda fraction: None
) -> tuple[Series, float, tuple[Finding, ...]]:
    """The series with all slices at one time within each frame, that time in s, and what is to be known."""
    times, interval = times_of_slices(series, parameters.slice_times), repetition_time(series)
    at = interval / 2 if parameters.slice_reference is None else parameters.slice_reference
    if at > interval:
        raise ParameterError(
            "E-PARAMETER", f"slice_reference = {at:g} s is later than a frame of {interval:g} s",
            fix="Give a time within a frame, or leave it empty for the middle.",
        )  # fmt: skip
    delays = (at - times) / interval
    values = np.array(series.values, dtype=np.float32)
    for k, delay in enumerate(delays):
        report(k / len(delays))
        if abs(delay) > LITTLE:
            plane = values[:, k].reshape(len(values), -1)
            values[:, k] = shifted(plane, delay, parameters.slice_method).reshape(values[:, k].shape)
    text = f"slices now count at {at:.4g} s of each frame: give bold.activation acquired = {at:.4g}"
    findings = [Finding("I-SLICE-TIMES", Severity.NOTE, text, series.name)]
    if np.ptp(times) <= LITTLE * interval:
        text = "all slices say the same time: as they do after this correction, or where it was not told"
        findings.append(Finding("W-SLICE-TIMES-EQUAL", Severity.WARN, text, series.name))
    if interval <= SHORT_FRAMES_S:
        text = f"frames of {interval:g} s gain little by this correction, which moves spikes to their neighbours"
        findings.append(Finding("W-SLICE-TIMES-LITTLE", Severity.WARN, text, series.name))
    acquisition = replace(series.acquisition, slice_times=(at,) * len(times))
    corrected = replace(series, values=values, acquisition=acquisition, name="slice_timed", findings=())
    return corrected, at, tuple(findings)
