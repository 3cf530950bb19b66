"""Curves of one non-linear parameter, tabulated once for the many that are compared with them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from ...arrays import like, namespace
from ...signal.local_polynomials import NODES, REACH, coefficients, grid_derivative
from .compressed_family import CompressedFamily, compress

STEP = 0.12  # of the table, in log theta
SCAN_EVERY = 3  # grid points from one scanned point to the next


@dataclass(frozen=True)
class CurveFamily:
    """Tabulated curves f(theta), normalised, with what the search needs to know of them.

    log_theta : (G,) uniform grid; `REACH` points at each end lie outside the bounds.
    curves : (T, G), unit length. fixed : (T,), unit length, or None.
    fixed_norm : length of the fixed curve before normalisation.
    slope_limit : upper bound of a1 / theta. fixed_limit : upper bound of a2.
    tables : (3, 11, C) local polynomials around each scanned point of log |f|,
    <f, c> and <f', f'>.
    """

    log_theta: np.ndarray
    curves: np.ndarray
    fixed: np.ndarray | None
    fixed_norm: float
    slope_limit: float
    fixed_limit: float
    tables: np.ndarray

    @property
    def scanned(self) -> np.ndarray:
        """(C,) indices into the grid of the points that are scanned."""
        return like(np.arange(REACH, len(self.log_theta) - REACH, SCAN_EVERY), self.log_theta)

    @property
    def reach(self) -> float:
        """Distance of scanned points over that to the outermost nodes of the local polynomials."""
        return SCAN_EVERY / REACH

    @functools.cached_property
    def compressed(self) -> CompressedFamily | None:
        """The same curves in few coordinates; None where those would lose digits."""
        return compress(self)

    def beside(self, measured) -> CurveFamily:
        """The same tables as arrays of the kind, and on the device, of the measurements."""
        arrays = {n: like(getattr(self, n), measured) for n in ("log_theta", "curves", "fixed", "tables")}
        return self if namespace(measured) is np else replace(self, **arrays)


def tabulate(
    curve: Callable[[np.ndarray], np.ndarray],
    bounds: tuple[float, float],
    *,
    fixed: np.ndarray | None = None,
    slope_limit: float = np.inf,
    fixed_limit: float = np.inf,
) -> CurveFamily:
    """Tabulate a family of curves for `solver.solve`.

    Parameters
    ----------
    curve : callable
        Gives (G, T) curves for (G,) values of theta; smooth in log theta.
    bounds : (low, high)
        Of theta, positive.
    fixed : (T,) array, optional
        The second, fixed curve.
    slope_limit : float
        a1 is kept within 0 and ``slope_limit * theta``.
    fixed_limit : float
        a2 is kept within 0 and this.
    """
    low, high = np.log(bounds)
    cells = max(1, int(np.ceil((high - low) / (STEP * SCAN_EVERY))))
    step = (high - low) / (cells * SCAN_EVERY)
    log_theta = low + step * np.arange(-2 * REACH, cells * SCAN_EVERY + 2 * REACH + 1)
    raw = curve(np.exp(log_theta)).T
    norms = np.linalg.norm(raw, axis=0)
    curves = raw / norms
    derivative = grid_derivative(curves.T, step).T
    inner = slice(REACH, -REACH)
    fixed_norm = 1.0 if fixed is None else float(np.linalg.norm(fixed))
    unit_fixed = None if fixed is None else np.asarray(fixed, float) / fixed_norm
    overlap = np.zeros(len(norms)) if fixed is None else unit_fixed @ curves
    tabulated = np.stack([np.log(norms)[inner], overlap[inner], (derivative**2).sum(axis=0)])
    centres = np.arange(REACH, tabulated.shape[1] - REACH, SCAN_EVERY)
    tables = coefficients(np.moveaxis(tabulated[:, centres[None] + NODES[:, None]], 1, 0))
    return CurveFamily(
        log_theta=log_theta[inner],
        curves=np.ascontiguousarray(curves[:, inner]),
        fixed=unit_fixed,
        fixed_norm=fixed_norm,
        slope_limit=slope_limit,
        fixed_limit=fixed_limit * fixed_norm,
        tables=np.ascontiguousarray(np.moveaxis(tables, 0, 1)),
    )
