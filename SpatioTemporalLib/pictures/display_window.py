"""Which range of values the colours of a map span."""

from __future__ import annotations

import numpy as np

from ..data.result import Display

PERCENTILES = (2.0, 98.0)
DIVERGING = ("coolwarm",)


def is_diverging(display: Display) -> bool:
    """Whether the middle of the colours means zero."""
    return display.colours in DIVERGING


def display_window(values: np.ndarray, display: Display) -> tuple[float, float]:
    """The declared window, else the 2nd to 98th percentile of the finite values; symmetric where zero is the middle.

    Never an empty range.
    """
    if display.window is not None:
        return display.window
    finite = values[np.isfinite(values)]
    if is_diverging(display):
        most = float(np.percentile(np.abs(finite), PERCENTILES[1])) if finite.size else 0.0
        # Where nearly all is zero the few values that are not shall not vanish in one colour.
        most = most or float(np.abs(finite).max(initial=0.0)) or 1.0
        return -most, most
    low, high = np.percentile(finite, PERCENTILES) if finite.size else (0.0, 1.0)
    return (float(low), float(high)) if high > low else (float(low), float(low) + 1.0)
