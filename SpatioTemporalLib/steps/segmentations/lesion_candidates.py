"""Candidates for lesions in a map of scores, and which of them are lesions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from ...numerics.spatial.lesion_match import matched_parts
from ...numerics.statistics.free_response import Candidates


@dataclass(frozen=True, eq=False)
class CaseCandidates:
    """scores : (C,) the highest of each candidate; hits : (C,) bool; lesions : how many there are."""

    scores: np.ndarray
    hits: np.ndarray
    lesions: int


def candidates_of(scores: np.ndarray, wanted: np.ndarray, floor: float, least: float) -> CaseCandidates:
    """The connected parts (26 neighbours) of a map at and above a floor, each with its highest score.

    least : intersection over union above which a candidate is a lesion; each is one lesion at most
    """
    parts = matched_parts(np.nan_to_num(scores, nan=-np.inf) >= floor, wanted, least)
    count = len(parts.sizes[0])
    highest = np.asarray(ndimage.maximum(scores, parts.first, np.arange(1, count + 1))) if count else np.empty(0)
    hits = np.zeros(count, bool)
    hits[parts.pairs[:, 0] - 1] = True
    return CaseCandidates(highest.astype(float), hits, len(parts.sizes[1]))


def joined(cases: dict[int, CaseCandidates], patients: np.ndarray) -> Candidates:
    """The candidates of many cases, by row number, with whose they are."""
    rows = sorted(cases)
    names, owner = np.unique(patients[rows], return_inverse=True)
    sizes = [len(cases[row].scores) for row in rows]
    return Candidates(
        np.concatenate([cases[row].scores for row in rows]),
        np.concatenate([cases[row].hits for row in rows]),
        np.repeat(owner, sizes),
        np.bincount(owner, weights=[cases[row].lesions for row in rows], minlength=len(names)),
        np.bincount(owner, minlength=len(names)).astype(float),
    )
