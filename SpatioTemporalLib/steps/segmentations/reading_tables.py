"""Readings of one image as tables: pairs of readers, each reader, lesions and who marked them, agreement of all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import ndimage

from ...numerics.spatial.consensus import EstimatedTruth, box_around
from ...numerics.statistics.agreement import cohen_kappa, fleiss_kappa, gwet_ac1
from .mask_measures import measures_of
from .paired_segments import image_diagonal, voxel_diagonal
from .readings import RegionReadings

ALL, MOST, SOME, ONE = "all", "more than half", "at most half", "one reader only"
OF_PAIRS = ("Dice", "NSD", "HD95", "ASSD", "volume error")
PAIR_UNITS = {"HD95": "mm", "ASSD": "mm", "volume difference": "mL"}


def pair_rows(region: RegionReadings, readers: Sequence[str], tolerance: float | None) -> list[dict[str, object]]:
    """One row for each two readers: overlap, distances, difference of volumes, Cohen's kappa of voxels."""
    near = tolerance if tolerance is not None else voxel_diagonal(region.geometry)
    furthest, rows = image_diagonal(region.geometry), []
    for a, b in region.pairs:
        measures, _ = measures_of(region.masks[a], region.masks[b], region.geometry, near, furthest)
        kept = {name: measures[name] for name in OF_PAIRS}
        kept["volume difference"] = kept.pop("volume error")
        kappa = cohen_kappa(*region.pair_counts(a, b))
        rows.append({"region": region.name, "reader": readers[a], "other": readers[b], **kept, "kappa": kappa})
    return rows


def reader_rows(
    region: RegionReadings, readers: Sequence[str], truth: EstimatedTruth, model: np.ndarray | None
) -> list[dict[str, object]]:
    """One row a reader: volume, sensitivity and specificity by STAPLE, and overlap with what the others agree on.

    model : (K, J, I) bool, compared with the same consensus of the others, or None
    """
    rows = []
    for n, reader in enumerate(readers):
        row = {
            "region": region.name, "reader": reader, "volume": float(region.volumes_ml[n]),
            "sensitivity": float(truth.sensitivity[n]), "specificity": float(truth.specificity[n]),
            "Dice with the others": region.overlap_with_others(n),
        }  # fmt: skip
        if model is not None:
            row["Dice of the model with them"] = region.overlap_with_others(n, model)
        rows.append(row)
    return rows


def agreement_rows(region: RegionReadings, pairs: list[dict], marked: np.ndarray) -> list[dict[str, object]]:
    """What holds of all readers of a structure.

    marked : (L, R) bool, which lesions which readers marked
    """
    count = marked.shape[1]
    lesions = np.bincount(marked.sum(axis=1), minlength=count + 1)
    volumes = region.volumes_ml
    mean = float(volumes.mean())
    overlaps = np.array([row["Dice"] for row in pairs])
    known = overlaps[np.isfinite(overlaps)]
    values = {
        "mean Dice of pairs": float(known.mean()) if known.size else np.nan,
        "smallest Dice of pairs": float(known.min()) if known.size else np.nan,
        "Fleiss' kappa of voxels": fleiss_kappa(region.marks),
        "AC1 of voxels": gwet_ac1(region.marks),
        "mean volume": mean,
        "coefficient of variation of the volumes": 100 * float(volumes.std(ddof=1)) / mean if mean else np.nan,
        "lesions": float(len(marked)),
        "lesions that all marked": float(lesions[count]),
        "lesions that one only marked": float(lesions[1]),
        "Fleiss' kappa of lesions": fleiss_kappa(lesions),
    }
    units = {"mean volume": "mL", "coefficient of variation of the volumes": "%"}
    return [
        {"region": region.name, "measure": name, "unit": units.get(name, "1"), "value": value}
        for name, value in values.items()
    ]


def lesion_list(region: RegionReadings, readers: Sequence[str], least: float) -> tuple[list[dict], np.ndarray]:
    """One row a lesion with who marked it and what is to be decided, and (L, R) bool of who did."""
    found = region.lesions(least)
    corner = np.array([part.start for part in box_around(region.masks)], dtype=float)
    centres = [
        np.array(ndimage.center_of_mass(labels > 0, labels, np.arange(1, len(sizes) + 1))).reshape(-1, 3)
        for labels, sizes in zip(found.numbered, found.sizes)
    ]
    ml, marked, rows = region.geometry.voxel_volume_ml, found.marked, []
    for number, parts in enumerate(found.groups, start=1):
        volumes = np.zeros(len(readers))
        for reader, part in parts:
            volumes[reader] += found.sizes[reader][part - 1] * ml
        own = volumes[marked[number - 1]]
        place = np.mean([centres[reader][part - 1] for reader, part in parts], axis=0) + corner
        rows.append(
            {
                "region": region.name, "lesion": number, "readers": len(own),
                "marked by": _state(len(own), len(readers)),
                "who": ", ".join(name for name, did in zip(readers, marked[number - 1]) if did),
                "mean volume": float(own.mean()), "smallest": float(own.min()), "largest": float(own.max()),
                **dict(zip("RAS", map(float, region.geometry.ijk_to_ras(place[::-1])))),
            }
        )  # fmt: skip
    return rows, marked


def _state(count: int, readers: int) -> str:
    if count == readers:
        return ALL
    if count == 1:
        return ONE
    return MOST if 2 * count > readers else SOME
