"""Courses over time of a simulated functional run: tasks, networks, irregular ones, breathing, heartbeat, drift."""

from __future__ import annotations

import numpy as np
from scipy import signal

from ...data.events import Events
from ...numerics.bold.design import regressor
from ...numerics.bold.responses import sampled_response

STEP_S = 0.1
BAND_HZ = (0.01, 0.1)
BREATHS_HZ, BEATS_HZ = 0.27, 1.13


def fine_times(length: float) -> np.ndarray:
    """(N,) s, every 0.1 s, some of them before the first frame and after the last."""
    return np.arange(-20.0, length + 20.0, STEP_S)


def answer_to(times: np.ndarray, events: Events, condition: str) -> np.ndarray:
    """(N,) answer to a condition; a long event leads to 1."""
    return regressor(times, events.of(condition), sampled_response(STEP_S, "spm"), STEP_S)


def fluctuation(times: np.ndarray, rng: np.random.Generator, band=BAND_HZ) -> np.ndarray:
    """(N,) noise of a band in Hz, standard deviation 1."""
    frequency = np.fft.rfftfreq(len(times), STEP_S)
    inside = (frequency >= band[0]) & (frequency <= band[1])
    spectrum = inside * (rng.normal(size=len(frequency)) + 1j * rng.normal(size=len(frequency)))
    course = np.fft.irfft(spectrum, len(times))
    return course / course.std()


def irregular(times: np.ndarray, interval: float, rng: np.random.Generator) -> np.ndarray:
    """(N,) a course that each frame cannot be told from the one before, standard deviation 1."""
    frame = np.floor((times - times[0]) / interval + 1e-6).astype(int)
    return rng.normal(size=frame[-1] + 1)[frame]


def regular(times: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(N,) a slow wave, standard deviation 1."""
    return np.sqrt(2.0) * np.sin(2 * np.pi * 0.04 * times + rng.uniform(0, 2 * np.pi))


def breathing(times: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(N,) waves of breathing, each somewhat longer or shorter than the last."""
    return np.sin(_wandering_phase(times, BREATHS_HZ, 0.15, rng))


def heartbeat(times: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return np.sin(_wandering_phase(times, BEATS_HZ, 0.08, rng))


def _wandering_phase(times: np.ndarray, frequency: float, spread: float, rng: np.random.Generator) -> np.ndarray:
    slow = signal.lfilter([0.02], [1, -0.98], rng.normal(size=len(times)))
    rate = frequency * (1.0 + spread * slow / slow.std())
    return 2 * np.pi * np.cumsum(rate) * STEP_S


def head_motion(frames: int, shift_mm: float, turn_rad: float, jumps: int, rng: np.random.Generator) -> np.ndarray:
    """(frames, 6) mm and rad: slow wandering and sudden jumps; zero in the middle frame.

    shift_mm, turn_rad : standard deviation of each parameter. jumps : sudden moves, a third of these, that stay
    """
    steps = rng.normal(size=(frames, 6))
    smooth = signal.lfilter([1.0], [1, -0.995], signal.lfilter([1.0], [1, -0.8], steps, axis=0), axis=0)
    smooth /= np.maximum(smooth.std(axis=0), 1e-12)
    for frame in rng.choice(np.arange(frames // 8, frames), size=min(jumps, frames // 2), replace=False):
        smooth[frame:] += rng.normal(0, 0.33, 6)
    smooth -= smooth[frames // 2]
    return smooth * np.array([shift_mm] * 3 + [turn_rad] * 3)
