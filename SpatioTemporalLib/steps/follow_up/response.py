"""Response of a patient by the diameters of target lesions."""

from __future__ import annotations

import numpy as np

from ...data.curve import Table
from .tracked_lesions import ABSORBED, NEW, PART, Lesion

MOST_TARGETS, SMALLEST_MM = 5, 10.0
LESS, MORE, MORE_MM = 0.30, 0.20, 5.0
COMPLETE, PARTIAL, STABLE, PROGRESSIVE, BASELINE, NONE = "CR", "PR", "SD", "PD", "baseline", "no target"


def response_table(lesions: list[Lesion], days: np.ndarray) -> Table:
    """A row a visit: lesions, their volume, the sum of diameters of the targets, new ones, and the response.

    Notes
    -----
    After RECIST 1.1 (Eisenhauer et al., Eur J Cancer 45:228, 2009): the five largest lesions of the first visit with a
    longest diameter of 10 mm or more are targets; parts that split off one are added to it, and one that merged into
    another is measured with it. CR: no lesion of those before is left. PD: the sum is 20 % and 5 mm above the smallest
    so far, a lesion is new, or one is there again after all had vanished. PR: it is 30 % below that of the first visit.
    SD: neither. Lymph nodes, which RECIST measures otherwise, and lesions that cannot be measured are not told apart.
    """
    targets = sorted((x for x in lesions if x.diameter(0) >= SMALLEST_MM), key=lambda x: -x.diameter(0))[:MOST_TARGETS]
    sums = [sum(lesion.diameter(n) for lesion in _measured(targets, lesions, n)) for n in range(len(days))]
    words = [_response(n, sums, lesions, bool(targets)) for n in range(len(days))]
    counts = [[lesion for lesion in lesions if n in lesion.seen] for n in range(len(days))]
    columns = {
        "day": days.tolist(),
        "lesions": [len(own) for own in counts],
        "new": [sum(NEW in lesion.states.get(n, "") for lesion in lesions) for n in range(len(days))],
        "volume": [sum(lesion.volume(n) for lesion in own) for n, own in enumerate(counts)],
        "targets": [len(targets)] * len(days),
        "sum of diameters": sums,
        "change from the first": [_percent(sums[0], value) for value in sums],
        "change from the smallest": [_percent(min(sums[: n + 1]), value) for n, value in enumerate(sums)],
        "response": words,
    }
    percent = dict.fromkeys(("change from the first", "change from the smallest"), "%")
    return Table(columns, {"day": "d", "volume": "mL", "sum of diameters": "mm"} | percent, "response")


def _response(n: int, sums: list[float], lesions: list[Lesion], any_target: bool) -> str:
    if n == 0:
        return BASELINE
    if any(NEW in lesion.states.get(n, "") for lesion in lesions):
        return PROGRESSIVE
    there = [any(visit in lesion.seen for lesion in lesions) for visit in range(n + 1)]
    if not any(there):
        return NONE
    if not there[n]:
        return COMPLETE
    if there.index(True) < n and not all(there[there.index(True) : n]):
        return PROGRESSIVE
    if not any_target:
        return NONE
    least = min(sums[:n])
    if sums[n] >= (1 + MORE) * least and sums[n] - least >= MORE_MM:
        return PROGRESSIVE
    return PARTIAL if sums[n] <= (1 - LESS) * sums[0] else STABLE


def _measured(targets: list[Lesion], lesions: list[Lesion], n: int) -> list[Lesion]:
    """Targets at a visit, with what split off them and what they merged into."""
    found = {lesion.number for lesion in targets}
    for lesion in lesions:
        # In the order of their numbers: a part of a part comes after it.
        first = lesion.states.get(min(lesion.states, default=0), "")
        if first.startswith(PART) and int(first.split()[-1]) in found:
            found.add(lesion.number)
    for visit in range(n + 1):
        gone = [lesion.states.get(visit, "") for lesion in lesions if lesion.number in found]
        found |= {int(word.split()[-1]) for word in gone if word.startswith(ABSORBED)}
    return [lesion for lesion in lesions if lesion.number in found]


def _percent(before: float, after: float) -> float:
    return 100 * (after / before - 1) if before else float("nan")
