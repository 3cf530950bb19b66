"""The slider "Show above": values of the chosen map below it are transparent."""

from __future__ import annotations

import math

import numpy as np
from SpatioTemporalNodes.values.value_nodes import map_from_node

STEPS = 100  # at least so many over the range of the colours


class ThresholdSlider:
    """Shows and changes the lowest value that is shown of a map.

    Parameters
    ----------
    slider : ctkSliderWidget
    """

    def __init__(self, slider):
        self.slider = slider

    def show(self, node) -> None:
        """Take the range of a map's colours, in steps that its values need, and where it begins to be shown."""
        display = node.GetDisplayNode()
        low, high = min(0.0, display.GetWindowLevelMin()), display.GetWindowLevelMax()
        step = 10.0 ** math.floor(math.log10((high - low) / STEPS)) if high > low else 0.01
        self.slider.blockSignals(True)
        # First, for what is set after is rounded to it.
        self.slider.decimals = max(0, -int(math.floor(math.log10(step))))
        self.slider.minimum, self.slider.maximum = float(low), float(max(high, low + step))
        self.slider.singleStep = float(step)
        self.slider.value = float(display.GetLowerThreshold()) if display.GetApplyThreshold() else float(low)
        self.slider.blockSignals(False)

    def apply(self, node) -> None:
        """Show of a map what lies above the slider; all that is not zero at the left end."""
        if node is None or node.GetDisplayNode() is None:
            return
        display, value = node.GetDisplayNode(), float(self.slider.value)
        highest = max(float(np.nanmax(map_from_node(node).values, initial=0.0)), display.GetWindowLevelMax())
        display.SetApplyThreshold(value > self.slider.minimum or self.slider.minimum == 0)
        display.SetThreshold(value if value != 0 else 1e-12, 2 * max(highest, value, 1e-12))
