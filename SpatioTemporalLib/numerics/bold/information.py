"""How much a signal says of a condition at each delay: mutual information by bins or a Gaussian copula."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import special

# No power of two: frames that lie such a distance apart in memory drive one another out of the cache.
VOXELS_AT_A_TIME = 500
LN2 = float(np.log(2.0))


@dataclass(frozen=True, eq=False)
class Information:
    """Of V voxels.

    bits : (L, V) at each delay, less its bias. delays : (L,) frames. best : (V,) largest. delay : (V,) frames at which
    it is largest, between frames by a parabola. width : (V,) frames over which it is above 95 % of that. p : (V,) share
    of circularly shifted conditions whose largest over all delays is as large; NaN without a null.
    """

    bits: np.ndarray
    delays: np.ndarray
    best: np.ndarray
    delay: np.ndarray
    width: np.ndarray
    p: np.ndarray


def information(
    series: np.ndarray,
    labels: np.ndarray,
    most: int,
    *,
    bins: int = 4,
    surrogates: int = 0,
    rng: np.random.Generator | None = None,
    report: Callable[[float], None] = lambda done: None,
) -> Information:
    """Mutual information of conditions and a quantised signal, in bits.

    Parameters
    ----------
    series : (T, V)
    labels : (T,) number of the condition of each frame, 0, 1, ...
    most : largest delay, frames
    bins : of equally many frames each, from each voxel's own series
    surrogates : circular shifts of the conditions, each with its largest over all delays

    Notes
    -----
    Fuhrmann Alpert et al., NeuroImage 34:1545 (2007). Bias by Panzeri and Treves,
    Network 7:87 (1996), with the bins that occur. Margins are those of the frames
    that overlap at each delay. Counts of all delays and shifts are one matrix
    product for each bin.
    """
    shifts = _shifts(len(labels), most, surrogates, rng)
    designs = [np.stack([_one_hot(np.roll(labels, s), labels.max() + 1, d) for d in range(most + 1)]) for s in shifts]
    return _searched(series, np.stack(designs), lambda block: _at_least(block, bins), _bits_of_bins, report)


def copula_information(
    series: np.ndarray,
    labels: np.ndarray,
    most: int,
    *,
    surrogates: int = 0,
    rng: np.random.Generator | None = None,
    report: Callable[[float], None] = lambda done: None,
) -> Information:
    """The same of ranks turned into normal deviates: a lower bound, for relations that rise or fall, without bins.

    Ince et al., Hum Brain Mapp 38:1541 (2017), equations 3 to 5, with the bias of entropies of Gaussians.
    """
    shifts = _shifts(len(labels), most, surrogates, rng)
    designs = [np.stack([_one_hot(np.roll(labels, s), labels.max() + 1, d) for d in range(most + 1)]) for s in shifts]
    return _searched(series, np.stack(designs), _normal_deviates, _bits_of_copula, report)


def condition_of_frames(times, events) -> np.ndarray:
    """(T,) 0 where nothing happens, else 1 and more for the condition that does, in the order of its names."""
    labels = np.zeros(len(times), dtype=int)
    names = events.names
    for onset, duration, name in zip(events.onsets, events.durations, events.conditions):
        inside = (times >= onset - 1e-9) & (times < onset + max(duration, 1e-6) - 1e-9)
        if not inside.any():
            inside = np.arange(len(times)) == np.searchsorted(times, onset - 1e-9)
        labels[inside] = names.index(name) + 1
    return labels


def _shifts(frames: int, most: int, surrogates: int, rng: np.random.Generator | None) -> np.ndarray:
    """The true conditions first; shifts too small to break the relation are left out."""
    if not surrogates:
        return np.zeros(1, dtype=int)
    low = most + 1
    return np.concatenate([[0], (rng or np.random.default_rng(0)).integers(low, frames - low, surrogates)])


def _one_hot(labels: np.ndarray, count: int, delay: int) -> np.ndarray:
    """(S, T) which condition was `delay` frames ago; zero in the first frames, of which nothing is known."""
    found = np.zeros((count, len(labels)), dtype=np.float32)
    found[labels[: len(labels) - delay], np.arange(delay, len(labels))] = 1.0
    return found


def _searched(series, designs: np.ndarray, prepare, bits_of, report) -> Information:
    surrogates, delays, conditions, frames = designs.shape
    voxels = series.shape[1]
    bits = np.empty((delays, voxels))
    exceeded = np.zeros(voxels, dtype=int)
    for start in range(0, voxels, VOXELS_AT_A_TIME):
        report(start / voxels)
        part = slice(start, start + VOXELS_AT_A_TIME)
        block = prepare(np.ascontiguousarray(series[:, part]))
        bits[:, part] = bits_of(block, designs[:1])[0]
        best = bits[:, part].max(axis=0)
        # So many shifts at a time that counts of all of them take no more memory than the block.
        step = max(1, frames // (conditions * delays))
        for first in range(1, surrogates, step):
            null = bits_of(block, designs[first : first + step]).max(axis=1)
            exceeded[part] += (null >= best).sum(axis=0)
    place = bits.argmax(axis=0)
    p = (1 + exceeded) / surrogates if surrogates > 1 else np.full(voxels, np.nan)
    best = np.take_along_axis(bits, place[None], axis=0)[0]
    width = (bits >= 0.95 * best).sum(axis=0).astype(float)
    return Information(bits, np.arange(delays), best, _between(bits, place), width, p)


def _at_least(block: np.ndarray, bins: int) -> np.ndarray:
    """(bins - 1, T, V) float32 whether values of (T, V) lie in a bin at least so high, of bins equally full."""
    frames = len(block)
    edges = -(-np.arange(1, bins) * frames // bins)
    # Each voxel's frames beside one another: sorted where they are, they would be copied one by one.
    ordered = block.T.copy(order="C")
    ordered.sort(axis=1)
    limits = ordered[:, edges]
    found = (block >= limits.T[:, None]).astype(np.float32)
    # Equal values on both sides of an edge are parted by which came first.
    tied = np.flatnonzero((ordered[:, edges - 1] == limits).any(axis=1))
    if tied.size:
        found[:, :, tied] = _ranked(block[:, tied], np.arange(frames)) >= edges[:, None, None]
    return found


def _ranked(block: np.ndarray, values: np.ndarray) -> np.ndarray:
    """(T, V) of (T,) values that of the rank of each among its voxel's, equal ones in the order of time."""
    found = np.empty(block.shape[::-1], dtype=values.dtype)
    order = np.ascontiguousarray(block.T).argsort(axis=1, kind="stable")
    np.put_along_axis(found, order, np.broadcast_to(values, order.shape), axis=1)
    return np.ascontiguousarray(found.T)


def _bits_of_bins(at_least: np.ndarray, designs: np.ndarray) -> np.ndarray:
    """(N, L, V) bits of (N, L, S, T) conditions."""
    surrogates, delays, conditions, frames = designs.shape
    flat = designs.reshape(-1, frames)
    everything = np.broadcast_to(flat.sum(axis=1)[:, None], (len(flat), at_least.shape[2]))
    reached = np.stack([everything, *(flat @ mask for mask in at_least), np.zeros_like(everything)])
    # Whole numbers of frames, which are small: their logarithms are looked up.
    counts = (
        (reached[:-1] - reached[1:]).astype(np.int16).reshape(len(at_least) + 1, surrogates, delays, conditions, -1)
    )
    whole = np.arange(frames + 1)
    logarithms = special.xlogy(whole, whole)
    of_bins, of_conditions = counts.sum(axis=3, dtype=np.int16), counts.sum(axis=0, dtype=np.int16)
    total = of_bins.sum(axis=0)

    def looked_up(n):  # much quicker by numbers of the kind that numpy indexes with
        return logarithms.take(n.astype(np.intp))

    nats = looked_up(counts).sum(axis=(0, 3)) - looked_up(of_bins).sum(axis=0) - looked_up(of_conditions).sum(axis=2)
    information = np.log(total) + nats / total
    # Of each condition, the bins that occur with it, and the bins that occur at all.
    with_condition = (counts > 0).sum(axis=0, dtype=np.int16)
    occurring = np.maximum(with_condition - 1, 0).sum(axis=2) - ((of_bins > 0).sum(axis=0) - 1)
    return information / LN2 - occurring / (2 * total * LN2)


def _normal_deviates(block: np.ndarray) -> np.ndarray:
    """(T, V) the normal deviate of each value's rank among its voxel's."""
    return _ranked(block, special.ndtri((np.arange(len(block)) + 1.0) / (len(block) + 1.0)))


def _bits_of_copula(normal: np.ndarray, designs: np.ndarray) -> np.ndarray:
    surrogates, delays, conditions, frames = designs.shape
    flat = designs.reshape(-1, frames).astype(np.float64)
    shape = (surrogates, delays, conditions, -1)
    count = flat.sum(axis=1).reshape(surrogates, delays, conditions, 1)
    first, second = (flat @ normal).reshape(shape), (flat @ normal**2).reshape(shape)
    inside = _gaussian_entropy(first, second, count)
    total = count.sum(axis=2)
    whole = _gaussian_entropy(first.sum(axis=2), second.sum(axis=2), total)
    share = count / total[:, :, None]
    return (whole - np.where(count > 1, share * inside, 0.0).sum(axis=2)) / LN2


def _gaussian_entropy(first, second, count) -> np.ndarray:
    """nats, of sums and sums of squares of so many values; less the bias of a variance's logarithm."""
    safe = np.maximum(count, 2.0)
    variance = np.maximum((second - first**2 / safe) / (safe - 1), 1e-12)
    bias = (special.digamma((safe - 1) / 2) + LN2 - np.log(safe - 1)) / 2
    return 0.5 * np.log(2 * np.pi * np.e * variance) - bias


def _between(bits: np.ndarray, place: np.ndarray) -> np.ndarray:
    """(V,) where a parabola through the largest and its neighbours is highest; the frame itself at the ends."""
    inner = np.clip(place, 1, len(bits) - 2) if len(bits) > 2 else place
    delay = place.astype(float)
    if len(bits) < 3:
        return delay
    before, at, after = (np.take_along_axis(bits, (inner + k)[None], axis=0)[0] for k in (-1, 0, 1))
    curved = 2 * (before - 2 * at + after)
    step = np.divide(before - after, curved, out=np.zeros(len(at)), where=curved < 0)
    return np.where(inner == place, delay + np.clip(step, -0.5, 0.5), delay)
