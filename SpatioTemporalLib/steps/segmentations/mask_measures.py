"""Measures of one segment against its reference, with what holds where one of them is empty."""

from __future__ import annotations

import numpy as np

from ...data.geometry import Geometry
from ...numerics.spatial.surface_distance import surface_distances

COUNTED, EMPTY = "volume of the reference", "volume"
DISTANCES = ("HD", "HD95", "ASSD", "AHD")
NOWHERE, WAS_MISSED, WAS_ADDED = "in neither, so that nothing is measured", "missed", "not in the reference"


def measures_of(
    found: np.ndarray, wanted: np.ndarray, geometry: Geometry, tolerance: float, furthest: float
) -> tuple[dict[str, float], str]:
    """Measures by name, and what is special about the segment, "" when nothing is.

    Parameters
    ----------
    found, wanted : (K, J, I) bool
    tolerance : mm, of the surface Dice
    furthest : mm, the distance that counts where one of both is empty

    Notes
    -----
    Taha and Hanbury, BMC Med Imaging 15:29 (2015).
    """
    both = np.count_nonzero(found & wanted)
    own, other = np.count_nonzero(found), np.count_nonzero(wanted)
    ml, nan = geometry.voxel_volume_ml, float("nan")
    measures = {
        "Dice": _share(2 * both, own + other),
        "IoU": _share(both, own + other - both),
        "sensitivity": _share(both, other),
        "precision": _share(both, own) if own or not other else 0.0,
        EMPTY: own * ml,
        COUNTED: other * ml,
        "volume error": (own - other) * ml,
        "relative volume error": 100 * (own - other) / other if other else nan,
    }
    if not own and not other:
        return measures | dict.fromkeys((*DISTANCES, "NSD"), nan), NOWHERE
    if not own or not other:
        state = WAS_MISSED if other else WAS_ADDED
        return measures | dict.fromkeys(DISTANCES, furthest) | {"NSD": 0.0}, state
    distances = surface_distances(found, wanted, geometry.spacing[::-1])
    values = (
        distances.hausdorff(), distances.hausdorff(95.0), distances.average_symmetric, distances.average_directed,
    )  # fmt: skip
    return measures | dict(zip(DISTANCES, values)) | {"NSD": distances.within(tolerance)}, ""


def units_of(tolerance: float) -> dict[str, str]:
    """Units of the measures that have one."""
    volumes = dict.fromkeys((EMPTY, COUNTED, "volume error"), "mL")
    return (
        volumes
        | dict.fromkeys(DISTANCES, "mm")
        | {"relative volume error": "%", "NSD": f"1 (within {tolerance:.3g} mm)"}
    )


def _share(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")
