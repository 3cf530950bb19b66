"""Transition probabilities of a continuous-time Markov chain over any span, and the moves expected within it."""

from __future__ import annotations

import numpy as np

# Taylor's series of a matrix whose norm is below a half: 0.5^15 / 15! is far below rounding.
ORDER = 14
LARGEST = 0.5


def matrix_exponentials(matrices: np.ndarray) -> np.ndarray:
    """(..., n, n) exponentials by scaling and squaring, all at once.

    What is zero below the diagonal of all stays zero exactly: only products and sums are taken.
    """
    norm = np.abs(matrices).sum(axis=-1).max(initial=0.0)
    halvings = max(0, int(np.ceil(np.log2(max(norm, 1e-300) / LARGEST))))
    scaled = matrices / 2.0**halvings
    unit = np.broadcast_to(np.eye(matrices.shape[-1]), matrices.shape)
    total = unit + scaled / ORDER
    for order in range(ORDER - 1, 0, -1):
        total = unit + scaled @ total / order
    for _ in range(halvings):
        total = total @ total
    return total


def transition_matrices(generator: np.ndarray, spans: np.ndarray) -> np.ndarray:
    """(G, S, S) probabilities of being in a state (column) a span of years after another (row).

    generator : (S, S) rates in 1/year, rows add up to zero; spans : (G,) years, from zero on.
    """
    return matrix_exponentials(generator * spans[:, None, None])


def expected_moves(generator: np.ndarray, spans: np.ndarray, ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Expected number of moves and years spent, given what is known at both ends of many spans.

    Parameters
    ----------
    generator : (S, S) 1/year
    spans : (G,) years
    ends : (G, S, S)
        Summed over all spans of that length: the joint probability of the states at both ends given everything that
        was measured, over the transition probability between them.

    Returns
    -------
    moves : (S, S)      From row to column; zero on the diagonal and wherever the generator is.
    years : (S,)

    Notes
    -----
    Hobolth & Jensen, J Appl Probab 48:911 (2011): the integral of P(u)' E P(s - u)' over a span s is a corner of the
    exponential of a block matrix (Van Loan, IEEE Trans Automat Contr 23:395, 1978). It is exact: no path is drawn, and
    no end state is taken for granted.
    """
    size = len(generator)
    blocks = np.zeros((len(spans), 2 * size, 2 * size))
    turned = generator.T * spans[:, None, None]
    blocks[:, :size, :size], blocks[:, size:, size:] = turned, turned
    blocks[:, :size, size:] = ends * spans[:, None, None]
    integral = matrix_exponentials(blocks)[:, :size, size:].sum(axis=0)
    moves = generator * integral
    return moves - np.diag(np.diag(moves)), np.diag(integral).copy()
