"""How volumes are shown: anatomy in grey, maps in colours over it."""

from __future__ import annotations

import numpy as np

from SpatioTemporalLib.data import Display
from SpatioTemporalLib.pictures.display_window import display_window, is_diverging

from .colours import colour_node

SAMPLED_VOXELS = 200_000
# Parts of the highest colour: what is nearly zero to the eye, and the most that is taken for zero.
SMALL_PART, MOST_HIDDEN = 0.05, 0.1
TOLD_APART = 2.0  # standard errors


def show_as_anatomy(node, values: np.ndarray) -> None:
    """Show a volume in grey with one window for all frames of (T, K, J, I) values.

    A window that followed each frame would hide the very change the series is about.
    """
    sample = _sampled(values)
    low, high = np.percentile(sample, (0.5, 99.5)) if sample.size else (0.0, 1.0)
    display = _display_of(node)
    display.SetAndObserveColorNodeID(colour_node(node.GetScene(), "gray").GetID())
    _set_window(display, float(low), float(high))


def show_as_map(
    node, values: np.ndarray, declared: Display, alike: np.ndarray | None = None, error: np.ndarray | None = None
) -> None:
    """Show (K, J, I) values, NaN where there are none, in colours over the anatomy.

    Where no value means anything below zero, what cannot be told from zero is
    transparent: so is all that was not analysed, and the anatomy stays to be seen.

    alike : values of all maps that are to have the same window; those of this one if not given.
    error : standard errors of the values, where they are known.
    """
    is_new = node.GetDisplayNode() is None
    display = _display_of(node)
    if is_new:
        display.SetAndObserveColorNodeID(colour_node(node.GetScene(), declared.colours).GetID())
    low, high = display_window(values if alike is None else alike, declared)
    # A declared window that the user has changed since stays as the user wants it.
    if is_new or declared.window is None:
        _set_window(display, float(low), float(high))
    # Between a voxel and its neighbour that was left out lies no value; interpolating would show one.
    display.InterpolateOff()
    finite = values[np.isfinite(values)]
    signed = finite.size and finite.min() < 0 and (is_diverging(declared) or low < -SMALL_PART * abs(high))
    display.SetApplyThreshold(not signed)
    if not signed:
        lowest = lowest_shown(values, (low, high), error)
        display.SetThreshold(lowest, float(max(finite.max(initial=1.0), high, 2 * lowest)) * 2)


def lowest_shown(values: np.ndarray, window: tuple[float, float], error: np.ndarray | None = None) -> float:
    """The value below which a map of what is never below zero is transparent; above zero.

    In a window that begins at zero that is what can hardly be told from zero: by the
    standard errors, by how far noise takes values below zero, and by the colours.
    """
    known = np.isfinite(values)
    finite, (low, high) = values[known], window
    positive = finite[finite > 0]
    # Half of the smallest: a threshold saved with six digits must not cut that voxel off.
    smallest = float(positive.min()) / 2 if positive.size else float(np.finfo(np.float32).tiny)
    if low > SMALL_PART * high or not positive.size:
        return smallest
    lowest = SMALL_PART * high
    if (finite < 0).any():
        lowest = max(lowest, float(np.percentile(-finite[finite < 0], 95)))
    if error is not None:
        lost = positive[positive < TOLD_APART * error[known][finite > 0]]
        # Just above: what equals the threshold is shown.
        lowest = max(lowest, 1.001 * float(np.percentile(lost, 75)) if lost.size else 0.0)
    # Never so much that little is left of what the window is for.
    lowest = min(lowest, MOST_HIDDEN * high)
    return lowest if (positive >= lowest).any() else smallest


def _display_of(node):
    node.CreateDefaultDisplayNodes()
    return node.GetDisplayNode()


def _set_window(display, low: float, high: float) -> None:
    if not high > low:
        high = low + max(abs(low), 1.0)
    display.AutoWindowLevelOff()
    display.SetWindowLevelMinMax(low, high)


def _sampled(values: np.ndarray) -> np.ndarray:
    frames = values[:: max(1, len(values) // 8)]
    step = max(1, int(np.ceil((frames.size / SAMPLED_VOXELS) ** (1 / 3))))
    sample = np.asarray(frames[:, ::step, ::step, ::step], dtype=np.float64).ravel()
    return sample[np.isfinite(sample)]
