"""How blood oxygenation answers a brief event: named haemodynamic responses and their derivatives."""

from __future__ import annotations

import numpy as np
from scipy import special

LENGTH_S = 32.0
TIME_STEP_S, DISPERSION_STEP = 0.1, 0.01
RESPONSES = ("spm", "glover")
# Delay of peak and undershoot, their dispersions, and how much undershoot is taken off.
_SHAPES = {"spm": (6.0, 16.0, 1.0, 1.0, 0.167), "glover": (6.0, 12.0, 0.9, 0.9, 0.48)}


def response(times, kind: str = "glover", *, onset: float = 0.0, step: float = 0.0, wider: float = 0.0) -> np.ndarray:
    """(N,) response at times after the event, not scaled.

    Parameters
    ----------
    times : (N,) s
    kind : {"spm", "glover"}
        Difference of two gamma densities (Friston et al., NeuroImage 7:30, 1998; Glover, NeuroImage 9:416, 1999).
    onset : s by which all of it comes later
    step : s between samples; the densities begin one later, as where the response is sampled at the end of each
    wider : added to the dispersion of the peak
    """
    delay, under, peak_width, under_width, ratio = _SHAPES[kind]
    times = np.asarray(times, dtype=float) - onset - step
    peak = _gamma_density(times, delay / (peak_width + wider), peak_width + wider)
    return peak - ratio * _gamma_density(times, under / under_width, under_width)


def sampled_response(step: float, kind: str = "glover") -> np.ndarray:
    """(N,) response every `step` seconds for 32 s, its sum 1."""
    values = response(_grid(step), kind, step=step)
    return values / values.sum()


def time_derivative(step: float, kind: str = "glover") -> np.ndarray:
    """(N,) change of the response when the event comes 0.1 s later, per second."""
    times = _grid(step)
    late, early = (_scaled(response(times, kind, onset=o, step=step)) for o in (TIME_STEP_S, 0.0))
    return (early - late) / TIME_STEP_S


def dispersion_derivative(step: float, kind: str = "glover") -> np.ndarray:
    """(N,) change of the response when its peak is wider by 0.01, per unit."""
    times = _grid(step)
    plain = _scaled(response(times, kind, step=step))
    return (plain - _scaled(response(times, kind, step=step, wider=DISPERSION_STEP))) / DISPERSION_STEP


def _grid(step: float) -> np.ndarray:
    return np.linspace(0, LENGTH_S, int(np.rint(LENGTH_S / step)))


def _scaled(values: np.ndarray) -> np.ndarray:
    return values / values.sum()


def _gamma_density(times: np.ndarray, shape: float, scale: float) -> np.ndarray:
    scaled = np.maximum(times, 0.0) / scale
    logs = special.xlogy(shape - 1, scaled) - scaled - special.gammaln(shape)
    return np.where(times > 0, np.exp(logs) / scale, 0.0)
