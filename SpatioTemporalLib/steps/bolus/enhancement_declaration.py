"""What the analyses of enhancing tissue declare and name alike."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from ...data.geometry import Geometry
from ...data.result import Display
from ...data.volumes import Code, Label, LabelMap, Map
from ...declare import Help, Output, Range, Unit

Background = Annotated[
    float,
    Unit("%"),
    Range(0, 100),
    Help("Voxels whose baseline is below this part of the baseline's 95th percentile count as background."),
]
EARLY_ENHANCEMENT = Output(
    "early_enhancement",
    Map,
    unit="%",
    help="Relative enhancement at the early point.",
    display=Display((0, 300), "inferno", symbol="PE"),
)
LESION = (Code("49755003", "SCT", "Morphologically Altered Structure"), Code("52988006", "SCT", "Lesion"))
"""Category and type of what enhances, for Slicer and DICOM segmentations."""


def regions_or_image(mask: LabelMap | None, geometry: Geometry) -> LabelMap:
    """The regions of a mask, or one of the whole image where there is none."""
    return mask or LabelMap(np.ones(geometry.shape, np.uint8), geometry, {1: Label("whole image")})
