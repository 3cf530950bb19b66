"""When contrast reaches a series as a whole."""

from __future__ import annotations

import numpy as np

from ...data.series import Series
from ...data.volumes import LabelMap
from ...errors import InputError
from ...numerics.bolus.bolus_arrival import bolus_arrival, noise_level

# Without a mask, arrival is looked for in this part of the voxels that change most, or in the fewest that outvote some
# that change for another reason.
CHANGING_PART = 0.02
FEWEST_VOXELS, MOST_VOXELS = 25, 2000
VOXELS_AT_ONCE = 2**15  # stay in the processor's cache
TRIMMED_PART = 0.1
MIDDLE_PART = 0.25  # left out at either end
LEVELS_OF_CONTRAST = ("mmol/L", "1/s", "HU")
# A first frame that differs from the next by this part, and by so many times the noise, is not yet in steady state.
UNSTEADY_PART, UNSTEADY_NOISE, MOST_UNSTEADY = 0.02, 5.0, 5
FRAMES_BESIDE = 3
LEVEL_LASTS = 4.0  # times the spread of the frames beside, by which a darker first frame is darker


def series_arrival(series: Series, mask: LabelMap | None) -> float:
    """Bolus arrival in s of the region's mean curve, or of the voxels that change most.

    Raises
    ------
    InputError
        ``E-NO-ARRIVAL`` when no rise stands out.
    """
    return arriving_curve(series, mask)[1]


def arriving_curve(series: Series, mask: LabelMap | None, falling: bool = False) -> tuple[np.ndarray, float]:
    """(T,) curve that rises with contrast, of a region or of the voxels that change most, and when it does, in s.

    falling : contrast makes the signal fall; the curve is then the negative of it.

    Raises
    ------
    InputError
        ``E-NO-ARRIVAL`` when no rise stands out.
    """
    frames = series.values.reshape(series.frame_count, -1)
    sign = -1.0 if falling else 1.0
    if mask is not None:
        inside = np.flatnonzero(mask.foreground)
        curve = sign * np.array([robust_mean(np.asarray(frame[inside], float)) for frame in frames])
        arrival = curve_arrival(series, curve)
        if np.isfinite(arrival):
            return curve, arrival
        inside = inside[changing_voxels(frames[:, inside])]
    else:
        inside = changing_voxels(frames)
    curve = _typical_rise(series, sign * _curves(frames, inside))
    arrival = curve_arrival(series, curve)
    if np.isnan(arrival):
        change = "fall clearly below" if falling else "rise clearly above"
        raise InputError(
            "E-NO-ARRIVAL",
            f"no arrival of contrast was found: the mean curve does not {change} its first frames",
            where=series.name,
            fix="Check that this is the dynamic series; if it is, set baseline_frames by hand.",
        )
    return curve, arrival


def first_unsteady_frames(series: Series, curve: np.ndarray) -> int:
    """How many first frames of a (T,) curve of signal, or of its negative, are unlike the level that follows.

    Brighter ones always count. A first frame that is darker counts only where the
    level lasts and contrast comes after it: otherwise the step is the contrast.
    """
    if series.unit in LEVELS_OF_CONTRAST:
        return 0
    signal = np.abs(curve)
    noise = float(noise_level(series.times, signal[:, None])[0])
    for count in range(MOST_UNSTEADY):
        beside = signal[count + 1 : count + 1 + FRAMES_BESIDE]
        if len(beside) < FRAMES_BESIDE:
            return count
        excess, spread = signal[count] - beside.mean(), np.ptp(beside)
        clear = abs(excess) > max(UNSTEADY_PART * beside.mean(), UNSTEADY_NOISE * noise)
        bright = excess > spread or spread < excess / 2
        dark = -excess > LEVEL_LASTS * spread and _rises_later(series, curve, count + 1, least=-excess / 2)
        if not (clear and (bright or dark)):
            return count
    return MOST_UNSTEADY


def _rises_later(series: Series, curve: np.ndarray, first: int, *, least: float) -> bool:
    """Whether a curve stays level for some frames from the first on, and then rises by so much at least."""
    later = first + FRAMES_BESIDE
    if curve[later:].max(initial=-np.inf) - curve[first:later].mean() < least:
        return False
    arrival = bolus_arrival(series.times[first:], curve[first:, None])[0]
    return bool(arrival > series.times[later - 1])


def changing_voxels(frames: np.ndarray) -> np.ndarray:
    """Indices of the n voxels of (T, n) frames that change most over time."""
    parts = (frames[:, start : start + VOXELS_AT_ONCE] for start in range(0, frames.shape[1], VOXELS_AT_ONCE))
    variance = np.concatenate([_variance(part) for part in parts])
    count = min(max(int(CHANGING_PART * variance.size), FEWEST_VOXELS), variance.size)
    return np.argpartition(variance, -count)[-count:]


def _variance(frames: np.ndarray) -> np.ndarray:
    """(n,) variance over time of (T, n) frames, in which what is not finite counts as zero."""
    total, squares = np.zeros((2, frames.shape[1]))
    for frame in frames:
        frame = np.asarray(frame, dtype=float)
        if not np.isfinite(frame).all():
            frame = np.nan_to_num(frame, nan=0.0, posinf=0.0, neginf=0.0)
        total += frame
        squares += frame * frame
    return squares / len(frames) - (total / len(frames)) ** 2


def robust_mean(values: np.ndarray, part: float = TRIMMED_PART) -> float:
    """Mean of the finite values without the largest and smallest part, at least one of each where there are three."""
    finite = np.sort(values[np.isfinite(values)])
    # By hand: scipy.stats has it too, but takes a quarter of a second to import.
    cut = max(int(part * finite.size), 1) if finite.size > 2 else 0
    return float(finite[cut : finite.size - cut].mean()) if finite.size else float("nan")


def curve_arrival(series: Series, curve: np.ndarray) -> float:
    """When a (T,) curve of the series leaves its baseline, in s, whatever its first unsteady frames; NaN if never."""
    # What is not yet in the steady state looks like a level from which the signal falls.
    first = first_unsteady_frames(series, curve)
    return float(bolus_arrival(series.times[first:], curve[first:, None])[0])


def _curves(frames: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    chosen = np.sort(chosen)
    chosen = chosen[:: max(1, int(np.ceil(chosen.size / MOST_VOXELS)))]
    return np.stack([np.asarray(frame[chosen], dtype=float) for frame in frames])


def _typical_rise(series: Series, curves: np.ndarray) -> np.ndarray:
    """(T,) mean, frame by frame, over the middle of the (T, n) curves that rise for themselves, or of all where few do.

    A curve with one wild frame changes much as well, and is outvoted in that frame.
    """
    rises = np.isfinite(bolus_arrival(series.times, curves))
    chosen = curves[:, rises] if np.count_nonzero(rises) > 2 else curves
    return np.array([robust_mean(frame, MIDDLE_PART) for frame in chosen])
