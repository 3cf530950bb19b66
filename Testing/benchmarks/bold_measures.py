"""Information, delays and entropy of functional MRI beside loops over voxels and antropy."""

from __future__ import annotations

import numpy as np
from beside import alternately, beside, imported, measured, told

from SpatioTemporalLib.numerics.bold.entropy import sample_entropy
from SpatioTemporalLib.numerics.bold.information import information
from SpatioTemporalLib.numerics.bold.latency import lag_to, latency_matrix

INTERVAL, MOST_DELAY, BINS = 2.0, 10, 4
LONGEST_LAG = 10.0
REGIONS, TOLERANCE = 400, 0.2


def compare_information(series: np.ndarray) -> None:
    frames, voxels = series.shape
    labels = np.arange(frames) // 10 % 3
    print(f"information, {voxels} voxels, 3 conditions, {BINS} bins, delays of 0 to {MOST_DELAY} frames")

    def ours():
        return information(series, labels, MOST_DELAY, bins=BINS).bits[:, :: voxels // 64]

    chosen = series[:, :: voxels // 64]

    def loop():
        bits = np.empty((MOST_DELAY + 1, chosen.shape[1]))
        for v in range(chosen.shape[1]):
            edges = np.quantile(chosen[:, v], np.linspace(0, 1, BINS + 1)[1:-1])
            code = np.searchsorted(edges, chosen[:, v], side="right")
            for delay in range(MOST_DELAY + 1):
                counts, _, _ = np.histogram2d(
                    labels[: frames - delay], code[delay:], bins=(3, BINS), range=((0, 3), (0, BINS))
                )
                joint = counts / counts.sum()
                expected = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0)
                there = joint > 0
                bits[delay, v] = (joint[there] * np.log2(joint[there] / expected[there])).sum()
        return bits

    names = ("ours, one product for all delays", "numpy.histogram2d, voxel by voxel")
    found, theirs = alternately(names, ours, loop, chosen.shape[1] / voxels, times=6)
    # Ours has its bias taken off, which is the same for all voxels at one delay.
    difference = theirs - found
    print(f"  {'':<34} largest difference without the bias {np.ptp(difference, axis=1).max():.1e} bit")


def compare_lags(series: np.ndarray) -> None:
    frames, voxels = series.shape
    reference = series[:, :100].mean(axis=1).astype(np.float64)
    most = int(LONGEST_LAG / INTERVAL)
    print(f"delay to a course, {voxels} voxels, {2 * most + 1} lags")
    _, seconds, memory = measured(lambda: lag_to(series, reference, INTERVAL, LONGEST_LAG)[0].sum())
    told("ours, one product for all lags", seconds, memory)
    chosen = series[:, :: voxels // 512].astype(np.float64)

    def loop():
        lags = np.empty(chosen.shape[1])
        centred = reference - reference.mean()
        for v in range(chosen.shape[1]):
            own = chosen[:, v] - chosen[:, v].mean()
            curve = np.correlate(own, centred, "full")[frames - 1 - most : frames + most]
            at = int(np.abs(curve).argmax())
            lags[v] = at - most
        return float(lags.sum())

    beside("numpy.correlate, voxel by voxel", loop, seconds, chosen.shape[1] / voxels)


def compare_delay_matrix(series: np.ndarray) -> None:
    frames, voxels = series.shape
    regions = series[:, : voxels // REGIONS * REGIONS].reshape(frames, REGIONS, -1).mean(axis=2)
    print(f"delays between all pairs of {REGIONS} regions")
    _, seconds, memory = measured(lambda: float(np.nansum(latency_matrix(regions, INTERVAL, 4.0).delay)))
    told("ours", seconds, memory)


def compare_entropy(series: np.ndarray) -> None:
    voxels = series.shape[1]
    print(f"sample entropy, {voxels} voxels, m = 2, r = {TOLERANCE:g} standard deviations")
    some = slice(None, None, voxels // 256)
    found, seconds, memory = measured(lambda: sample_entropy(series, 2, TOLERANCE * series.std(axis=0))[0][some])
    told("ours, exact", seconds, memory)
    chosen = series[:, some]

    def peer():
        from antropy import sample_entropy as theirs

        return np.array([theirs(c.astype(float), 2, float(TOLERANCE * c.std())) for c in chosen.T])

    # Compiled here once, before the process that is timed is copied from this one.
    antropy = imported("antropy")
    if antropy is not None:
        antropy.sample_entropy(chosen[:, 0].astype(float), 2, 1.0)
    theirs = beside("antropy", peer, seconds, chosen.shape[1] / voxels)
    if theirs is not None:
        print(f"  {'':<34} largest difference {np.nanmax(np.abs(theirs - found)):.1e}")


OF_MEASURES = {
    "information": compare_information,
    "lags": compare_lags,
    "delay_matrix": compare_delay_matrix,
    "entropy": compare_entropy,
}
