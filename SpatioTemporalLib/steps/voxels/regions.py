"""Curves and statistics of the regions of a label map."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from ...data.curve import Curve, Table
from ...data.series import Series
from ...data.volumes import LabelMap
from ...errors import InputError
from ...numerics.arrays import as_numpy, like

BLOCK = 16384
SPREAD_SAMPLE = 10000


class RegionSums:
    """Sums of the curves of each region, gathered block by block while these are in memory.

    regions : LabelMap, or None where all voxels that count are one region of value 1.
    """

    def __init__(self, regions: LabelMap | None):
        self._labels = None if regions is None else regions.values.reshape(-1)
        self._blocks: dict[int, dict[int, np.ndarray]] = {}

    def add(self, curves, index: np.ndarray, usable) -> None:
        """Add (T, n) curves, numpy or torch, at (n,) flat indices, of which (n,) usable ones count."""
        if self._labels is None:
            chosen = {1: usable}
        else:
            labels = self._labels[index]
            chosen = {int(value): usable & like(labels == value, usable) for value in np.unique(labels)}
        sums = {value: as_numpy(_within(curves, inside).sum(axis=1)) for value, inside in chosen.items()}
        self._blocks[int(index[0])] = sums

    def of(self, value: int) -> np.ndarray:
        """(T,) sum over a region, in the order of the voxels, whichever block ended first."""
        return sum(sums[value] for _, sums in sorted(self._blocks.items()) if value in sums)


def region_curves(
    series: Series,
    regions: LabelMap,
    usable: np.ndarray,
    convert: Callable[[np.ndarray, np.ndarray], np.ndarray],
    unit: str = "mmol/L",
    *,
    sums: RegionSums | None = None,
) -> list[Curve]:
    """Mean curve of each region with the spread of its voxels.

    Parameters
    ----------
    usable : (K, J, I) bool array
        Voxels that count.
    convert : callable(curves, index)
        From (T, n) values and their flat indices to what is averaged.
    sums : RegionSums, optional
        Of the voxels that count, where they were gathered before.
    """
    curves = []
    for value, name in region_names(regions).items():
        index = np.flatnonzero(regions.region(value) & usable)
        if not index.size:
            continue
        total = _total(series, index, convert) if sums is None else sums.of(value)
        mean, spread = total / index.size, _spread(series, index, convert)
        curves.append(Curve(series.times, mean, unit, name, spread=spread))
    return curves


def distribution_table(maps, regions: LabelMap, usable: np.ndarray, units: dict[str, str]) -> Table:
    """One row a region and map: its size and the distribution over its usable voxels.

    maps : dict of (K, J, I) arrays; units : the maps to tabulate, in order, with their units.

    Raises
    ------
    InputError
        ``E-NOTHING-MEASURED`` when no region has a usable voxel.
    """
    rows = []
    for value, region in region_names(regions).items():
        inside = regions.region(value)
        chosen = inside & usable
        if not chosen.any():
            continue
        size = {
            "voxels": int(np.count_nonzero(inside)),
            "measured": int(np.count_nonzero(chosen)),
            "volume": float(np.count_nonzero(inside) * regions.geometry.voxel_volume_ml),
        }
        for name, unit in units.items():
            rows.append({"region": region, "quantity": name, "unit": unit, **distribution(maps[name][chosen]), **size})
    if not rows:
        raise InputError(
            "E-NOTHING-MEASURED",
            "no voxel could be measured: the baseline signal is not positive, or values are not finite",
            where=regions.name,
            fix="Draw the region inside tissue that has signal.",
        )
    return Table({name: [row[name] for row in rows] for name in rows[0]}, {"volume": "mL"}, "region statistics")


def region_names(regions: LabelMap) -> dict[int, str]:
    """A name for each label value; a number follows names that were used before, as segments may share one."""
    names: dict[int, str] = {}
    for value, label in regions.labels.items():
        taken = sum(other.name == label.name for n, other in regions.labels.items() if n in names)
        names[value] = f"{label.name} ({taken + 1})" if taken else label.name
    return names


def distribution(values: np.ndarray) -> dict[str, float]:
    """Median, mean, standard deviation and quartiles of the finite values; NaN when there are none."""
    values = np.asarray(values)
    finite = values[np.isfinite(values)]
    if not finite.size:
        return dict.fromkeys(("median", "mean", "SD", "25 %", "75 %"), float("nan"))
    lower, median, upper = np.percentile(finite, (25, 50, 75))
    spread = finite.std(ddof=1) if finite.size > 1 else float("nan")
    return {"median": median, "mean": finite.mean(), "SD": spread, "25 %": lower, "75 %": upper}


def _within(curves, inside):
    return curves if inside.all() else curves[:, inside]


def _total(series: Series, index: np.ndarray, convert) -> np.ndarray:
    """(T,) sum of the voxels' curves."""
    frames = series.values.reshape(series.frame_count, -1)
    blocks = [index[start : start + BLOCK] for start in range(0, index.size, BLOCK)]
    with ThreadPoolExecutor(min(len(blocks), os.cpu_count() or 1)) as pool:
        # In the order of the blocks, so that the sum is the same whichever ends first.
        return sum(pool.map(lambda block: np.asarray(convert(frames[:, block], block), float).sum(axis=1), blocks))


def _spread(series: Series, index: np.ndarray, convert) -> np.ndarray:
    """(T,) half the range from the 16th to the 84th percentile of the voxels.

    That range is the standard deviation for normal scatter, and a few voxels
    near saturation do not blow it up. Large regions are sampled evenly for it.
    """
    frames = series.values.reshape(series.frame_count, -1)
    sample = index[:: max(1, index.size // SPREAD_SAMPLE)]
    low, high = np.percentile(convert(frames[:, sample], sample), (15.87, 84.13), axis=1)
    return (high - low) / 2
