"""Growth of one lesion from its masks at several visits."""

from __future__ import annotations

import numpy as np

from ...data.curve import Table
from ...data.follow_up import FollowUp, Visit
from ...data.volumes import LabelMap
from ...errors import Finding, Severity
from ...numerics.statistics.growth import (
    doubling_time,
    equivalent_diameter,
    exponential_growth,
    growth_percent,
    lesion_volume,
    longest_axis,
)


def growth_of_masks(visits: FollowUp, relative_error: float) -> tuple[Table | None, tuple[Finding, ...]]:
    """Volume and diameters at each visit that has a mask, and the doubling time of all of them.

    Parameters
    ----------
    relative_error : standard deviation of one volume as part of it

    Returns
    -------
    table : Table or None
        One row a measured visit, None with fewer than two.
    findings : tuple of Finding
    """
    measured = [(visit.days, mask) for visit in visits.visits if (mask := _mask(visit)) is not None]
    if len(measured) < 2:
        text = "growth was not measured: a mask of the nodule is needed at two visits or more"
        return None, (Finding("N-GROWTH", Severity.NOTE, text),)
    days = np.array([day for day, _ in measured])
    volumes = np.array([lesion_volume(mask.foreground, mask.geometry) for _, mask in measured])
    doubling = doubling_time(exponential_growth(days, volumes, relative_error))
    columns = {
        "day": days.tolist(),
        "volume": volumes.tolist(),
        "diameter": equivalent_diameter(volumes).tolist(),
        "longest axis": [longest_axis(mask.foreground, mask.geometry).length for _, mask in measured],
        "growth": [float(growth_percent(volumes[0], volume)) for volume in volumes],
        "doubling time": [doubling.days] * len(days),
        "lower": [doubling.low] * len(days),
        "upper": [doubling.high] * len(days),
    }
    units = {"day": "d", "volume": "mL", "diameter": "mm", "longest axis": "mm", "growth": "%"}
    return Table(columns, units | dict.fromkeys(("doubling time", "lower", "upper"), "d"), "growth"), ()


def _mask(visit: Visit) -> LabelMap | None:
    return visit.mask if len(visit.masks) == 1 and visit.mask.foreground.any() else None
