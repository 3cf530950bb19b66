"""Free-response curve: how many lesions are found at how many false alarms a case."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .patient_bootstrap import RESAMPLES, MeanInterval, weights_of_patients

RATES = (1 / 8, 1 / 4, 1 / 2, 1, 2, 4, 8)
BLOCK = 2**21


@dataclass(frozen=True, eq=False)
class Candidates:
    """What was found in many cases, and what was to be found.

    scores : (C,) of the candidates. hits : (C,) bool, whether it is a lesion. owners : (C,) number of the patient of
    each. lesions, cases : (P,) of each patient.
    """

    scores: np.ndarray
    hits: np.ndarray
    owners: np.ndarray
    lesions: np.ndarray
    cases: np.ndarray


def free_response(found: Candidates) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(M,) false alarms a case, sensitivity, and score from which on candidates count; from none of them to all."""
    order = np.argsort(-found.scores, kind="stable")
    last = _last_of_equals(found.scores[order])
    alarms, hits = (np.cumsum(kind[order])[last] for kind in (~found.hits, found.hits))
    rate, sensitivity = (np.concatenate([[0.0], x]) for x in (alarms / found.cases.sum(), hits / found.lesions.sum()))
    return rate, sensitivity, np.concatenate([[np.inf], found.scores[order][last]])


def mean_sensitivity(
    found: Candidates, *, confidence: float = 0.95, resamples: int = RESAMPLES, seed: int = 0
) -> MeanInterval:
    """Mean sensitivity at 1/8, 1/4, 1/2, 1, 2, 4 and 8 false alarms a case, with patients drawn together.

    Notes
    -----
    Setio et al., Med Image Anal 42:1 (2017), arXiv 1612.08012. At each rate the
    largest sensitivity that is reached without more alarms.
    """
    order = np.argsort(-found.scores, kind="stable")
    last = _last_of_equals(found.scores[order])
    owners, hits = found.owners[order], found.hits[order]
    count, rng, drawn = len(found.cases), np.random.default_rng(seed), []
    value = float(_scores(np.ones((1, count)), found, owners, hits, last)[0])
    step = max(1, BLOCK // max(len(hits), count, 1))
    for begin in range(0, resamples if count > 1 else 0, step):
        weights = weights_of_patients(count, min(step, resamples - begin), rng)
        drawn.append(_scores(weights, found, owners, hits, last))
    drawn = np.concatenate(drawn) if drawn else np.array([np.nan])
    drawn = drawn[np.isfinite(drawn)]
    if not drawn.size:
        return MeanInterval(value, float("nan"), float("nan"))
    low, high = np.quantile(drawn, [(1 - confidence) / 2, (1 + confidence) / 2])
    return MeanInterval(value, min(float(low), value), max(float(high), value))


def _scores(weights: np.ndarray, found: Candidates, owners: np.ndarray, hits: np.ndarray, last: np.ndarray):
    """(R,) mean sensitivities when each patient counts that often; NaN without a lesion."""
    each = weights[:, owners]
    alarms, hit = (np.cumsum(each * kind, axis=1)[:, last] for kind in (~hits, hits))
    lesions = weights @ found.lesions
    with np.errstate(divide="ignore", invalid="ignore"):
        rate, sensitivity = alarms / (weights @ found.cases)[:, None], hit / lesions[:, None]
    reached = [np.where(rate <= limit, sensitivity, 0.0).max(axis=1, initial=0.0) for limit in RATES]
    return np.where(lesions > 0, np.mean(reached, axis=0), np.nan)


def _last_of_equals(scores: np.ndarray) -> np.ndarray:
    """Places after which the score falls: candidates of one score count together."""
    return np.flatnonzero(np.append(np.diff(scores) != 0, True)) if len(scores) else np.empty(0, int)
