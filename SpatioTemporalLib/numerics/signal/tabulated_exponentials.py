"""An input convolved with exponentials of any rate, from a table with few numbers for each rate.

The curves of all rates of one input on one time axis lie close to a space of
some twenty dimensions. They are tabulated by their coordinates in it, so that
a fit handles those instead of the frames.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline

from ..arrays import clipped, contiguous, like, namespace, whole
from .exponential_convolution import exponential_convolution
from .frame_sampling import FrameSampling

STEP = 0.0125  # of the table in u; the cubic spline is then good to 1e-9 of the curve
FASTEST = 1e4  # 1/s; beyond it a curve is the input itself over the rate
SLOWEST_PART = 0.1  # of one over the duration: where u turns from linear to logarithmic
NEGLIGIBLE = 1e-11  # singular values below this part of the largest are left out
FOR_BASIS = 8  # every so many rates determine the space


@dataclass(frozen=True)
class TabulatedExponentials:
    """Coordinates of ``exp(-K t)`` convolved with the input, for rates K >= 0.

    The table runs over u = log(1 + K / corner) and holds (K + corner) times the
    curve, which is smooth from K = 0, where the curve is the input's integral,
    to infinity, where it is the input over K.

    basis : (T, R) orthonormal. pieces : (G, 4, R) cubic polynomials in the
    distance from each grid point, highest power first. corner : 1/s
    """

    basis: np.ndarray
    pieces: np.ndarray
    corner: float

    def leading(self, count: int) -> TabulatedExponentials:
        """The table in the `count` dimensions that matter most."""
        pieces = contiguous(self.pieces[..., :count])
        return TabulatedExponentials(self.basis[:, :count], pieces, self.corner)

    def beside(self, array) -> TabulatedExponentials:
        """The same table as arrays of the kind, and on the device, of another."""
        if namespace(array) is np:
            return self
        return TabulatedExponentials(like(self.basis, array), like(self.pieces, array), self.corner)

    def frames(self, coordinates: np.ndarray) -> np.ndarray:
        """(n, T) curves of (n, R) coordinates."""
        return coordinates @ self.basis.T

    def at(self, rates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(n, R) coordinates at (n,) rates in 1/s, and their derivatives by the rate."""
        shifted = rates + self.corner
        xp = namespace(rates)
        u = clipped(xp.log(shifted / self.corner), 0.0, STEP * len(self.pieces))
        cell = clipped(whole(u / STEP), 0, len(self.pieces) - 1)
        x = (u - STEP * cell)[:, None]
        cubic, square, linear, constant = xp.moveaxis(self.pieces[cell], 1, 0)
        # In place: these few lines are half the time of a fit.
        value, slope = cubic * x, cubic * (3 * x)
        value += square
        value *= x
        value += linear
        value *= x
        value += constant
        slope += 2 * square
        slope *= x
        slope += linear
        slope -= value
        scale = 1 / shifted[:, None]
        value *= scale
        slope *= scale * scale
        return value, slope


def tabulate_exponentials(input_times, plasma, sampling: FrameSampling) -> TabulatedExponentials:
    """The table for one input, linear between its samples, and the frames of one series."""
    rates, corner = tabulated_rates(sampling)
    curves = sampling.frames(exponential_convolution(input_times, plasma, rates, sampling.times))
    return tabulate_curves(curves, corner)


def tabulated_rates(sampling: FrameSampling, fastest: float = FASTEST) -> tuple[np.ndarray, float]:
    """(G,) rates of a table for these frames up to the fastest, and its corner, 1/s."""
    corner = SLOWEST_PART / float(sampling.times[-1] - sampling.times[0])
    count = int(np.ceil(np.log1p(fastest / corner) / STEP))
    return corner * np.expm1(STEP * np.arange(count + 1)), corner


def tabulate_curves(curves: np.ndarray, corner: float) -> TabulatedExponentials:
    """The table of (G, T) curves at the rates that `tabulated_rates` gives."""
    u = STEP * np.arange(len(curves))
    curves = curves * (corner * np.exp(u))[:, None]
    left, sizes, _ = np.linalg.svd(curves[::FOR_BASIS].T, full_matrices=False)
    basis = np.ascontiguousarray(left[:, sizes > NEGLIGIBLE * sizes[0]])
    pieces = CubicSpline(u, curves @ basis).c
    return TabulatedExponentials(basis, np.ascontiguousarray(np.moveaxis(pieces, 1, 0)), corner)
