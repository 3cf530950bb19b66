"""An input that comes later or earlier, convolved with exponentials of any rate: one table for all its delays.

Curves of one rate at all times are one function of the rate, so that the
coordinates by which a table tells rates apart serve every delay; only what they
are coordinates of differs, and that takes few rates to find out.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from .exponential_convolution import exponential_convolution
from .frame_sampling import FrameSampling
from .tabulated_exponentials import FOR_BASIS, TabulatedExponentials, tabulate_curves, tabulated_rates

FASTEST = 50.0  # 1/s; what is faster depends on where between two frames the input bends, which differs with the delay
REMEMBERED = 1024  # delays
# Delays whose frames determine the shared coordinates, in parts of the shortest frame: what lies between a bend of the
# input and the next frame decays at rates that frames further away do not see.
PARTS = (1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 3 / 4, 7 / 8, 15 / 16, 31 / 32)


NOTHING_LEFT = 1e-12


@dataclass(frozen=True)
class Delayed:
    """The frames of one delay in s: (T, R) orthonormal basis, and matrix that gives coordinates in it from those of the
    table that all delays share; upper triangular where nothing is taken out."""

    basis: np.ndarray
    turn: np.ndarray


class DelayedTables(ABC):
    """What tables of one input at any of its delays have in common.

    Attributes
    ----------
    shared : TabulatedExponentials
        Coordinates of all rates; its basis is of no use.
    dimensions : int
        R of the coordinates at one delay: those shared, or as many as there are frames.
    """

    shared: TabulatedExponentials
    dimensions: int

    @abstractmethod
    def at(self, delay: float) -> Delayed:
        """The frames of one delay in s."""

    def left(self, measured: np.ndarray, power: np.ndarray, delay: float) -> np.ndarray:
        """(n,) sums of squares, `power`, of (T, n) curves less what curves that are fitted besides explain."""
        return power

    def coordinates(self, measured: np.ndarray, delays: np.ndarray) -> np.ndarray:
        """(n, R) coordinates of (T, n) curves, each in the basis of its own (n,) delay in s."""
        found = np.empty((len(delays), self.dimensions))
        for some, delay in runs(delays):
            found[some] = measured[:, some].T @ self.at(delay).basis
        return found

    def outside(self, measured: np.ndarray, power: np.ndarray, coordinates: np.ndarray, delays: np.ndarray):
        """(n,) what is neither in the coordinates nor explained by what is fitted besides."""
        found = np.empty(len(delays))
        for some, delay in runs(delays):
            found[some] = self.left(measured[:, some], power[some], delay)
        return np.maximum(found - np.einsum("nr,nr->n", coordinates, coordinates), 0.0)

    def turned(self, vectors: np.ndarray, delays: np.ndarray) -> np.ndarray:
        """Coordinates in the bases of (n,) delays in s, of (..., n, R) shared ones, or of the leading of these."""
        given = vectors.shape[-1]
        found = np.empty((*vectors.shape[:-1], min(given, self.dimensions)))
        for some, delay in runs(delays):
            turn = self.at(delay).turn[: found.shape[-1], :given]
            np.matmul(vectors[..., some, :], turn.T, out=found[..., some, :])
        return found

    def table(self, delay: float) -> TabulatedExponentials:
        """The table of one delay in s."""
        at = self.at(delay)
        return replace(self.shared, basis=at.basis, pieces=self.shared.pieces @ at.turn.T)


class DelayedExponentials(DelayedTables):
    """Tables of exponentials convolved with one input, for any delay of it within a reach.

    Parameters
    ----------
    input_times, plasma : (N,) arrays, s and the input's unit
        Linear between its samples.
    sampling : FrameSampling
    reach : float, s
        Delays lie between minus this and plus this.
    """

    def __init__(self, input_times, plasma, sampling: FrameSampling, reach: float) -> None:
        self._input, self._sampling = (np.asarray(input_times, float), np.asarray(plasma, float)), sampling
        self._rates, self._corner = tabulated_rates(sampling, FASTEST)
        shortest = float(np.diff(sampling.times if sampling.edges is None else sampling.times[sampling.edges]).min())
        delays = (0.0, -reach, reach, *(part * shortest for part in PARTS))
        several = [self._curves(delay, self._rates) for delay in delays]
        self.shared = tabulate_curves(np.concatenate(several, axis=1), self._corner)
        self.dimensions = min(self.shared.pieces.shape[2], several[0].shape[1])
        self._few = self._rates[::FOR_BASIS]
        self._known = self.shared.at(self._few)[0] * (self._few + self._corner)[:, None]
        self._at = lru_cache(maxsize=REMEMBERED)(self._frames_at)

    def at(self, delay: float) -> Delayed:
        return self._at(delay)

    def _curves(self, delay: float, rates: np.ndarray) -> np.ndarray:
        times, values = self._input
        return self._sampling.frames(exponential_convolution(times + delay, values, rates, self._sampling.times))

    def _frames_at(self, delay: float) -> Delayed:
        curves = self._curves(delay, self._few) * (self._few + self._corner)[:, None]
        frames_of = np.linalg.lstsq(self._known, curves, rcond=None)[0].T
        return Delayed(*np.linalg.qr(frames_of))


class DelayedBeside(DelayedTables):
    """The same with what exponentials have in common with another curve taken out, for fits with that curve besides.

    Parameters
    ----------
    tables : DelayedExponentials
    other : callable
        Gives the (T,) other curve at a delay in s.
    """

    def __init__(self, tables: DelayedExponentials, other: Callable[[float], np.ndarray]) -> None:
        self.shared, self.dimensions, self._tables, self._other = tables.shared, tables.dimensions, tables, other
        self._at = lru_cache(maxsize=REMEMBERED)(self._without)

    def at(self, delay: float) -> Delayed:
        return self._at(delay)

    def left(self, measured: np.ndarray, power: np.ndarray, delay: float) -> np.ndarray:
        return power - (unit_of(self._other(delay)) @ measured) ** 2

    def amount(self, measured: np.ndarray, shared: np.ndarray, delays: np.ndarray) -> np.ndarray:
        """(n,) of the other curve, at unit length, in the best fits to (T, n) curves of (n, R) shared coordinates."""
        found = np.empty(len(delays))
        for some, delay in runs(delays):
            unit = unit_of(self._other(delay))
            found[some] = unit @ measured[:, some] - shared[some] @ self.on_other(delay)
        return found

    def on_other(self, delay: float) -> np.ndarray:
        """(R,) products of the shared coordinates' curves with the other curve at unit length."""
        at = self._tables.at(delay)
        return (unit_of(self._other(delay)) @ at.basis) @ at.turn

    def _without(self, delay: float) -> Delayed:
        at, unit = self._tables.at(delay), unit_of(self._other(delay))
        columns = (at.basis - np.outer(unit, unit @ at.basis)) @ at.turn
        left, sizes, right = np.linalg.svd(columns, full_matrices=False)
        # What is left of a direction that the curve has wholly to itself is rounding.
        seen = sizes > NOTHING_LEFT * sizes[0]
        return Delayed(np.where(seen, left, 0.0), np.where(seen, sizes, 0.0)[:, None] * right)


def unit_of(curve: np.ndarray) -> np.ndarray:
    """The curve at unit length, zero where it is zero."""
    return curve / max(float(np.linalg.norm(curve)), 1e-300)


def runs(values: np.ndarray) -> list[tuple[slice, float]]:
    """Slices of (n,) values within which they are one, and that value."""
    begins = np.flatnonzero(np.diff(values, prepend=np.nan) != 0).tolist()
    return [(slice(a, b), float(values[a])) for a, b in zip(begins, [*begins[1:], len(values)])]
