"""Values of regions that borrow strength from their neighbours, as far as the data speak for it."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import optimize, sparse, special

from .icar import MOST_LOGIT, Constrained, ScaledField, mixing_prior, scaled_field
from .region_graph import RegionGraph

BEYOND = 0.01  # probability that a standard deviation passes the bound that is given for it
# Steps of the lattice in standard deviations, how many at most on a side, and the fall of the log density that ends it.
FINE, COARSE, MOST_ON_A_SIDE, FALLEN = 1.3, 1.6, 6, 4.0
MANY = 1500  # regions from which variances are computed at the mode of the hyperparameters alone
FEW = 300  # regions up to which a fine grid of three hyperparameters is quick
LEAST_SHARE = 1e-3
CURVATURE_STEP, WIDEST = 0.3, 1.5
MOST_NEWTON = 50


@dataclass(frozen=True, eq=False)
class Measured:
    """What was measured in each region, (N,); NaN where nothing was.

    values : means, or counts where `expected` is given. sizes : of how many values each mean is, or None.
    errors : known standard errors of the means, or None. expected : counts that are expected, or None.
    """

    values: np.ndarray
    sizes: np.ndarray | None = None
    errors: np.ndarray | None = None
    expected: np.ndarray | None = None

    @property
    def counted(self) -> bool:
        return self.expected is not None

    @property
    def noise_is_known(self) -> bool:
        return self.counted or self.errors is not None


@dataclass(frozen=True, eq=False)
class SmoothedRegions:
    """A mixture of Gaussians for each region, over the hyperparameters.

    weights : (H,). means, deviations : (H, N) of the value, or of the log of the ratio of counted to expected.
    spread, mixing, noise : (H,) standard deviation between regions, share of it that is spatial, and of one value;
    noise is NaN where it is known.
    """

    weights: np.ndarray
    means: np.ndarray
    deviations: np.ndarray
    spread: np.ndarray
    mixing: np.ndarray
    noise: np.ndarray

    def mean(self) -> np.ndarray:
        return self.weights @ self.means

    def deviation(self) -> np.ndarray:
        mean = self.mean()
        return np.sqrt(self.weights @ (self.deviations**2 + (self.means - mean) ** 2))

    def exceedance(self, threshold: float) -> np.ndarray:
        """(N,) probability of lying above."""
        return self.weights @ special.ndtr((self.means - threshold) / self.deviations)

    def quantile(self, probability: float) -> np.ndarray:
        """(N,) by halving: the mixture has no closed form."""
        low = (self.means - 12 * self.deviations).min(axis=0)
        high = (self.means + 12 * self.deviations).max(axis=0)
        for _ in range(60):
            middle = 0.5 * (low + high)
            below = self.weights @ special.ndtr((middle - self.means) / self.deviations) < probability
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        return 0.5 * (low + high)


def smooth_regions(
    graph: RegionGraph,
    measured: Measured,
    *,
    largest_spread: float,
    progress: Callable[[float], None] = lambda fraction: None,
) -> SmoothedRegions:
    """What each region's value is, given its own measurement and those of its neighbours.

    Parameters
    ----------
    graph : RegionGraph         Regions without a neighbour are shrunk to the mean alone.
    measured : Measured
    largest_spread : float
        Standard deviation between regions, in the unit of the values or of the log ratio, that is passed with a
        probability of one in a hundred before anything is seen.

    Notes
    -----
    BYM2 (Riebler et al., Stat Methods Med Res 25:1145, 2016): value = mean + spread (sqrt(m) u + sqrt(1 - m) v), m the
    mixing, u the scaled intrinsic autoregression and v independent; penalised-complexity priors. Given spread, mixing
    and noise the field is Gaussian (exactly for means, by Laplace's approximation for counts), on sparse matrices;
    those three are integrated over a grid about their mode.
    """
    model = _Model(graph, measured, largest_spread)
    progress(0.05)
    start = model.start()
    found = optimize.minimize(lambda at: -model.log_density(at), start, method="Nelder-Mead", options=_STOP)
    progress(0.4)
    points, logs = _grid(model, found.x, -float(found.fun))
    kept = logs > logs.max() + np.log(LEAST_SHARE)
    points, logs = points[kept], logs[kept]
    weights = np.exp(logs - special.logsumexp(logs))
    fields = []
    best = int(np.argmax(logs))
    shared = model.field(points[best])[1] if graph.count > MANY else None
    for number, at in enumerate(points):
        progress(0.4 + 0.6 * number / len(points))
        fields.append(model.field(at, shared))
    means, deviations = (np.array(part) for part in zip(*fields))
    noise = np.exp(points[:, 2]) if points.shape[1] > 2 else np.full(len(points), np.nan)
    return SmoothedRegions(weights, means, deviations, np.exp(points[:, 0]), special.expit(points[:, 1]), noise)


_STOP = {"xatol": 1e-2, "fatol": 1e-3, "maxiter": 200}


def _grid(model: _Model, mode: np.ndarray, best: float) -> tuple[np.ndarray, np.ndarray]:
    """(H, D) hyperparameters about the mode, along the axes of its curvature, and (H,) their log densities."""
    size, unit = len(mode), CURVATURE_STEP * np.eye(len(mode))
    curvature = np.empty((size, size))
    at = {sign: [model.log_density(mode + sign * step) for step in unit] for sign in (1, -1)}
    for j, k in itertools.combinations_with_replacement(range(size), 2):
        if j == k:
            curvature[j, j] = 2 * best - at[1][j] - at[-1][j]
        else:
            across = model.log_density(mode + unit[j] + unit[k]) + model.log_density(mode - unit[j] - unit[k])
            alone = sum(at[sign][i] for sign in (1, -1) for i in (j, k))
            curvature[j, k] = curvature[k, j] = 0.5 * (alone - across - 2 * best)
    curved, axes = np.linalg.eigh(curvature / CURVATURE_STEP**2)
    # Where the density is nearly flat, or rises at the side, the grid stays within what can be looked through.
    spans = axes / np.sqrt(np.maximum(curved, 1 / WIDEST**2))
    return _explored(model, mode, best, spans.T * (FINE if model.count <= FEW else COARSE))


def _explored(model: _Model, mode: np.ndarray, best: float, spans: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(H, D) points of a lattice about the mode, and (H,) their log densities: outwards until the density has fallen.

    From neighbour to neighbour, because the density may be bent: noise and what is independent between regions can
    stand for one another.
    """
    found, ahead = {(0,) * len(mode): best}, [(0,) * len(mode)]
    while ahead:
        at = ahead.pop()
        for k, sign in itertools.product(range(len(mode)), (1, -1)):
            near = (*at[:k], at[k] + sign, *at[k + 1 :])
            if near not in found and abs(near[k]) <= MOST_ON_A_SIDE:
                found[near] = model.log_density(mode + np.array(near) @ spans)
                if best - found[near] < FALLEN:
                    ahead.append(near)
    return mode + np.array(list(found)) @ spans, np.array(list(found.values()))


class _Model:
    """The posterior of (b, u, mean) for given hyperparameters: log spread, logit mixing, and log noise if unknown."""

    def __init__(self, graph: RegionGraph, measured: Measured, largest_spread: float):
        self.count, self.measured = graph.count, measured
        self.smooth: ScaledField = scaled_field(graph)
        self.log_mixing = mixing_prior(self.smooth)
        self.rate = -np.log(BEYOND) / largest_spread
        self.known = np.isfinite(measured.values)
        self.lonely = np.setdiff1d(np.arange(graph.count), self.smooth.regions)
        self.at: np.ndarray | None = None
        # The mean joins b in what is measured: one column of ones.
        size = len(self.smooth.regions)
        self.seen = sparse.hstack(
            [sparse.eye_array(self.count), sparse.csc_array((self.count, size)), np.ones((self.count, 1))], format="csc"
        )
        parts = self.smooth.sums.shape[0]
        self.sums = sparse.hstack(
            [sparse.csc_array((parts, self.count)), self.smooth.sums, sparse.csc_array((parts, 1))], format="csc"
        )

    def start(self) -> np.ndarray:
        measured, known = self.measured, self.known
        if measured.counted:
            spread = 0.3
        else:
            spread = max(float(np.nanstd(measured.values[known])), 1e-6)
        start = [np.log(0.7 * spread), 0.0]
        return np.array(start if measured.noise_is_known else [*start, np.log(0.7 * spread)])

    def log_density(self, at: np.ndarray) -> float:
        """Log posterior of the hyperparameters, but for a constant."""
        if abs(at[1]) > MOST_LOGIT or np.abs(at[[0, *range(2, len(at))]]).max() > 30:
            return -np.inf
        precision = self._prior(at)
        mode, factors = self._mode(at, precision)
        value = self.seen @ mode
        spread, mixing = np.exp(at[0]), special.expit(at[1])
        prior = -0.5 * mode @ (precision @ mode) - self.count * np.log(spread)
        prior -= 0.5 * len(self.smooth.regions) * np.log1p(-mixing)
        hyper = self.log_mixing(at[1]) + at[0] - self.rate * spread
        if len(at) > 2:
            hyper += at[2] - self.rate * np.exp(at[2])
        return float(self._log_likelihood(at, value) + prior - 0.5 * factors.log_determinant + hyper)

    def field(self, at: np.ndarray, deviations: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """(N,) means and standard deviations of the values; the latter as given, where they are."""
        mode, factors = self._mode(at, self._prior(at))
        if deviations is None:
            deviations = np.sqrt(factors.variances(self.seen.T.tocsc()))
        return self.seen @ mode, deviations

    def _prior(self, at: np.ndarray) -> sparse.csc_array:
        """Precision of b, u and the mean, which is flat: b given u has mean spread sqrt(mixing) u."""
        spread, mixing = np.exp(at[0]), special.expit(at[1])
        own = np.full(self.count, 1 / (spread**2 * (1 - mixing)))
        own[self.lonely] = 1 / spread**2
        size = len(self.smooth.regions)
        across = np.full(size, -np.sqrt(mixing) / (spread * (1 - mixing)))
        link = sparse.coo_array((across, (self.smooth.regions, np.arange(size))), shape=(self.count, size))
        field = self.smooth.precision + mixing / (1 - mixing) * sparse.eye_array(size)
        joint = sparse.block_array([[sparse.diags_array(own), link], [link.T, field]], format="csc")
        return sparse.block_diag([joint, sparse.csc_array((1, 1))], format="csc")

    def _mode(self, at: np.ndarray, precision: sparse.csc_array) -> tuple[np.ndarray, Constrained]:
        """Most probable (b, u, mean), and the factors of the posterior's precision there; by Newton for counts."""
        # Between neighbouring hyperparameters the mode moves little.
        mode = np.zeros(self.seen.shape[1]) if self.at is None else self.at
        for _ in range(MOST_NEWTON):
            slope, weight = self._derivatives(at, self.seen @ mode)
            factors = Constrained((precision + self.seen.T @ sparse.diags_array(weight) @ self.seen).tocsc(), self.sums)
            step = factors.solve(self.seen.T @ slope - precision @ mode)
            largest = np.abs(self.seen @ step).max()
            mode = mode + step * min(1.0, 2.0 / max(largest, 1e-300)) if self.measured.counted else mode + step
            if not self.measured.counted or largest < 1e-6:
                break
        self.at = mode if self.measured.counted else None
        return mode, factors

    def _derivatives(self, at: np.ndarray, value: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(N,) slope of the log likelihood in each region's value, and minus its curvature."""
        if self.measured.counted:
            mean = np.where(self.known, self.measured.expected * np.exp(np.minimum(value, 50.0)), 0.0)
            return np.where(self.known, self.measured.values - mean, 0.0), mean
        weight = self._weights(at)
        return np.where(self.known, weight * (self.measured.values - value), 0.0), weight

    def _weights(self, at: np.ndarray) -> np.ndarray:
        if self.measured.errors is not None:
            weight = 1 / self.measured.errors**2
        else:
            weight = np.exp(-2 * at[2]) * (1.0 if self.measured.sizes is None else self.measured.sizes)
        return np.where(self.known, weight, 0.0) * np.ones(self.count)

    def _log_likelihood(self, at: np.ndarray, value: np.ndarray) -> float:
        measured, known = self.measured, self.known
        if measured.counted:
            return float((measured.values * value - measured.expected * np.exp(value))[known].sum())
        weight = self._weights(at)[known]
        return float(0.5 * (np.log(weight) - weight * (measured.values - value)[known] ** 2).sum())
