"""The design of a task: what each condition, drift and nuisance predicts of the signal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ...data.events import Events
from ...errors import InputError, counted
from .responses import dispersion_derivative, sampled_response, time_derivative

OVERSAMPLING = 50
# Before the first frame, so that events that began then still show.
EARLIEST_S = -24.0
BASES = ("response", "response and time derivative", "response and both derivatives", "finite impulses")
HIGH_PASS_HZ = 0.01
# Of the largest singular value of a design whose columns have unit norm, below which columns depend on one another.
DEPENDENT = 1e-8


@dataclass(frozen=True, eq=False)
class Design:
    """Columns of a linear model.

    matrix : (T, P). names : P texts. times : (T,) s at which the frames count. tasks : how many columns are of events.
    """

    matrix: np.ndarray
    names: tuple[str, ...]
    times: np.ndarray
    tasks: int


def design_matrix(
    times,
    events: Events,
    *,
    response: str = "glover",
    basis: str = BASES[0],
    high_pass: float = HIGH_PASS_HZ,
    impulses: int = 10,
    nuisance: Mapping[str, np.ndarray] | None = None,
) -> Design:
    """Columns of each condition, of nuisance, of drift, and a constant last.

    Parameters
    ----------
    times : (T,) s
        When the frames were acquired, or the slice they are corrected to.
    basis : one of `BASES`
        Derivatives follow the response of their condition, made orthogonal to it and to one another; finite impulses
        are one column for each frame after onset.
    high_pass : Hz
        Cosines up to it take out slower drift; 0 takes out none.
    impulses : frames after an onset, of finite impulses
    nuisance : by name, (T,) each

    Raises
    ------
    InputError
        ``E-DESIGN`` for a condition of which no event falls into the series.
    """
    times = np.asarray(times, dtype=float)
    columns: dict[str, np.ndarray] = {}
    for condition in events.names:
        columns |= _of_condition(times, events.of(condition), condition, response, basis, impulses)
    tasks = len(columns)
    columns |= {name: np.asarray(values, dtype=float) for name, values in (nuisance or {}).items()}
    drift = cosine_drift(times, high_pass)
    columns |= {f"drift {n + 1}": drift[:, n] for n in range(drift.shape[1])}
    columns["constant"] = np.ones(len(times))
    return Design(np.stack(list(columns.values()), axis=1), tuple(columns), times, tasks)


def regressor(times, events: Events, kernel: np.ndarray | None, step: float) -> np.ndarray:
    """(T,) what events predict at times: a train of boxes convolved with a kernel that is sampled every `step`.

    An event shorter than a step lasts one.
    """
    times = np.asarray(times, dtype=float)
    first = times[0] + EARLIEST_S
    fine = np.arange(first, times[-1] + step * OVERSAMPLING, step)
    train = np.zeros(len(fine) + 1)
    starts = np.clip(np.searchsorted(fine, events.onsets - 1e-9), 0, len(fine))
    ends = np.clip(np.searchsorted(fine, events.onsets + events.durations - 1e-9), 0, len(fine))
    ends = np.maximum(ends, np.minimum(starts + 1, len(fine)))
    inside = events.onsets + events.durations >= fine[0]
    np.add.at(train, starts[inside], events.amplitudes[inside])
    np.add.at(train, ends[inside], -events.amplitudes[inside])
    boxes = train.cumsum()[:-1]
    answered = boxes if kernel is None else np.convolve(boxes, kernel)[: len(fine)]
    return np.interp(times, fine, answered)


def cosine_drift(times, high_pass: float) -> np.ndarray:
    """(T, D) cosines, of unit norm, that turn up to twice as often as `high_pass` asks; none of them constant.

    Discrete cosine transform; Frackowiak et al., Human brain function (2004), chapter 8.
    """
    times = np.asarray(times, dtype=float)
    count, step = len(times), (times[-1] - times[0]) / max(len(times) - 1, 1)
    order = min(count - 1, int(np.floor(2 * count * high_pass * step)))
    points = np.arange(count)
    columns = [np.sqrt(2.0 / count) * np.cos(np.pi / count * (points + 0.5) * k) for k in range(1, order + 1)]
    return np.stack(columns, axis=1) if columns else np.zeros((count, 0))


def dependent_columns(design: Design) -> tuple[str, ...]:
    """Names of columns whose coefficients cannot be told apart, since they follow from one another."""
    norms = np.linalg.norm(design.matrix, axis=0)
    unit = design.matrix / np.where(norms > 0, norms, 1.0)
    _, singular, directions = np.linalg.svd(unit, full_matrices=False)
    lost = directions[singular <= DEPENDENT * singular[0]]
    involved = (np.abs(lost) > 1e-4).any(axis=0) | (norms == 0)
    return tuple(name for name, is_involved in zip(design.names, involved) if is_involved)


def _of_condition(times, events: Events, name: str, response: str, basis: str, impulses: int) -> dict[str, np.ndarray]:
    interval = (times[-1] - times[0]) / max(len(times) - 1, 1)
    step = interval / OVERSAMPLING
    if basis == BASES[3]:
        return _finite_impulses(times, events, name, interval, impulses)
    kernels = {name: sampled_response(step, response)}
    if basis in BASES[1:3]:
        kernels[f"{name} derivative"] = time_derivative(step, response)
    if basis == BASES[2]:
        kernels[f"{name} dispersion"] = dispersion_derivative(step, response)
    columns = _apart({own: regressor(times, events, kernel, step) for own, kernel in kernels.items()})
    if not np.any(columns[name]):
        raise InputError(
            "E-DESIGN",
            f"none of the {counted(len(events.onsets), 'event')} of {name} falls into the series "
            f"({times[0]:g} to {times[-1]:g} s)",
            fix="Check whether onsets are seconds from the first frame of this run; leave the condition out otherwise.",
        )
    return columns


def _apart(columns: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Each column without what those before it hold: what response and derivative share counts for the response."""
    found: dict[str, np.ndarray] = {}
    for name, column in columns.items():
        if found and np.any(column):
            before = np.stack(list(found.values()), axis=1)
            column = column - before @ (np.linalg.pinv(before) @ column)
        found[name] = column
    return found


def _finite_impulses(times, events: Events, name: str, interval: float, impulses: int) -> dict[str, np.ndarray]:
    """One column for each frame after onset, whatever the form of the response (Dale, Hum Brain Mapp 8:109, 1999)."""
    columns = {}
    for delay in range(impulses):
        at = np.zeros(len(times))
        rows = np.rint((events.onsets + delay * interval - times[0]) / interval).astype(int)
        inside = (rows >= 0) & (rows < len(times))
        np.add.at(at, rows[inside], events.amplitudes[inside])
        columns[f"{name} +{delay * interval:g} s"] = at
    return columns


def condition_columns(design: Design, conditions: Sequence[str]) -> dict[str, list[int]]:
    """Columns of each condition's own response, or of all its impulses."""
    found = {}
    for condition in conditions:
        own = [n for n, name in enumerate(design.names[: design.tasks]) if name == condition]
        found[condition] = own or [
            n for n, name in enumerate(design.names[: design.tasks]) if name.startswith(f"{condition} +")
        ]
    return found
