"""Linear least squares of very many curves, each with regressors of its own."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

SINGULAR = 1e-12  # of the determinant of unit-length regressors


class Regression(NamedTuple):
    """Of n curves on P regressors; NaN where these do not determine the coefficients.

    coefficients : (P, n). covariance : (P, P, n) for unit noise variance. sse : (n,)
    """

    coefficients: np.ndarray
    covariance: np.ndarray
    sse: np.ndarray


def regression(curves: np.ndarray, regressors: list[np.ndarray]) -> Regression:
    """Unbounded least squares of (T, n) curves; each regressor is (T,) or (T, n)."""
    columns = [r if r.ndim == 2 else np.broadcast_to(r[:, None], curves.shape) for r in regressors]
    lengths = np.sqrt([np.einsum("tn,tn->n", c, c) for c in columns])
    safe = np.where(lengths > 0, lengths, 1.0)
    unit = [c / size for c, size in zip(columns, safe)]
    count = len(unit)
    gram = np.empty((curves.shape[1], count, count))
    for i in range(count):
        for j in range(count):
            gram[:, i, j] = np.einsum("tn,tn->n", unit[i], unit[j])
    right = np.stack([np.einsum("tn,tn->n", u, curves) for u in unit], axis=1)
    determined = np.abs(np.linalg.det(gram)) > SINGULAR
    gram[~determined] = np.eye(count)
    inverse = np.linalg.inv(gram)
    solved = np.linalg.solve(gram, right[..., None])[..., 0]
    residual = curves - sum(s[None] * u for s, u in zip(solved.T, unit))
    sse = np.einsum("tn,tn->n", residual, residual)
    covariance = np.moveaxis(inverse, 0, -1) / (safe[:, None] * safe[None])
    known = [np.where(determined, values, np.nan) for values in (solved.T / safe, covariance, sse)]
    return Regression(*known)
