"""Curves that simulations are made of; written here, so that a picture does not check a method with itself."""

from __future__ import annotations

import numpy as np

import SpatioTemporalLib as st

PATCH = 6  # voxels along each side of a patch


def arterial_bolus(times: np.ndarray, arrival: float = 20.0, height: float = 6.0) -> np.ndarray:
    """(T,) mmol/L in plasma: a first pass of some seconds on a slowly falling plateau."""
    since = np.clip(times - arrival, 0, None)
    first_pass = (since / 6) ** 2 * np.exp(2 - since / 3)
    plateau = 0.18 * (1 - np.exp(-since / 8)) * np.exp(-since / 900)
    return height * (first_pass + plateau)


def tracer_input(times: np.ndarray) -> np.ndarray:
    """(T,) kBq/mL in plasma after an injection of half a minute."""
    minutes = np.clip(times - 15, 0, None) / 60
    return (
        (850 * minutes - 22 - 21) * np.exp(-4.1 * minutes)
        + 22 * np.exp(-0.12 * minutes)
        + 21 * np.exp(-0.0104 * minutes) * (minutes > 0)
    )


def convolved(times: np.ndarray, curve: np.ndarray, rate: np.ndarray) -> np.ndarray:
    """(..., T) integral of the curve, forgotten with each of the rates in 1/s; times are evenly spaced."""
    step = times[1] - times[0]
    kernel = np.exp(-np.asarray(rate)[..., None] * times)
    length = 2 * len(times)
    product = np.fft.rfft(kernel, length) * np.fft.rfft(curve, length)
    return step * np.fft.irfft(product, length)[..., : len(times)]


def patches(rows: np.ndarray, columns: np.ndarray, side: int = PATCH) -> tuple[np.ndarray, np.ndarray]:
    """Two (K, J, I) maps of one slice: the first value changes with the row of patches, the second with the column."""
    down, across = np.meshgrid(rows, columns, indexing="ij")
    square = np.ones((1, side, side))
    return np.kron(down[None], square), np.kron(across[None], square)


def noisy_series(curves: np.ndarray, times: np.ndarray, unit: str, noise: float, **facts) -> st.Series:
    """A series of (K, J, I, T) curves with Gaussian noise; the seed is always the same."""
    values = np.moveaxis(curves, -1, 0)
    values = values + np.random.default_rng(0).normal(0, noise, values.shape)
    geometry = st.Geometry.from_spacing(values.shape[1:], (2.0, 2.0, 5.0))
    return st.Series(values.astype(np.float32), times, geometry, unit, "simulated", time_source="simulated", **facts)


def everywhere(series: st.Series, name: str = "tissue") -> st.LabelMap:
    """A region of all voxels."""
    return st.LabelMap(np.ones(series.geometry.shape, np.uint8), series.geometry, {1: st.Label(name)}, name)


def first_row(series: st.Series, name: str) -> st.LabelMap:
    """A region of the topmost row of patches."""
    there = np.zeros(series.geometry.shape, np.uint8)
    there[:, :PATCH] = 1
    return st.LabelMap(there, series.geometry, {1: st.Label(name)}, name)
