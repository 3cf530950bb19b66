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

BLOCK = 16384
SPREAD_SAMPLE = 10000


def region_curves(
    series: Series,
    regions: LabelMap,
    usable: np.ndarray,
    convert: Callable[[np.ndarray, np.ndarray], np.ndarray],
    unit: str = "mmol/L",
) -> list[Curve]:
    """Mean curve of each region with the spread of its voxels.

    Parameters
    ----------
    usable : (K, J, I) bool array
        Voxels that count.
    convert : callable(curves, index)
        From (T, n) values and their flat indices to what is averaged.
    """
    curves = []
    for value, name in region_names(regions).items():
        index = np.flatnonzero(regions.region(value) & usable)
        if not index.size:
            continue
        mean, spread = _mean_and_spread(series, index, convert)
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
    finite = np.asarray(values, dtype=float)[np.isfinite(values)]
    if not finite.size:
        return dict.fromkeys(("median", "mean", "SD", "25 %", "75 %"), float("nan"))
    lower, median, upper = np.percentile(finite, (25, 50, 75))
    spread = finite.std(ddof=1) if finite.size > 1 else float("nan")
    return {"median": median, "mean": finite.mean(), "SD": spread, "25 %": lower, "75 %": upper}


def _mean_and_spread(series: Series, index: np.ndarray, convert) -> tuple[np.ndarray, np.ndarray]:
    """Mean curve, and half the range from the 16th to the 84th percentile of the voxels.

    That range is the standard deviation for normal scatter, and a few voxels
    near saturation do not blow it up. Large regions are sampled evenly for it.
    """
    frames = series.values.reshape(series.frame_count, -1)
    blocks = [index[start : start + BLOCK] for start in range(0, index.size, BLOCK)]
    with ThreadPoolExecutor(min(len(blocks), os.cpu_count() or 1)) as pool:
        # In the order of the blocks, so that the sum is the same whichever ends first.
        total = sum(pool.map(lambda block: np.asarray(convert(frames[:, block], block), float).sum(axis=1), blocks))
    sample = index[:: max(1, index.size // SPREAD_SAMPLE)]
    low, high = np.percentile(convert(frames[:, sample], sample), (15.87, 84.13), axis=1)
    return total / index.size, (high - low) / 2
