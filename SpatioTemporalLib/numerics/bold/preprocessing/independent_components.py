"""Courses over time that are independent of one another."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

MOST_STEPS, CONVERGED = 500, 1e-6
RANK_TOLERANCE = 1e-6
VOXELS_AT_A_TIME = 4096


class TemporalComponents(NamedTuple):
    """courses : (T, n), mean 0, mean square 1, uncorrelated. maps : (n, V); courses @ maps is what they explain.

    rested : whether the search came to rest.
    """

    courses: np.ndarray
    maps: np.ndarray
    rested: bool


def temporal_components(matrix: np.ndarray, count: int, rng: np.random.Generator) -> TemporalComponents:
    """`count` independent courses of series (T, V) with mean 0, those that explain most first.

    Fewer where the series have fewer dimensions. Signs: each course is skewed to
    above.

    Notes
    -----
    Principal courses, turned by FastICA with the hyperbolic tangent, all at once
    (Hyvärinen, IEEE Trans Neural Netw 10:626, 1999); frames are the samples, so
    there have to be many more of them than components.
    """
    frames = len(matrix)
    white = _principal(matrix, count).T * np.sqrt(frames)
    turn, rested = _turned(white, rng)
    courses = (turn @ white).T
    skew = (courses**3).mean(axis=0)
    courses *= np.where(skew < 0, -1.0, 1.0)
    maps = courses.T.astype(np.float32) @ matrix.astype(np.float32, copy=False) / frames
    largest = np.argsort(-(maps.astype(np.float64) ** 2).sum(axis=1), kind="stable")
    return TemporalComponents(courses[:, largest], maps[largest], rested)


def _principal(matrix: np.ndarray, count: int) -> np.ndarray:
    """(T, n) orthonormal principal courses, by the smaller of the two products of the series with themselves."""
    frames, voxels = matrix.shape
    if voxels < frames:
        data = matrix.astype(np.float64)
        values, vectors = np.linalg.eigh(data.T @ data)
    else:
        product = np.zeros((frames, frames))
        for start in range(0, voxels, VOXELS_AT_A_TIME):
            part = matrix[:, start : start + VOXELS_AT_A_TIME].astype(np.float64)
            product += part @ part.T
        values, vectors = np.linalg.eigh(product)
    order = np.argsort(values)[::-1][:count]
    order = order[values[order] > RANK_TOLERANCE**2 * values[order[0]]]
    return data @ vectors[:, order] / np.sqrt(values[order]) if voxels < frames else vectors[:, order]


def _turned(white: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, bool]:
    """(n, n) rotation that makes rows of white data (n, T) independent."""
    count, samples = white.shape
    turn = _orthonormal(rng.normal(size=(count, count)))
    for _ in range(MOST_STEPS):
        answers = np.tanh(turn @ white)
        new = answers @ white.T / samples - (1 - answers**2).mean(axis=1)[:, None] * turn
        new = _orthonormal(new)
        change = np.abs(np.abs((new * turn).sum(axis=1)) - 1).max()
        turn = new
        if change < CONVERGED:
            return turn, True
    return turn, False


def _orthonormal(matrix: np.ndarray) -> np.ndarray:
    left, _, right = np.linalg.svd(matrix)
    return left @ right
