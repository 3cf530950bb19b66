"""Two tissue compartments and blood where their best fit is two exponentials and blood within the bounds."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..least_squares.exponential_pairs.free_optimum import FreeOptimum, free_optima, free_optima_and_others
from ..least_squares.exponential_pairs.pair_grid import PairGrid, pair_grid
from ..least_squares.exponential_pairs.pair_search import Pairs
from ..least_squares.scanned_descent import KnownOptima
from ..signal.tabulated_exponentials import TabulatedExponentials

NEGLIGIBLE = 1e-11  # of the table's directions, what blood leaves of them


@dataclass(frozen=True)
class TwoTissueSearch:
    """What searching for free optima needs, for curves with one input.

    beside : exponentials with what they have in common with blood taken out. alone : as they are. blood : (T,) frames.
    high : (5,) upper bounds of K1, k2, k3, k4 in 1/s and of the blood volume fraction.
    """

    beside: PairGrid
    alone: PairGrid
    blood: np.ndarray
    high: np.ndarray

    def coordinates(self, data: np.ndarray, beside: bool) -> np.ndarray:
        """(n, R) of (n, T) curves."""
        return np.ascontiguousarray(data @ (self.beside if beside else self.alone).table.basis)

    def frames(self, rates: np.ndarray) -> np.ndarray:
        """(n, T) exponentials with (n,) rates."""
        return self.alone.table.frames(self.alone.table.at(rates)[0])

    def of(self, curves: np.ndarray) -> TwoTissueSearch:
        """The search for some of the curves."""
        return self


def two_tissue_search(table: TabulatedExponentials, blood: np.ndarray, high: np.ndarray) -> TwoTissueSearch:
    """For one input and its frames."""
    # The sum of both rates of any tissue is k2 + k3 + k4.
    fastest = float(high[1:4].sum())
    return TwoTissueSearch(pair_grid(without(table, blood), fastest), pair_grid(table, fastest), blood, high)


def without(table: TabulatedExponentials, blood: np.ndarray) -> TabulatedExponentials:
    """The table of what exponentials are at right angles to the (T,) frames of blood."""
    unit = blood / max(float(np.linalg.norm(blood)), 1e-300)
    left, sizes, right = np.linalg.svd(table.basis - np.outer(unit, unit @ table.basis), full_matrices=False)
    kept = sizes > NEGLIGIBLE
    turn = sizes[kept, None] * right[kept]
    return replace(table, basis=np.ascontiguousarray(left[:, kept]), pieces=table.pieces @ turn.T)


def known_two_tissue(data: np.ndarray, search: TwoTissueSearch) -> KnownOptima:
    """The optimum of each of (n, T) curves where it lies within the bounds, or has no blood in it."""
    on_blood, square = _on(data, search.blood), np.maximum((search.blood**2).sum(axis=-1), 1e-300)
    beside = search.coordinates(data, beside=True)
    found, others = free_optima_and_others(beside, search.beside)
    model = _frames(found, search)
    vb = (on_blood - _on(model, search.blood)) / square
    values = _tissue(found, vb)
    # By differences from the curves: differences of their powers leave rounding where there is no noise.
    sse = _power(data - model - vb[:, None] * search.blood)
    known = found.sure & _within(values, search.high)
    # Where less than no blood would fit best there is none, unless another valley, with blood in it, is deeper.
    bloodless = np.flatnonzero(found.sure & (vb < 0))
    values[:, bloodless], sse[bloodless], known[bloodless] = _without_blood(data[bloodless], search.of(bloodless))
    some = np.flatnonzero(vb[others.curve] < 0)
    others, own = Pairs(*(v[..., some] for v in others)), search.of(others.curve[some])
    rates = own.beside.table.corner * np.expm1(others.u)
    each = FreeOptimum(rates, others.amplitude * (rates + own.beside.table.corner), others.sse, others.settled)
    outside = _power(data) - _power(beside) - on_blood**2 / square
    deeper = outside[others.curve] + others.sse < sse[others.curve]
    known[others.curve[deeper & (on_blood[others.curve] >= _on(_frames(each, own), own.blood))]] = False
    return KnownOptima(np.where(known, values, 0.0), sse, known)


def _without_blood(data: np.ndarray, search: TwoTissueSearch) -> KnownOptima:
    """The best tissue of each of (n, T) curves, known where a little blood does not fit better."""
    found = free_optima(search.coordinates(data, beside=False), search.alone)
    values, left = _tissue(found, np.zeros(len(data))), data - _frames(found, search)
    known = found.sure & _within(values, search.high) & (_on(left, search.blood) <= 0)
    return KnownOptima(np.where(known, values, 0.0), _power(left), known)


def _frames(found: FreeOptimum, search: TwoTissueSearch) -> np.ndarray:
    """(n, T) frames of the exponentials."""
    return sum(a[:, None] * search.frames(k) for a, k in zip(found.amplitudes, found.rates))


def _on(curves: np.ndarray, blood: np.ndarray) -> np.ndarray:
    """(n,) products of (n, T) curves with blood."""
    return (curves * blood).sum(axis=1)


def _tissue(found: FreeOptimum, vb: np.ndarray) -> np.ndarray:
    """(5, n) K1, k2, k3, k4 and blood volume fraction of two exponentials beside blood; without k3 of one."""
    (fast, slow), (first, second) = found.rates, found.amplitudes
    whole = first + second
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        k2 = (first * fast + second * slow) / whole
        k4 = fast * slow / k2
        k3 = fast + slow - k2 - k4
        k1 = whole / (1 - vb)
    single, nothing = first == 0, whole == 0
    k2, k3, k4 = np.where(single, slow, k2), np.where(single, 0.0, k3), np.where(single, 0.0, k4)
    return np.stack([k1, np.where(nothing, 0.0, k2), k3, k4, vb])


def _within(values: np.ndarray, high: np.ndarray) -> np.ndarray:
    # A NaN of a tissue that cannot be is within no bounds.
    return ((values >= 0) & (values <= high[:, None])).all(axis=0)


def _power(curves: np.ndarray) -> np.ndarray:
    """(n,) sums of squares of (n, T) curves."""
    return np.einsum("nt,nt->n", curves, curves)
