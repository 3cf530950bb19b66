"""How far predicted times of an event are from the true ones, as they are reported for yearly predictions."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .outcomes import Outcomes
from .weights import Censoring

YEARS = 12


class AdjacentAccuracy(NamedTuple):
    """Share of patients whose predicted bin is the true one or next to it.

    known : of those with an event, weighted for censoring; known_count : how many. censored : of those censored, the
    share not predicted earlier than a bin before; censored_count : how many.
    """

    known: float
    known_count: int
    censored: float
    censored_count: int


class TimeError(NamedTuple):
    """Mean absolute error of those with an event, and mean of how much too early the censored were predicted."""

    known: float
    known_count: int
    censored: float
    censored_count: int


def adjacent_accuracy(outcomes: Outcomes, predicted, *, bin_width: float, censoring: Censoring) -> AdjacentAccuracy:
    """Accuracy within one bin of `bin_width`, of `YEARS` bins; the last has no end.

    Notes
    -----
    The time-adjacent accuracy that is reported for twelve yearly steps after
    resection of liver metastases (arXiv 2505.03123v1) is not defined there; this
    is its plainest reading. A constant does well at it: tell its value beside.
    """
    predicted_bin, own_bin = (_bins(values, bin_width) for values in (np.asarray(predicted, float), outcomes.times))
    near, events = np.abs(predicted_bin - own_bin) <= 1, outcomes.events
    weights = censoring.weights(outcomes, np.inf) if events.any() else np.zeros(len(events))
    known = float(np.average(near[events], weights=weights[events])) if events.any() else float("nan")
    late = predicted_bin >= own_bin - 1
    censored = float(late[~events].mean()) if (~events).any() else float("nan")
    return AdjacentAccuracy(known, int(events.sum()), censored, int((~events).sum()))


def status_accuracy(outcomes: Outcomes, survival, horizons) -> float:
    """Share of patients and horizons at which the likelier state is the true one, of those whose state is known.

    Parameters
    ----------
    survival : (N, H) array
    """
    times, events = outcomes.times[:, None], outcomes.events[:, None]
    horizons = np.asarray(horizons, dtype=float)[None, :]
    still, gone = times > horizons, events & (times <= horizons)
    right = np.where(still, np.asarray(survival) > 0.5, np.asarray(survival) <= 0.5)
    known = still | gone
    return float(right[known].mean()) if known.any() else float("nan")


def time_error(outcomes: Outcomes, predicted) -> TimeError:
    """Mean |predicted - true| of those with an event; of the censored, how much too early it was predicted."""
    predicted, events = np.asarray(predicted, dtype=float), outcomes.events
    error = predicted - outcomes.times
    known = float(np.abs(error[events]).mean()) if events.any() else float("nan")
    early = float(np.maximum(-error[~events], 0).mean()) if (~events).any() else float("nan")
    return TimeError(known, int(events.sum()), early, int((~events).sum()))


def best_constant(outcomes: Outcomes, *, bin_width: float, censoring: Censoring) -> tuple[float, float]:
    """The one time that, predicted for everybody, has the best adjacent accuracy, and that with the least error."""
    middles = (np.arange(YEARS) + 0.5) * bin_width
    found = [adjacent_accuracy(outcomes, np.full(len(outcomes), m), bin_width=bin_width, censoring=censoring).known
             for m in middles]  # fmt: skip
    median = float(np.median(outcomes.times[outcomes.events])) if outcomes.event_count else float("nan")
    return float(middles[int(np.argmax(found))]) if outcomes.event_count else float("nan"), median


def _bins(times: np.ndarray, width: float) -> np.ndarray:
    return np.minimum(np.floor(times / width), YEARS - 1)
