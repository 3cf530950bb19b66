"""Whether a measured or given input function can be that of a series, and what is odd about it."""

from __future__ import annotations

import numpy as np

from ...data.curve import Curve
from ...data.series import Series
from ...errors import Finding, InputError, Severity
from ...numerics.bolus.bolus_arrival import arrival_of_curve, noise_level

# A peak this many times the scatter is told from noise (reliability of the arrival and the scale).
SMALLEST_PEAK = 5.0
# A curve that falls by less than this part of itself has no bolus, however little it scatters.
SMALLEST_FALL = 1e-3
PLAUSIBLE_PEAK = (0.5, 20.0)  # mmol/L in blood
# A first pass is half its height for about this long; samples farther apart do not show its area.
FIRST_PASS = 10.0  # s
MISSED_PASS = 30.0  # s between samples in which a whole first pass goes unseen
# The input's last value stands for what comes after it over this part of the series at the most.
LONGEST_HELD = 0.2
# Contrast that is there with this part of its peak at the first frame leaves no baseline.
PRESENT = 0.05


def input_findings(blood: Curve, series: Series, *, signal: bool) -> tuple[Finding, ...]:
    """What is odd about an input function.

    Parameters
    ----------
    blood : Curve, mmol/L
    series : Series
    signal : bool
        Whether the series is signal, whose baseline must lie before contrast,
        and the input was given for it as a curve.

    Raises
    ------
    InputError
        ``E-AIF-FLAT`` without a bolus, ``E-AIF-TIMES`` where it does not cover
        the series, ``E-NO-BASELINE`` where contrast is there before the series begins.
    """
    _require_bolus(blood)
    findings = _coverage(blood, series)
    if signal:
        findings += _before_the_series(blood, series)
    peak = float(blood.values.max())
    low, high = PLAUSIBLE_PEAK
    if not low <= peak <= high:
        text = f"the input function peaks at {peak:.3g} {blood.unit}, outside the usual {low:g} to {high:g}"
        findings += (Finding("W-AIF-PEAK", Severity.WARN, text, blood.name),)
    return findings + _coarse(blood)


def _require_bolus(blood: Curve) -> None:
    peak = float(blood.values.max())
    if not peak > 0 or not (_rises(blood, peak) or _falls(blood, peak)):
        raise InputError(
            "E-AIF-FLAT",
            f"the input function has no peak: its largest value is {peak:.3g} {blood.unit}, "
            f"its mean {blood.values.mean():.3g}",
            where=blood.name,
            fix="Choose voxels inside an artery, or use input_function = parker (a population average).",
        )


def _rises(blood: Curve, peak: float) -> bool:
    arrival = arrival_of_curve(blood.times, blood.values)
    if np.isnan(arrival):
        return False
    before = blood.values[blood.times <= arrival]
    return peak - before.mean() >= SMALLEST_PEAK * before.std()


def _falls(blood: Curve, peak: float) -> bool:
    """Whether the curve falls clearly from its peak: one that begins with its bolus has no rise."""
    after = blood.values[int(blood.values.argmax()) :]
    late = float(after[-max(1, len(after) // 3) :].mean())
    noise = float(noise_level(blood.times, blood.values[:, None])[0])
    return len(after) > 2 and peak - late > max(SMALLEST_PEAK * noise, SMALLEST_FALL * abs(peak))


def _coverage(blood: Curve, series: Series) -> tuple[Finding, ...]:
    first, last = series.times[0], series.times[-1]
    held = last - blood.times[-1]
    if blood.times[0] >= last or held > LONGEST_HELD * (last - first):
        raise InputError(
            "E-AIF-TIMES",
            f"the input function goes from {blood.times[0]:.4g} to {blood.times[-1]:.4g} s, "
            f"the series from {first:.4g} to {last:.4g} s",
            where=blood.name,
            fix="Give the input over the time of the series, on the same clock and in the unit its heading says "
            "(s, min), or leave out the frames after it.",
        )
    if held <= 0:
        return ()
    text = f"the input function ends {held:.3g} s before the series; its last value was held"
    return (Finding("W-AIF-SHORT", Severity.WARN, text, blood.name),)


def _before_the_series(blood: Curve, series: Series) -> tuple[Finding, ...]:
    there = float(np.interp(series.times[0], blood.times, blood.values, left=0.0)) / float(blood.values.max())
    if there <= PRESENT:
        return ()
    text = (
        f"contrast is in the blood at the first frame already, at {series.times[0]:.4g} s, with {100 * there:.0f} % of "
        "its peak"
    )
    if blood.times[0] >= series.times[0]:
        # The curve may begin with the injection, and the first frame be of that moment.
        text += "; the baseline is too high if tissue had taken up any by then"
        return (Finding("W-NO-BASELINE", Severity.WARN, text, blood.name),)
    raise InputError(
        "E-NO-BASELINE",
        f"{text}, so no frame shows the tissue before contrast",
        where=blood.name,
        fix="Check that series and input count from the same moment; a series that begins after contrast has to be "
        "given as concentration.",
    )


def _coarse(blood: Curve) -> tuple[Finding, ...]:
    """Say when the bolus may lie between samples: the area of a peak of one sample is anyone's guess."""
    place = int(blood.values.argmax())
    beside = np.diff(blood.times)[max(place - 1, 0) : place + 1]
    sharp = np.count_nonzero(blood.values > blood.values.max() / 2) < 2
    if not beside.size or beside.max() <= (FIRST_PASS if sharp else MISSED_PASS):
        return ()
    what = "the bolus is a single sample," if sharp else "the largest sample is"
    text = (
        f"{what} {beside.max():.3g} s from the next, and a bolus lasts about {FIRST_PASS:g} s: its "
        "area, and with it every rate, may be wrong by a factor; a population average (input_function) knows its shape"
    )
    return (Finding("W-AIF-COARSE", Severity.WARN, text, blood.name),)
