"""Measures of two balls in flat voxels by our own code, MONAI, SimpleITK and surface-distance, as one table.

python Testing/experiments/segmentation_metrics.py --out Resources/Validation/segmentation_metrics.csv
"""

from __future__ import annotations

import argparse

import numpy as np
import SimpleITK as sitk

import SpatioTemporalLib as st

SHAPE, SPACING, TOLERANCE = (14, 64, 70), (0.9, 0.9, 5.0), 2.0
PAIRS = {
    "radius 20 mm, 2.7 mm apart": (((30.0, 28.0, 32.0), 20.0), ((32.7, 28.0, 32.0), 20.0)),
    "radius 9 mm in one of 19 mm": (((30.0, 28.0, 32.0), 9.0), ((31.0, 28.0, 32.0), 19.0)),
}
NAMES = ("Dice", "IoU", "HD", "HD95", "ASSD", "NSD")


def ball(centre, radius) -> np.ndarray:
    k, j, i = np.indices(SHAPE)
    return sum(((n * step - at) ** 2) for n, step, at in zip((i, j, k), SPACING, centre)) <= radius**2


def ours(found: np.ndarray, wanted: np.ndarray) -> dict[str, float]:
    geometry = st.Geometry.from_spacing(SHAPE, SPACING)
    drawn = [st.LabelMap(m.astype(np.uint8), geometry, {1: st.Label("ball")}) for m in (found, wanted)]
    result = st.run("segmentation.comparison", segmentation=drawn[0], reference=drawn[1], tolerance=TOLERANCE)
    columns = result["statistics"].columns
    return {name: value for name, value in zip(columns["measure"], columns["value"]) if name in NAMES}


def monais(found: np.ndarray, wanted: np.ndarray) -> dict[str, float]:
    import torch
    from monai import metrics

    pair = [torch.from_numpy(mask[None, None].astype(np.float32)) for mask in (found, wanted)]
    options = {"include_background": True, "spacing": SPACING[::-1]}
    return {
        "Dice": float(metrics.compute_dice(*pair, include_background=True)),
        "IoU": float(metrics.compute_iou(*pair, include_background=True)),
        "HD": float(metrics.compute_hausdorff_distance(*pair, **options)),
        "HD95": float(metrics.compute_hausdorff_distance(*pair, percentile=95, **options)),
        "ASSD": float(metrics.compute_average_surface_distance(*pair, symmetric=True, **options)),
        "NSD": float(metrics.compute_surface_dice(*pair, class_thresholds=[TOLERANCE], **options)),
    }


def simpleitks(found: np.ndarray, wanted: np.ndarray) -> dict[str, float]:
    images = [sitk.GetImageFromArray(mask.astype(np.uint8)) for mask in (found, wanted)]
    for image in images:
        image.SetSpacing(SPACING)
    overlap, distance = sitk.LabelOverlapMeasuresImageFilter(), sitk.HausdorffDistanceImageFilter()
    overlap.Execute(*images)
    distance.Execute(*images)
    return {
        "Dice": overlap.GetDiceCoefficient(), "IoU": overlap.GetJaccardCoefficient(),
        "HD": distance.GetHausdorffDistance(),
    }  # fmt: skip


def surface_distances(found: np.ndarray, wanted: np.ndarray) -> dict[str, float]:
    import surface_distance as peer

    both = peer.compute_surface_distances(wanted, found, SPACING[::-1])
    away = [both["distances_gt_to_pred"], both["distances_pred_to_gt"]]
    area = [both["surfel_areas_gt"], both["surfel_areas_pred"]]
    return {
        "Dice": peer.compute_dice_coefficient(wanted, found), "HD": peer.compute_robust_hausdorff(both, 100.0),
        "HD95": peer.compute_robust_hausdorff(both, 95.0),
        "ASSD": sum((d * a).sum() for d, a in zip(away, area)) / sum(a.sum() for a in area),
        "NSD": peer.compute_surface_dice_at_tolerance(both, TOLERANCE),
    }  # fmt: skip


def measured() -> st.Table:
    """A row a case and measure, a column a package."""
    rows = []
    for case, balls in PAIRS.items():
        masks = [ball(*one) for one in balls]
        by = {"SpatioTemporal": ours(*masks), "MONAI": monais(*masks), "SimpleITK": simpleitks(*masks)}
        try:
            by["surface-distance"] = surface_distances(*masks)
        except ModuleNotFoundError:
            print("surface-distance is not installed and left out")
        for name in NAMES:
            unit = "mm" if name in ("HD", "HD95", "ASSD") else "1"
            rows.append({"case": case, "measure": name, "unit": unit} | {p: v.get(name, np.nan) for p, v in by.items()})
    return st.Table({key: [row[key] for row in rows] for key in rows[0]}, name="segmentation metrics")


def test_packages_that_count_voxels_agree(worst_error):
    columns = measured().columns
    own = np.array(columns["SpatioTemporal"])
    for peer in ("MONAI", "SimpleITK"):
        apart = float(np.nanmax(np.abs(own - columns[peer]) / np.maximum(own, 1)))
        worst_error(f"measures of segmentations against {peer}", apart, 1e-6)
        assert apart <= 1e-6


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", required=True, metavar="FILE.csv")
    arguments = parser.parse_args()
    result = measured()
    st.write_table(arguments.out, result)
    print(result)
