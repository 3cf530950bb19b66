"""What a frame shows of a continuous curve: its value at one time, or its mean over an interval."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.interpolate import CubicSpline

FINEST = 0.1  # s
MOST_PARTS = 64


@dataclass(frozen=True)
class FrameSampling:
    """Where a model has to be evaluated, and how those values make frames.

    times : (N,) s. edges : (T + 1,) indices into `times` where frames begin and
    end, or None where each time is a frame. scale : (T,) factors of the frames,
    such as the roots of their weights, or None.
    """

    times: np.ndarray
    edges: np.ndarray | None = None
    scale: np.ndarray | None = None

    def scaled(self, factors: np.ndarray | None) -> FrameSampling:
        """The same frames times (T,) factors, or as they are."""
        return replace(self, scale=factors)

    def frames(self, curves: np.ndarray) -> np.ndarray:
        """(..., T) frames of curves given at (..., N) `times`."""
        if self.edges is not None:
            areas = (curves[..., 1:] + curves[..., :-1]) / 2 * np.diff(self.times)
            curves = np.add.reduceat(areas, self.edges[:-1], axis=-1) / np.diff(self.times[self.edges])
        return curves if self.scale is None else curves * self.scale


def at_instants(times) -> FrameSampling:
    """Each frame is a sample at its time."""
    return FrameSampling(np.asarray(times, dtype=float))


def over_intervals(times) -> FrameSampling:
    """Each frame is the mean from its time to the next; the last lasts as long as the one before."""
    edges = frame_edges(times)
    parts = np.clip(np.ceil(np.diff(edges) / FINEST), 4, MOST_PARTS).astype(int)
    pieces = [np.linspace(a, b, n, endpoint=False) for a, b, n in zip(edges[:-1], edges[1:], parts)]
    return FrameSampling(np.concatenate([*pieces, edges[-1:]]), np.concatenate([[0], np.cumsum(parts)]))


def frame_edges(times) -> np.ndarray:
    """(T + 1,) s: where frames that follow each other without a gap begin and end."""
    times = np.asarray(times, dtype=float)
    return np.append(times, 2 * times[-1] - times[-2])


def continuous_curve(times, averages, sampling: FrameSampling) -> np.ndarray:
    """(N,) curve at the sampling's times whose mean over each frame is the measured one.

    The cubic spline through the running integral keeps every frame's area,
    which interpolating the averages themselves would not: that flattens a
    bolus shorter than a few frames.
    """
    edges = frame_edges(times)
    integral = np.concatenate([[0.0], np.cumsum(np.asarray(averages, float) * np.diff(edges))])
    return CubicSpline(edges, integral)(sampling.times, 1)
