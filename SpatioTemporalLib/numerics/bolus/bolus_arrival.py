"""When contrast arrives, from the bend in a curve."""

from __future__ import annotations

import functools

import numpy as np

from .population_input_functions import parker_blood_concentration

STEPS_PER_FRAME = 2
# The rise must stand this far above the scatter of the frames before it.
SMALLEST_RISE = 4.0
SHORTEST_BASELINE = 2
# Part of the baseline by which its last frames may differ before they count as contrast.
SMALLEST_DRIFT = 5e-4
# Frames after a bend that are tried as the length of the rise.
RISE_LENGTHS = (1, 2, 3, 4, 6, 9, 13, 19, 28, 42, 63, 95, 142, 213, 320, 480)
# A rise has to reach so many times the noise, and this part of the height of the curve.
CLEAR_RISE, SMALLEST_PART = 5.0, 0.05
# What leaving out a frame costs. A frame that the bend explains costs 1 on average, so this is a little more.
COST_OF_A_FRAME = 1.2
# No curve is a parabola: below this part of its height the misfit does not tell one bend from another.
FINEST_MISFIT = 1e-3
SAME_SHAPE = 1e-9
# In fewer frames the course of a curve cannot be told from noise.
FEWEST_FOR_NOISE = 8
MOST_SAMPLES = 400
NUMBERS_AT_ONCE = 2**16  # stay in the processor's cache


def bolus_arrival(times, curves) -> np.ndarray:
    """Time at which each curve leaves its baseline.

    Parameters
    ----------
    times : (T,) array, s
    curves : (T, n) array
        Signal or concentration that rises with contrast.

    Returns
    -------
    (n,) array, s
        NaN for curves that do not rise clearly above their baseline.

    Notes
    -----
    A constant followed by a rise is fitted for candidate bends at half frames,
    after Cheong et al., Phys Med Biol 48:N83 (2003), whose rise is a quadratic
    (linear-quadratic model). Fitted to all frames up to the peak, as there, the
    bend comes the earlier the longer the tissue goes on rising. Hence the fit
    covers only the first frames after the bend, as many as the rise explains
    within the noise. A second rise is that of tissue that leaks but does not yet
    give back (Patlak's model with Parker's bolus): a bolus begins so gently that
    a quadratic sees it late. Arrival is the mean over the bends, each weighted
    by its likelihood, so that no bend is chosen by the last digit of a sum.
    """
    times = np.asarray(times, dtype=float)
    curves = np.asarray(curves, dtype=float)
    arrival = np.full(curves.shape[1], np.nan)
    with np.errstate(invalid="ignore"):
        rises = np.isfinite(curves).all(axis=0) & (curves.max(axis=0) > curves[0])
    if len(times) > 1 and rises.any():
        arrival[rises] = _bend(times, curves[:, rises])
    return arrival


def arrival_of_curve(times, values) -> float:
    """Arrival in s of one curve, however finely it is sampled; NaN where there is none."""
    times, values = np.asarray(times, dtype=float), np.asarray(values, dtype=float)
    # The search takes the square of the samples, and arrival is not wanted more finely than this.
    thinned = slice(None, None, max(1, len(times) // MOST_SAMPLES))
    return float(bolus_arrival(times[thinned], values[thinned, None])[0])


def baseline_length(times, curve, arrival: float) -> int:
    """Number of first frames that still show the baseline, at least one.

    Parameters
    ----------
    times : (T,) array, s
    curve : (T,) array
    arrival : float, s
        The bend of the fitted rise. A real bolus begins more gently, so frames
        just before it that lie above the scatter of the earlier ones are
        contrast already and are not counted.
    """
    curve = np.asarray(curve, dtype=float)
    count = max(1, int(np.searchsorted(times, arrival, side="right")))
    while count > SHORTEST_BASELINE:
        earlier = curve[: count - 1]
        allowed = max(3 * earlier.std(), SMALLEST_DRIFT * abs(earlier.mean()))
        if curve[count - 1] - earlier.mean() <= allowed:
            break
        count -= 1
    return count


def noise_level(times, curves) -> np.ndarray:
    """(n,) standard deviations of the noise of (T, n) curves, whatever their slow course; 0 for a few frames.

    From how far each frame lies off the straight line between its neighbours,
    by the median over frames, to which a bolus of few frames is no matter.
    """
    times, curves = np.asarray(times, dtype=float), np.asarray(curves, dtype=float)
    if len(times) < FEWEST_FOR_NOISE:
        return np.zeros(curves.shape[1])
    part = ((times[2:] - times[1:-1]) / (times[2:] - times[:-2]))[:, None]
    off = curves[1:-1] - part * curves[:-2] - (1 - part) * curves[2:]
    return 1.4826 * np.median(np.abs(off) / np.sqrt(1 + part**2 + (1 - part) ** 2), axis=0)


def _bend(times: np.ndarray, curves: np.ndarray) -> np.ndarray:
    """(n,) arrivals of curves that are somewhere higher than at their first frame."""
    height = curves.max(axis=0) - curves[0]
    scaled = (curves - curves[0]) / height
    noise = np.maximum(noise_level(times, scaled), FINEST_MISFIT)
    bends = np.interp(np.arange(0, len(times) - 1, 1 / STEPS_PER_FRAME), np.arange(len(times)), times)
    costs = _costs(times - times[0], scaled, bends - times[0], noise)
    lowest = costs.min(axis=0)
    likelihood = np.exp(-(costs - np.where(np.isfinite(lowest), lowest, 0.0)) / 2)
    with np.errstate(invalid="ignore"):
        arrival = bends @ likelihood / likelihood.sum(axis=0)
    return np.where(_rises_clearly(times, scaled, arrival), arrival, np.nan)


def _costs(times: np.ndarray, curves: np.ndarray, bends: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """(B, n) misfits of the best rise from each bend, with what the frames cost that it leaves out; inf where none."""
    peak = curves.argmax(axis=0)
    last = int(peak.max())
    sums = np.cumsum(curves, axis=0), np.cumsum(curves**2, axis=0)
    least = np.maximum(CLEAR_RISE * noise, SMALLEST_PART)
    costs = np.full((len(bends), curves.shape[1]), np.inf)
    before_the_peak = int(np.searchsorted(bends, times[last]))
    at_once = max(1, NUMBERS_AT_ONCE // (len(RISE_LENGTHS) * max(last + 1, curves.shape[1])))
    for begin in range(0, before_the_peak, at_once):
        part = slice(begin, min(begin + at_once, before_the_peak))
        first = np.searchsorted(times, bends[part], side="right")[:, None]
        lengths = np.array([length for length in RISE_LENGTHS if first[0, 0] + length - 1 < last], dtype=int)
        ends = np.minimum(np.append(first + lengths - 1, np.full_like(first, last), axis=1), last)[..., None]
        left_out = np.where(ends <= peak, COST_OF_A_FRAME * (peak - ends), np.inf)
        since = times[: last + 1] - bends[part, None]
        for shapes, both_up in ((_parabola(since), False), (_tissue(since), True)):
            misfits = _misfits(shapes, curves, sums, (first[..., None], ends), least, both_up=both_up)
            np.minimum(costs[part], (misfits / noise**2 + left_out).min(axis=1), out=costs[part])
    return costs


def _parabola(since: np.ndarray) -> np.ndarray:
    """(2, B, T) what a rise that begins straight and bends is made of, at times in s since its beginning."""
    since = np.maximum(since, 0.0) / np.maximum(since[:, -1:], 1e-9)
    return np.stack([since, since**2])


def _tissue(since: np.ndarray) -> np.ndarray:
    """(2, B, T) what tissue shows of a bolus before any of it has left: its leakage, and the bolus in its plasma."""
    grid, bolus, leaked = _bolus()
    return np.stack([np.interp(since, grid, leaked, left=0.0), np.interp(since, grid, bolus, left=0.0)])


@functools.cache
def _bolus() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Parker's population average in steps, and its integral, both of height 1 over five minutes."""
    grid = np.arange(0.0, 3600.0, 0.25)
    bolus = parker_blood_concentration(grid)
    leaked = np.concatenate([[0.0], np.cumsum((bolus[1:] + bolus[:-1]) / 2)])
    return grid, bolus / bolus.max(), leaked / leaked[1200]


def _misfits(shapes, curves, sums, frames, least, *, both_up: bool) -> np.ndarray:
    """(B, E, n) sums of squares, over the frames to each end, of a constant and a rise; inf for no rise.

    Parameters
    ----------
    shapes : (2, B, T) array           What the rises are made of, zero before their first frames.
    sums : (T, n) arrays               Running sums over frames of the curves, and of their squares.
    frames : (B, 1, 1), (B, E, 1)      First frame of each rise, and the ends that are tried.
    least : (n,) array                 How high a rise must reach at its end.
    both_up : bool                     Whether both shapes have to rise, or the first at the bend and their sum.
    """
    first, ends = frames
    count = ends + 1
    sum_one, sum_two, square_one, square_two, product = (
        np.take_along_axis(np.cumsum(values, axis=1)[..., None], ends, axis=1)
        for values in (*shapes, *shapes**2, shapes[0] * shapes[1])
    )
    norm = square_one - sum_one**2 / count
    overlap = (product - sum_one * sum_two / count) / norm
    rest = square_two - sum_two**2 / count - overlap**2 * norm
    # Two shapes explain any two frames, so there the first stands alone.
    single = (ends - first < 2) | (rest <= SAME_SHAPE * square_two)
    level = sums[0][ends[..., 0]] / count
    rising = np.arange(first.min(), shapes.shape[2])
    weights = shapes[:, :, None, rising] * ((first <= rising) & (rising <= ends))
    by_one, by_two = weights @ curves[rising]
    by_one -= sum_one * level
    alone = by_one / norm
    by_two -= sum_two * level + overlap * by_one
    second = by_two / np.where(single, 1.0, rest)
    begins = alone - overlap * second
    at_end_one, at_end_two = np.take_along_axis(shapes[..., None], ends[None], axis=2)
    rises = (begins >= 0) & (begins * at_end_one + second * at_end_two > least) & ~single
    if both_up:
        rises &= second >= 0
    alone_rises = (alone * at_end_one > least) & ~(single & both_up)
    misfit = sums[1][ends[..., 0]] - count * level**2 - by_one * alone
    misfit = np.where(rises, misfit - by_two * second, np.where(alone_rises, misfit, np.inf))
    return np.maximum(misfit, 0.0)


def _rises_clearly(times, curves, arrival) -> np.ndarray:
    """Whether curves of height 1 stand clearly above the scatter before their arrival, where they have one."""
    before = times[:, None] <= np.where(np.isnan(arrival), times[0], arrival)
    count = before.sum(axis=0)
    mean = np.where(before, curves, 0.0).sum(axis=0) / count
    scatter = np.sqrt(np.where(before, (curves - mean) ** 2, 0.0).sum(axis=0) / np.maximum(count - 1, 1))
    return curves.max(axis=0) - mean > SMALLEST_RISE * scatter
