"""What a frame shows of a continuous curve: its value at one time, or its mean over an interval."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.interpolate import CubicSpline

FINEST = 0.1  # s
MOST_PARTS = 64
SHORTEST_GAP = 1e-6  # part of a frame; shorter ones are rounding


@dataclass(frozen=True)
class FrameSampling:
    """Where a model has to be evaluated, and how those values make frames.

    times : (N,) s. edges : (M + 1,) indices into `times` where frames, and gaps
    between them, begin and end, or None where each time is a frame. scale : (T,)
    factors of the frames, such as the roots of their weights, or None.
    shown : (T,) which of the M intervals are frames, or None for all of them.
    """

    times: np.ndarray
    edges: np.ndarray | None = None
    scale: np.ndarray | None = None
    shown: np.ndarray | None = None

    def scaled(self, factors: np.ndarray | None) -> FrameSampling:
        """The same frames times (T,) factors, or as they are."""
        return replace(self, scale=factors)

    def frames(self, curves: np.ndarray) -> np.ndarray:
        """(..., T) frames of curves given at (..., N) `times`."""
        if self.edges is not None:
            areas = (curves[..., 1:] + curves[..., :-1]) / 2 * np.diff(self.times)
            curves = np.add.reduceat(areas, self.edges[:-1], axis=-1) / np.diff(self.times[self.edges])
            curves = curves if self.shown is None else curves[..., self.shown]
        return curves if self.scale is None else curves * self.scale


def at_instants(times) -> FrameSampling:
    """Each frame is a sample at its time."""
    return FrameSampling(np.asarray(times, dtype=float))


def over_intervals(times, durations=None) -> FrameSampling:
    """Each frame is the mean over its duration; without durations from its time to the next.

    Without durations the last frame lasts as long as the one before. A frame
    that reaches into the next ends where that begins.
    """
    edges, shown = (frame_edges(times), None) if durations is None else _edges_with_gaps(times, durations)
    parts = np.clip(np.ceil(np.diff(edges) / FINEST), 4, MOST_PARTS).astype(int)
    pieces = [np.linspace(a, b, n, endpoint=False) for a, b, n in zip(edges[:-1], edges[1:], parts)]
    return FrameSampling(np.concatenate([*pieces, edges[-1:]]), np.concatenate([[0], np.cumsum(parts)]), shown=shown)


def frame_edges(times) -> np.ndarray:
    """(T + 1,) s: where frames that follow each other without a gap begin and end."""
    times = np.asarray(times, dtype=float)
    return np.append(times, 2 * times[-1] - times[-2])


def frame_ends(times, durations=None) -> np.ndarray:
    """(T,) s: where frames end, see `over_intervals`."""
    if durations is None:
        return frame_edges(times)[1:]
    times = np.asarray(times, dtype=float)
    ends = times + np.asarray(durations, dtype=float)
    ends[:-1] = np.minimum(ends[:-1], times[1:])
    return ends


def _edges_with_gaps(times, durations) -> tuple[np.ndarray, np.ndarray | None]:
    """Where frames and the gaps between them begin and end, and which of these intervals are frames."""
    times, ends = np.asarray(times, dtype=float), frame_ends(times, durations)
    gap = np.append(times[1:] - ends[:-1] > SHORTEST_GAP * (ends[:-1] - times[:-1]), True)
    edges = np.concatenate([times, ends[gap]])
    order = np.argsort(edges, kind="stable")
    shown = np.flatnonzero(order < len(times))
    return edges[order], None if len(shown) == len(edges) - 1 else shown


def continuous_curve(averages, sampling: FrameSampling) -> np.ndarray:
    """(N,) curve at the times of a sampling over intervals whose mean over each frame is the measured one.

    The cubic spline through the running integral keeps every frame's area,
    which interpolating the averages themselves would not: that flattens a
    bolus shorter than a few frames. A gap has the mean of the frames beside it.
    """
    edges = sampling.times[sampling.edges]
    averages = np.asarray(averages, float)
    if sampling.shown is not None:
        centres = (edges[1:] + edges[:-1]) / 2
        averages = np.interp(centres, centres[sampling.shown], averages)
    integral = np.concatenate([[0.0], np.cumsum(averages * np.diff(edges))])
    return CubicSpline(edges, integral)(sampling.times, 1)
