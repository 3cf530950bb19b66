"""Bounded least squares with one non-linear parameter, for very many curves at once.

The model of each curve is ``a1 f(theta) + a2 c``; see `bracketed_search`.
They are solved in few coordinates first, which leaves next to none of them to
the search in brackets; both reach the same optimum.
"""

from __future__ import annotations

import numpy as np

from ...arrays import namespace
from .bracketed_search import solve_in_brackets
from .compressed_search import solve_compressed
from .curve_family import CurveFamily
from .solution import Solution, put

__all__ = ["Solution", "solve"]


def solve(measured: np.ndarray, family: CurveFamily) -> Solution:
    """Fit ``a1 f(theta) + a2 c`` to each of many curves.

    Parameters
    ----------
    measured : (T, n) array or torch tensor
        Finite. The work is done where it lies, in float64.
    family : CurveFamily

    Returns
    -------
    Solution
        Coefficients in the units of the family's curves before normalisation.
    """
    if family.compressed is None:
        return solve_in_brackets(measured, family)
    xp = namespace(measured)
    measured = xp.asarray(measured, dtype=xp.float64)
    solution, rest = solve_compressed(measured, family.beside(measured), family.compressed.beside(measured))
    if len(rest):
        put(solution, rest, solve_in_brackets(measured[:, rest], family))
    return solution
