"""Standard errors of what is computed from fitted parameters."""

from __future__ import annotations

import numpy as np


def propagated_error(gradient: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """(n,) standard errors of functions of parameters, by the delta method.

    gradient : (P, n) derivatives, or relative ones for relative errors. covariance : (P, P, n)
    """
    with np.errstate(invalid="ignore"):
        return np.sqrt(np.maximum(np.einsum("in,ijn,jn->n", gradient, covariance, gradient), 0.0))
