"""A smooth field over regions: the intrinsic autoregression, scaled so that its spread means the same on any graph."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import interpolate, sparse
from scipy.sparse import linalg

from .region_graph import RegionGraph

BLOCK = 500  # columns solved for at once
MOST_LOGIT = 8.0


class Constrained:
    """A symmetric matrix on the space where some sums are zero, by one factorisation of the saddle-point system.

    The upper left of the inverse of [[P, A'], [A, 0]] is the covariance of a Gaussian with precision P given A x = 0,
    and its determinant is that of P times that of A inverse(P) A', also where P alone is singular.
    """

    def __init__(self, precision: sparse.csc_array, sums: sparse.csc_array):
        self.size = precision.shape[0]
        system = sparse.block_array([[precision, sums.T], [sums, None]], format="csc") if sums.shape[0] else precision
        self._factors = linalg.splu(sparse.csc_matrix(system))

    def solve(self, right: np.ndarray) -> np.ndarray:
        """(size, ...) constrained inverse times (size, ...)."""
        more = self._factors.shape[0] - self.size
        padded = np.concatenate([right, np.zeros((more, *right.shape[1:]))])
        return self._factors.solve(padded)[: self.size]

    @property
    def log_determinant(self) -> float:
        return float(np.log(np.abs(self._factors.U.diagonal())).sum())

    def variances(self, directions: sparse.csc_array) -> np.ndarray:
        """(M,) variances along the (size, M) columns of a sparse matrix."""
        found = []
        for start in range(0, directions.shape[1], BLOCK):
            columns = directions[:, start : start + BLOCK].toarray()
            found.append((columns * self.solve(columns)).sum(axis=0))
        return np.concatenate(found)


@dataclass(frozen=True, eq=False)
class ScaledField:
    """The intrinsic autoregression over those regions that have neighbours.

    regions : (M,) their numbers. precision : (M, M), scaled. sums : (C, M) one row of ones for each connected part.
    """

    regions: np.ndarray
    precision: sparse.csc_array
    sums: sparse.csc_array

    @cached_property
    def _log_determinant(self) -> float:
        """Of the precision without its zero eigenvalues."""
        sizes = np.asarray(self.sums.sum(axis=1)).ravel()
        return Constrained(self.precision, self.sums).log_determinant - float(np.log(sizes).sum())

    def distance(self, mixing: float) -> float:
        """How far a mixing share of 0..1 is from none: root of twice the Kullback-Leibler divergence.

        Riebler et al. 2016, eq. 9, without the eigenvalues: determinants of sparse matrices are quicker.
        """
        size, parts = len(self.regions), self.sums.shape[0]
        mixed = sparse.csc_matrix((1 - mixing) * self.precision + mixing * sparse.eye_array(size))
        log_mixed = float(np.log(np.abs(linalg.splu(mixed).U.diagonal())).sum())
        log_covariance = log_mixed + parts * (np.log1p(-mixing) - np.log(mixing)) - self._log_determinant
        return float(np.sqrt(max(mixing * (self.total_variance - size) - log_covariance, 0.0)))

    @cached_property
    def total_variance(self) -> float:
        """Sum of the marginal variances."""
        every = sparse.eye_array(len(self.regions)).tocsc()
        return float(Constrained(self.precision, self.sums).variances(every).sum())


def scaled_field(graph: RegionGraph) -> ScaledField:
    """The autoregression in which each connected part has a geometric mean of its marginal variances of one.

    Notes
    -----
    Besag et al. (1991); scaled after Sorbye & Rue (2014), part by part (Freni-Sterrantino et al. 2018). The field adds
    up to zero over each part.
    """
    regions = np.flatnonzero(graph.components >= 0)
    part = graph.components[regions]
    size, parts = len(regions), int(part.max(initial=-1)) + 1
    sums = sparse.coo_array((np.ones(size), (part, np.arange(size))), shape=(parts, size)).tocsc()
    if not size:
        return ScaledField(regions, sparse.csc_array((0, 0)), sums)
    precision = graph.laplacian[regions][:, regions].tocsc()
    variances = Constrained(precision, sums).variances(sparse.eye_array(size).tocsc())
    factors = np.exp(np.bincount(part, np.log(variances)) / np.bincount(part))
    return ScaledField(regions, (sparse.diags_array(factors[part]) @ precision).tocsc(), sums)


def mixing_prior(field: ScaledField, below: float = 2 / 3):
    """Log density of the logit of the mixing share under the penalised-complexity prior with P(share < 1/2) = `below`.

    Simpson et al., Stat Sci 32:1 (2017): the distance from no spatial part is exponential.
    """
    if not len(field.regions):
        return lambda logit: -0.5 * logit**2
    logits = np.linspace(-MOST_LOGIT, MOST_LOGIT, 65)
    distances = np.array([field.distance(1 / (1 + np.exp(-x))) for x in logits])
    curve = interpolate.PchipInterpolator(logits, distances)
    slope, rate = curve.derivative(), -np.log1p(-below) / float(curve(0.0))
    return lambda logit: float(np.log(rate) - rate * curve(logit) + np.log(np.maximum(slope(logit), 1e-300)))
