"""Which lesion of one visit is which of the one before."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linear_sum_assignment

GATE_MM = 20.0
FAR = 1e6


def matched(before: np.ndarray, after: np.ndarray, gate: float = GATE_MM) -> np.ndarray:
    """(M,) row of `before` that each of `after` is, -1 where it is new.

    Parameters
    ----------
    before, after : (N, 3) and (M, 3) centres in mm, in one coordinate system
    gate : mm
        Lesions farther apart are never the same.

    Notes
    -----
    Of all pairings that within the gate leave the fewest alone, the one of the least sum of distances (Kuhn, Naval
    Res Logist Q 2:83, 1955).
    """
    found = np.full(len(after), -1)
    if not len(before) or not len(after):
        return found
    distance = np.linalg.norm(before[:, None] - after[None], axis=-1)
    rows, columns = linear_sum_assignment(np.where(distance <= gate, distance, FAR))
    near = distance[rows, columns] <= gate
    found[columns[near]] = rows[near]
    return found


def tracks(centres: list[np.ndarray], gate: float = GATE_MM) -> list[np.ndarray]:
    """Of each visit, (M,) the number of the lesion that each is; numbers go on over the visits.

    A lesion that was not seen at a visit in between is looked for where it was seen last.
    """
    numbers: list[np.ndarray] = []
    last_place: dict[int, np.ndarray] = {}
    for own in centres:
        known = sorted(last_place)
        before = np.array([last_place[n] for n in known]).reshape(-1, 3)
        same = matched(before, own, gate)
        own_numbers = np.empty(len(own), dtype=int)
        fresh = (max(known) if known else 0) + 1
        for m, row in enumerate(same):
            own_numbers[m] = known[row] if row >= 0 else fresh
            fresh += row < 0
            last_place[int(own_numbers[m])] = own[m]
        numbers.append(own_numbers)
    return numbers
