"""Curves of two compartments on the frames of one series, and the bounds within which they are fitted."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ...arrays import like, namespace
from ...least_squares.exponential_pairs.pair_grid import PairGrid, pair_grid
from ...signal.tabulated_exponentials import TabulatedExponentials
from .models import SMALLEST_VOLUME, exchange_of

# Added before the logarithm, so that zero can be reached: 1/s for flow and ps, small beside what can be measured.
SOFT = {"flow": 1e-5, "ps": 1e-6, "ve": 1e-3, "vp": 1e-3}
LOWEST = {"flow": 0.0, "ps": 0.0, "ve": SMALLEST_VOLUME, "vp": SMALLEST_VOLUME}
FAST_RATES = np.geomspace(2e-3, 20.0, 14)  # 1/s
SLOW_RATES = np.geomspace(1e-5, 1.0, 14)  # 1/s
SHARES = np.array([0.0003, 0.001, 0.004, 0.012, 0.03, 0.07, 0.15, 0.3, 0.5, 0.7, 0.85, 0.95])
SINGLE_RATES = np.geomspace(2e-5, 20.0, 60)  # 1/s, of one compartment
# Where the grid is cut into families, each of which starts a descent of its own.
FAST_CUTS, SLOW_CUT, SHARE_CUT = (0.03, 0.3), 1e-3, 0.03
CLOSEST = 0.8  # slow rate over the fast one


@dataclass(frozen=True)
class TwoCompartmentFamily:
    """What fitting one model to the curves of one series needs.

    upper : upper bounds of the P fitted parameters by name, flow and ps in 1/s.
    shapes : (R, S) float32 curves of unit length on a flattened grid. starts : (P, S) their parameters.
    reach : (S,) float32 largest length within the bounds, zero where there is none. kin : (S,) their family, -1 where
    there is none. axes : of the grid.
    """

    table: TabulatedExponentials
    upper: dict[str, float]
    shapes: np.ndarray
    starts: np.ndarray
    reach: np.ndarray
    kin: np.ndarray
    axes: tuple[int, ...]
    pairs: PairGrid | None

    def beside(self, measured) -> TwoCompartmentFamily:
        """The same tables as arrays of the kind, and on the device, of the measurements."""
        arrays = {name: like(getattr(self, name), measured) for name in ("shapes", "starts", "reach")}
        return self if namespace(measured) is np else replace(self, table=self.table.beside(measured), **arrays)

    @property
    def soft(self) -> np.ndarray:
        return np.array([SOFT[name] for name in self.upper])

    @property
    def low(self) -> np.ndarray:
        return np.array([LOWEST[name] for name in self.upper])

    @property
    def high(self) -> np.ndarray:
        return np.array(list(self.upper.values()))

    @property
    def logarithmic_bounds(self) -> tuple[np.ndarray, np.ndarray]:
        return np.log(self.low + self.soft), np.log(self.high + self.soft)


def two_compartment_family(table: TabulatedExponentials, upper: dict[str, float]) -> TwoCompartmentFamily:
    """Prepare the fit of one model.

    Parameters
    ----------
    table : TabulatedExponentials
    upper : dict
        Upper bounds of the fitted parameters, of ``flow``, ``ps``, ``ve``,
        ``vp`` in this order. Without ``ve`` nothing returns (the uptake
        model); without ``ps`` too there is one compartment of volume ``vp``.
    """
    if "ve" in upper:
        grid = FAST_RATES, SLOW_RATES, SHARES
    else:
        grid = (FAST_RATES, [0.0], SHARES) if "ps" in upper else (SINGLE_RATES, [0.0], [0.0])
    axes = np.meshgrid(*grid, indexing="ij")
    fast, slow, share = (axis.reshape(-1) for axis in axes)
    # Nothing is scanned where both rates are nearly one: there is neither a curve of its own nor an inverse.
    apart = slow < CLOSEST * fast
    slow = np.where(apart, slow, CLOSEST * fast / 2)
    curves = (1 - share)[:, None] * table.at(fast)[0] + share[:, None] * table.at(slow)[0]
    length = np.linalg.norm(curves, axis=1)
    shape = exchange_of(fast, slow, share)._asdict()
    starts = np.stack([shape[name] for name in upper]) / length
    reach = (np.array(list(upper.values()))[:, None] / np.maximum(starts, 1e-300)).min(axis=0)
    kin = np.where(apart, 4 * np.digitize(fast, FAST_CUTS) + 2 * (slow > SLOW_CUT) + (share > SHARE_CUT), -1)
    return TwoCompartmentFamily(
        table=table,
        upper=dict(upper),
        shapes=np.ascontiguousarray((curves / length[:, None]).T.astype(np.float32)),
        starts=starts,
        reach=np.where(apart, np.minimum(reach, 1e30), 0.0).astype(np.float32),
        kin=kin,
        axes=axes[0].shape,
        pairs=pair_grid(table) if "ve" in upper else None,
    )
