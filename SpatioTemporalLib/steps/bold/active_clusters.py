"""Clusters of active voxels as labels and a table."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...data.curve import Table
from ...data.geometry import Geometry
from ...data.volumes import Label, LabelMap
from ...errors import ParameterError
from ...numerics.bold.clusters import clusters_above
from ...numerics.bold.thresholds import bonferroni_threshold, false_discovery_threshold, uncorrected_threshold

METHODS = ("false discovery rate", "Bonferroni", "uncorrected", "cluster size by permutation")
WARM, COLD = (0.9, 0.25, 0.1), (0.15, 0.35, 0.9)


@dataclass(frozen=True, eq=False)
class Active:
    """threshold : |z|. labels : clusters, the largest first. table : one row a cluster."""

    threshold: float
    labels: LabelMap
    table: Table


def threshold_of(z: np.ndarray, method: str, level: float, forming: float, two_sided: bool) -> float:
    """|z| from which voxels are active; clusters by permutation are formed by an uncorrected p."""
    if method == METHODS[0]:
        return false_discovery_threshold(z, level, two_sided)
    if method == METHODS[1]:
        return bonferroni_threshold(int(np.isfinite(z).sum()), level, two_sided)
    if method in METHODS[2:]:
        return uncorrected_threshold(level if method == METHODS[2] else forming, two_sided)
    raise ParameterError("E-PARAMETER", f"{method!r} is no way to threshold", fix=f"Choose of {', '.join(METHODS)}.")


def active_clusters(
    z: np.ndarray,
    geometry: Geometry,
    threshold: float,
    *,
    name: str,
    fewest: int = 1,
    two_sided: bool = True,
    chance: np.ndarray | None = None,
    level: float = 0.05,
) -> Active:
    """What lies above a threshold.

    Parameters
    ----------
    z : (K, J, I), NaN outside the mask
    fewest : voxels of a cluster
    chance : (N,) largest clusters of permuted data, by which clusters are kept at `level`
    """
    labels, clusters = clusters_above(z, threshold, fewest, two_sided)
    rows, colours = [], {}
    for cluster in clusters:
        p = float("nan")
        if chance is not None:
            p = (1 + int((chance >= cluster.voxels).sum())) / (1 + len(chance))
            if p > level:
                labels[labels == cluster.label] = 0
                continue
        place = geometry.ijk_to_ras(np.array(cluster.peak[::-1], dtype=float))
        rows.append(
            {
                "cluster": cluster.label,
                "voxels": cluster.voxels,
                "volume": cluster.voxels * geometry.voxel_volume_ml,
                "peak z": cluster.z,
                **dict(zip("RAS", place.tolist())),
                "mean z": float(z[labels == cluster.label].mean()),
                "p": p,
            }
        )
        text = f"{name} {cluster.label}, {'more' if cluster.z > 0 else 'less'}"
        colours[cluster.label] = Label(text, WARM if cluster.z > 0 else COLD)
    columns = ("cluster", "voxels", "volume", "peak z", "R", "A", "S", "mean z", "p")
    table = Table({c: [row[c] for row in rows] for c in columns}, {"volume": "mL", **dict.fromkeys("RAS", "mm")}, name)
    return Active(threshold, LabelMap(labels, geometry, colours, name), table)
