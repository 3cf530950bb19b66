"""Volumes over the cycle: ejection fraction of a heart, tidal volume of lungs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from ...data.curve import Curve, Table
from ...data.volumes import LabelSeries
from ...declare import Advanced, Choices, Help, Input, Output, Range, Unit, analysis
from ...errors import Finding, InputError, Severity
from ...numerics.signal.cycle_curve import SmoothCurve, cycle_curve, open_curve
from ...steps.motion.segments_over_time import BREATH, HEART, chosen_labels, cut_off, volumes_of

TIME, FRACTION = "time", "part of the cycle"
FEWEST_FOR_RATES = 8
# s between frames, up to which rates and an ejection fraction are right, at rest.
RATES_NEED, FRACTION_NEEDS = 0.040, 0.050
# Of the largest volume, by which one that does not move may change.
STILL = 0.01


@dataclass(frozen=True)
class VolumeCurveParameters:
    segments: Annotated[
        tuple[str, ...], Help("Names of the segments that are measured, comma-separated; all when empty.")
    ] = ()
    of: Annotated[
        str, Choices(HEART, BREATH), Help("Whether chambers of a heart or lungs are measured; it names what comes out.")
    ] = HEART  # fmt: skip
    cycle: Annotated[
        bool, Help("The frames are one whole cycle, the last followed by the first; otherwise any stretch of time.")
    ] = True  # fmt: skip
    period: Annotated[
        float | None, Unit("s"), Range(0.1, 60),
        Help("How long the cycle lasts; the frames divide it evenly when empty."),
    ] = None  # fmt: skip
    axis: Annotated[str, Choices(TIME, FRACTION), Help("Over what the volumes are drawn.")] = TIME
    harmonics: Annotated[
        int, Range(1, 20), Help("Of the smooth curve of a cycle, by which rates are measured."), Advanced()
    ] = 5  # fmt: skip


@analysis(
    id="motion.volume_curve",
    title="Volumes over the cycle",
    citation="Own definition of what is usual: volumes by the sum over all slices, rates by a Fourier series; "
    "Bacharach et al., J Nucl Med 20:189 (1979), for how often frames have to come",
    inputs=[
        Input(
            "labels", LabelSeries, min_frames=2, results=("motion.propagation:labels", "labels"),
            help="A segmentation of every frame, as of cine MR or 4D CT.",
        )
    ],
    outputs=[
        Output("volumes", Curve, unit="mL", help="Volume of each segment, and the smooth curve that gives rates."),
        Output(
            "measures", Table,
            help="Largest and smallest volume with their frames and times, stroke volume, ejection fraction and peak "
            "rates; or end-inspiratory, end-expiratory and tidal volume.",
        ),
    ],
    parameters=VolumeCurveParameters,
)  # fmt: skip
def volume_curve(labels, *, parameters, context):
    r"""Volume of each segment in each frame, with ejection fraction and filling rates, or tidal volume.

    Notes
    -----
    A volume is the number of voxels times the volume of one, in all slices. End-diastole is the frame with the largest
    volume V and end-systole that with the smallest, the first of several,

    .. math:: EF = \frac{V_{ED} - V_{ES}}{V_{ED}}

    Rates are the steepest slopes of the Fourier series of the cycle that lies nearest to the volumes; where the frames
    are no whole cycle, of the spline through them. Rates of fewer than 8 frames are left empty: what is steepest lies
    between them. At rest an ejection fraction needs a frame every 50 ms, rates one every 40 ms (Bacharach 1979); fewer
    are told. A segment that is missing in a frame is refused, as its volume would be 0.
    """
    chosen = chosen_labels(labels, parameters.segments)
    period = _period(labels, parameters)
    curves, rows, findings = [], [], []
    for n, (value, name) in enumerate(chosen.items()):
        context.progress(n / len(chosen), f"measuring {name}")
        volumes = volumes_of(labels, value)
        findings += cut_off(labels, value)
        if np.ptp(volumes) < STILL * volumes.max():
            text = f"the volume of {name} changes by less than {STILL:.0%}; it is no chamber that beats"
            findings.append(Finding("W-STILL", Severity.WARN, text, labels.name))
        smooth = _smooth(labels.times, volumes, period, parameters)
        curves += _curves(labels, volumes, smooth, name, period, parameters)
        measures = _heart if parameters.of == HEART else _breath
        rows += [(name, *row) for row in measures(labels, volumes, smooth, period, parameters)]
    findings += _frame_rate(labels, parameters)
    columns = dict(zip(("segment", "measure", "unit", "value"), map(list, zip(*rows))))
    return {"volumes": tuple(curves), "measures": Table(columns, name="measures"), "findings": tuple(findings)}


def _period(labels: LabelSeries, parameters: VolumeCurveParameters) -> float:
    """s of the cycle, or of the stretch of time."""
    span = float(labels.times[-1] - labels.times[0])
    if not parameters.cycle:
        return span
    if parameters.period is None:
        return span * labels.frame_count / (labels.frame_count - 1)
    if span >= parameters.period:
        raise InputError(
            "E-PERIOD",
            f"the frames span {span:.4g} s, longer than the cycle of {parameters.period:.4g} s",
            where=labels.name,
            fix="Correct the period, give the frames of one cycle only, or set cycle to false.",
        )
    return parameters.period


def _frame_rate(labels: LabelSeries, parameters: VolumeCurveParameters) -> list[Finding]:
    interval = float(np.median(labels.intervals))
    if parameters.of != HEART or interval <= RATES_NEED * (1 + 1e-6):
        return []
    what = "rates of a heart at rest"
    if interval > FRACTION_NEEDS * (1 + 1e-6):
        what = "an ejection fraction and rates of a heart at rest"
    limits = f"{1000 * RATES_NEED:.0f} ms are needed for rates, {1000 * FRACTION_NEEDS:.0f} ms for an ejection fraction"
    text = f"frames are {1000 * interval:.0f} ms apart; {what} come out too small: {limits}"
    return [Finding("N-FRAME-RATE", Severity.NOTE, text, labels.name)]


def _smooth(times: np.ndarray, volumes: np.ndarray, period: float, parameters) -> SmoothCurve:
    if parameters.cycle:
        return cycle_curve(times, volumes, period, parameters.harmonics)
    return open_curve(times, volumes)


def _curves(labels: LabelSeries, volumes, smooth: SmoothCurve, name: str, period: float, parameters) -> list[Curve]:
    measured, fine, options = labels.times, smooth.times, {}
    if parameters.axis == FRACTION:
        measured, fine = (100 * (times - labels.times[0]) / period for times in (measured, fine))
        options = {"axis": "part of the cycle [%]"}
    return [
        Curve(measured, volumes, "mL", name, **options),
        Curve(fine, smooth.values, "mL", f"{name} fit", fit_of=name, **options),
    ]


def _moment(labels: LabelSeries, frame: int, word: str, period: float, parameters) -> list[tuple[str, str, float]]:
    time = float(labels.times[frame])
    rows = [(f"frame of {word}", "1", float(frame)), (f"time of {word}", "s", time)]
    if parameters.cycle:
        rows.append((f"phase of {word}", "%", 100 * (time - float(labels.times[0])) / period))
    return rows


def _heart(labels: LabelSeries, volumes: np.ndarray, smooth: SmoothCurve, period: float, parameters) -> list[tuple]:
    largest, smallest = int(np.argmax(volumes)), int(np.argmin(volumes))
    whole, least = float(volumes[largest]), float(volumes[smallest])
    enough = len(volumes) >= FEWEST_FOR_RATES
    nan = (float("nan"), float("nan"))
    (emptying, emptied), (filling, filled) = (smooth.steepest_fall, smooth.steepest_rise) if enough else (nan, nan)
    rows = [
        ("end-diastolic volume", "mL", whole), ("end-systolic volume", "mL", least),
        ("stroke volume", "mL", whole - least), ("ejection fraction", "%", 100 * (whole - least) / whole),
        *_moment(labels, largest, "end-diastole", period, parameters),
        *_moment(labels, smallest, "end-systole", period, parameters),
        ("peak emptying rate", "mL/s", emptying), ("peak emptying rate by volume", "1/s", emptying / whole),
        ("time of peak emptying", "s", emptied), ("peak filling rate", "mL/s", filling),
        ("peak filling rate by volume", "1/s", filling / whole), ("time of peak filling", "s", filled),
    ]  # fmt: skip
    if parameters.cycle:
        rows += [("rate", "1/min", 60 / period), ("output", "L/min", (whole - least) / 1000 * 60 / period)]
    return rows


def _breath(labels: LabelSeries, volumes: np.ndarray, smooth: SmoothCurve, period: float, parameters) -> list[tuple]:
    largest, smallest = int(np.argmax(volumes)), int(np.argmin(volumes))
    whole, least = float(volumes[largest]), float(volumes[smallest])
    enough = len(volumes) >= FEWEST_FOR_RATES
    nothing = float("nan")
    rows = [
        ("end-inspiratory volume", "mL", whole), ("end-expiratory volume", "mL", least),
        ("tidal volume", "mL", whole - least), ("tidal by end-expiratory volume", "%", 100 * (whole - least) / least),
        *_moment(labels, largest, "end-inspiration", period, parameters),
        *_moment(labels, smallest, "end-expiration", period, parameters),
        ("peak inspiratory rate", "mL/s", smooth.steepest_rise[0] if enough else nothing),
        ("peak expiratory rate", "mL/s", smooth.steepest_fall[0] if enough else nothing),
    ]  # fmt: skip
    if parameters.cycle:
        # From the fullest frame on to the emptiest, round the cycle.
        out = float(labels.times[smallest] - labels.times[largest]) % period
        rows += [
            ("rate", "1/min", 60 / period), ("ventilation", "L/min", (whole - least) / 1000 * 60 / period),
            ("duration of expiration", "s", out), ("duration of inspiration", "s", period - out),
        ]  # fmt: skip
    return rows
