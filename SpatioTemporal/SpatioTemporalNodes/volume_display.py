"""How volumes are shown: anatomy in grey, maps in colours over it."""

from __future__ import annotations

import numpy as np

from SpatioTemporalLib.data import Display
from SpatioTemporalLib.display_window import display_window

from .colours import colour_node

SAMPLED_VOXELS = 200_000


def show_as_anatomy(node, values: np.ndarray) -> None:
    """Show a volume in grey with one window for all frames of (T, K, J, I) values.

    A window that followed each frame would hide the very change the series is about.
    """
    sample = _sampled(values)
    low, high = np.percentile(sample, (0.5, 99.5)) if sample.size else (0.0, 1.0)
    display = _display_of(node)
    display.SetAndObserveColorNodeID(colour_node(node.GetScene(), "gray").GetID())
    _set_window(display, float(low), float(high))


def show_as_map(node, values: np.ndarray, declared: Display, alike: np.ndarray | None = None) -> None:
    """Show (K, J, I) values, NaN where there are none, in colours over the anatomy.

    Where no value is below zero, zero is transparent: so is all that was not analysed.
    alike : values of all maps that are to have the same window; those of this one if not given.
    """
    finite = values[np.isfinite(values)]
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
    positive = finite[finite > 0]
    signed = finite.size and finite.min() < 0
    display.SetApplyThreshold(not signed)
    if not signed:
        # Half of the smallest: a threshold saved with six digits must not cut that voxel off.
        lower = float(positive.min()) / 2 if positive.size else np.finfo(np.float32).tiny
        display.SetThreshold(lower, float(max(finite.max(initial=1.0), high)) * 2)


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
