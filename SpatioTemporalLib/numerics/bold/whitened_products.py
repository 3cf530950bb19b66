"""What a linear model with autocorrelated noise needs of the data and of its design, made once for all voxels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# Autocorrelations are taken to whole hundredths, so that voxels can share a matrix.
STEPS = 100


@dataclass(frozen=True, eq=False)
class Products:
    """All that a fit needs of the data y (T, V): with the design (P, V) at the same frame and one apart, with itself.

    mean : (V,) that y is less of: squares of a mean of 10,000 would drown a signal of 100. same : X'y. apart : X'y one
    frame later and earlier, summed. power, lagged : (V,) y'y and y'y one frame apart. last : (V,) y of the last frame,
    whose row of the design is x_last.
    """

    mean: np.ndarray
    same: np.ndarray
    apart: np.ndarray
    power: np.ndarray
    lagged: np.ndarray
    last: np.ndarray
    x_last: np.ndarray

    def whitened(self, rho: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """X'Wy (P, V) and y'Wy (V,) with the autocorrelation (V,) of each."""
        square = rho**2
        last = square * self.last
        square += 1
        moments = self.same * square
        moments -= rho * self.apart
        moments -= self.x_last[:, None] * last
        return moments, self.power * square - 2 * rho * self.lagged - last * self.last


@dataclass(frozen=True, eq=False)
class SharedProducts:
    """The rows that data are multiplied by.

    rows : (R, T) orthonormal. weights : (2 P + 1, R) that make of them the design less its mean over the frames, the
    sum of its neighbouring frames less theirs, and one. x_last : (P,).

    Notes
    -----
    Sums of neighbouring frames of a cosine are that cosine but for its ends: of
    2 P + 1 rows far fewer are independent, and only these are multiplied.
    """

    rows: np.ndarray
    weights: np.ndarray
    x_last: np.ndarray

    @classmethod
    def of(cls, x: np.ndarray) -> SharedProducts:
        """Of a design (T, P)."""
        neighbours = np.zeros_like(x)
        neighbours[:-1] += x[1:]
        neighbours[1:] += x[:-1]
        wanted = np.concatenate([x, neighbours, np.ones((len(x), 1))], axis=1)
        size = np.linalg.norm(wanted, axis=0)
        wanted[:, :-1] -= wanted[:, :-1].mean(axis=0)
        scaled = np.divide(wanted, size, out=np.zeros_like(wanted), where=size > 0)
        left, strength, _ = np.linalg.svd(scaled, full_matrices=False)
        rows = left[:, strength > max(scaled.shape) * np.finfo(float).eps * strength[0]].T
        return cls(np.ascontiguousarray(rows), wanted.T @ rows.T, x[-1])

    def with_data(self, series: np.ndarray) -> Products:
        """Of (T, V) data of any precision."""
        frames, columns = len(series), len(self.x_last)
        y = series.astype(np.float64)
        # The first frame is taken off before anything is squared; it is no pass over the data as the mean is.
        first = y[0].copy()
        y -= first
        found = self.weights @ (self.rows @ y)
        mean = found[-1] / frames
        power = np.einsum("tv,tv->v", y, y) - frames * mean**2
        lagged = np.einsum("tv,tv->v", y[1:], y[:-1]) - mean * (2 * found[-1] - y[-1]) + (frames - 1) * mean**2
        return Products(
            first + mean, found[:columns], found[columns:-1], power, lagged, y[-1] - mean, self.x_last
        )  # fmt: skip


class WhitenedInverses:
    """(P, P) inverses of X'WX of a design (T, P), one for each hundredth of autocorrelation, made when first asked."""

    def __init__(self, design: np.ndarray) -> None:
        self._design = design
        self._made = np.zeros(2 * STEPS + 1, dtype=bool)
        self._inverses = np.empty((2 * STEPS + 1, design.shape[1], design.shape[1]))

    def of(self, hundredths) -> np.ndarray:
        """(N, P, P) of (N,) whole numbers."""
        places = np.asarray(hundredths, dtype=int) + STEPS
        missing = places[~self._made[places]]
        if missing.size:
            whitened = np.repeat(self._design[None], len(missing), axis=0)
            whitened[:, 1:] -= ((missing - STEPS) / STEPS)[:, None, None] * self._design[:-1]
            # What columns have in common is rounding below this, and they are not told apart.
            smallest = self._design.shape[1] * np.finfo(float).eps
            square = whitened.transpose(0, 2, 1) @ whitened
            self._inverses[missing] = np.linalg.pinv(square, rcond=smallest, hermitian=True)
            self._made[missing] = True
        return self._inverses[places]

    def solved(self, hundredths: np.ndarray, moments: np.ndarray) -> np.ndarray:
        """(P, V) inverse times moments (P, V), with the autocorrelation (V,) of each."""
        # Voxels of one matrix stand together, so that each is solved where its neighbours are.
        order = np.argsort(hundredths, kind="stable")
        ordered = hundredths[order]
        starts = np.flatnonzero(np.diff(ordered, prepend=ordered[:1] - 1))
        inverses = self.of(ordered[starts])
        bounds = [*starts.tolist(), len(order)]
        rows = moments.T[order]
        solved, found = np.empty_like(rows), np.empty_like(rows)
        for inverse, start, end in zip(inverses, bounds, bounds[1:]):
            np.matmul(rows[start:end], inverse, out=solved[start:end])
        found[order] = solved
        return found.T
