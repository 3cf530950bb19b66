"""Lesions that were drawn at several visits: which is which, and what became of each."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy import ndimage

from ...data.follow_up import FollowUp, Visit
from ...errors import Finding, Severity, counted
from ...numerics.statistics.growth import lesion_volume, longest_axis
from ..structures.drawn import EVERY_WAY, FEWEST_VOXELS, Drawn, cut
from ..structures.matching import matched
from ..structures.measured import share_inside
from ..structures.roles import ORGANS, role_of

FIRST, NEW, RETURNED, MERGED, PART = "first seen", "new", "returned", "merged", "split off"
ENLARGING, SHRINKING, STABLE, VANISHED, ABSORBED = "enlarging", "shrinking", "stable", "vanished", "merged into"
# Of the smaller of two lesions, that lies in the other when they are the same or were parts of it.
SHARED = 0.1


@dataclass(eq=False)
class Lesion:
    """One lesion over the visits.

    number : from 1 on. seen : by visit, its region there. states : by visit, what became of it.
    """

    number: int
    seen: dict[int, Drawn] = field(default_factory=dict)
    states: dict[int, str] = field(default_factory=dict)

    def volume(self, visit: int) -> float:
        """mL, 0 where it was not seen."""
        return lesion_volume(self.seen[visit].mask, self.seen[visit].geometry) if visit in self.seen else 0.0

    def diameter(self, visit: int) -> float:
        """Longest in a slice, mm; 0 where it was not seen."""
        return longest_axis(self.seen[visit].mask, self.seen[visit].geometry).length if visit in self.seen else 0.0


def drawn_lesions(visit: Visit, masks: tuple[str, ...]) -> list[Drawn]:
    """Connected parts of the masks of a visit, the largest first; segments named after organs are none.

    masks : that count, all when empty.
    """
    found: list[tuple[int, Drawn]] = []
    for name, labels in visit.masks.items():
        for value, label in labels.labels.items():
            if masks and not {name, label.name} & set(masks):
                continue
            if not masks and {role_of(name), role_of(label.name)} & set(ORGANS):
                continue
            numbered, count = ndimage.label(labels.region(value), EVERY_WAY)
            sizes = np.bincount(numbered.ravel(), minlength=count + 1)
            found += [
                (int(sizes[n]), cut(label.name, "tumour", numbered == n, labels.geometry))
                for n in range(1, count + 1)
                if sizes[n] >= FEWEST_VOXELS
            ]
    return [lesion for _, lesion in sorted(found, key=lambda pair: -pair[0])]


def left_out(visits: FollowUp, masks: tuple[str, ...]) -> list[Finding]:
    """What is drawn at a visit and counts as no lesion, though it may be meant as one."""
    found = []
    for visit in visits.visits:
        where = f"day {visit.days:g}"
        regions = [
            (label.name, labels.region(value))
            for name, labels in visit.masks.items()
            for value, label in labels.labels.items()
            if not masks or {name, label.name} & set(masks)
        ]
        others = [label.name for labels in visit.masks.values() for label in labels.labels.values()]
        if masks and others and not regions:
            names, drawn = " or ".join(masks), ", ".join(others)
            text = f"no segment there is called {names}, and it counts as free of lesions; it has {drawn}"
            found.append(Finding("W-MASK-NAME", Severity.WARN, text, where))
        for name, region in regions:
            numbered, count = ndimage.label(region, EVERY_WAY)
            sizes = np.bincount(numbered.ravel(), minlength=count + 1)[1:]
            if small := int((sizes < FEWEST_VOXELS).sum()):
                text = f"{counted(small, 'part')} of fewer than {FEWEST_VOXELS} voxels left out of {name}"
                found.append(Finding("W-STRAY", Severity.REPAIR, text, where))
    return found


def tracked(visits: FollowUp, masks: tuple[str, ...], gate: float, change: float) -> list[Lesion]:
    """The lesions of all visits with what became of them from visit to visit.

    Parameters
    ----------
    masks : names of those that hold lesions, all when empty
    gate : mm, within which the centres of two lesions that do not overlap may lie when they are the same
    change : part of the volume at the visit before, by which a lesion enlarges or shrinks

    Notes
    -----
    Lesions that overlap are the same. One that overlaps several before it has merged from them and keeps the number of
    the largest; of several that overlap one before them the largest keeps its number. What is left is paired by the
    least sum of distances between centres within the gate (Kuhn 1955), with the visit before, then with what was lost
    earlier.
    """
    lesions: list[Lesion] = []
    for n, visit in enumerate(visits.visits):
        drawn = drawn_lesions(visit, masks)
        before = [lesion for lesion in lesions if n - 1 in lesion.seen]
        owners, absorbed = _owners(before, drawn, n)
        _pair_by_centre(owners, [lesion for lesion in before if lesion not in absorbed], drawn, "", gate)
        lost = [x for x in lesions if x not in before and ABSORBED not in x.states.get(max(x.states), "")]
        _pair_by_centre(owners, lost, drawn, RETURNED, gate)
        _take(lesions, owners, drawn, n, change)
        for lesion in before:
            if n not in lesion.states:
                lesion.states[n] = f"{ABSORBED} {absorbed[lesion].number}" if lesion in absorbed else VANISHED
    return lesions


def _owners(before: list[Lesion], drawn: list[Drawn], n: int) -> tuple[dict[int, tuple], dict]:
    """Who is whom by overlap, and the lesions that have gone into another."""
    overlap = np.array([[_shared(lesion.seen[n - 1], own) for own in drawn] for lesion in before])
    overlap = overlap.reshape(len(before), len(drawn))
    linked = overlap >= SHARED
    size = np.array([lesion.volume(n - 1) for lesion in before])
    owners: dict[int, tuple] = {}
    absorbed: dict = {}
    for m in range(len(drawn)):
        parents = [before[p] for p in sorted(np.flatnonzero(linked[:, m]), key=lambda p: -size[p])]
        if not parents:
            continue
        # Rows are sorted by size: the first part of a lesion that was split is the largest. One that is still without
        # a successor comes first, so that none is lost where lesions merge and split at once.
        owner = next((lesion for lesion in parents if all(lesion is not o for o, _ in owners.values())), None)
        owners[m] = (owner, "") if owner else (None, f"{PART} {parents[0].number}")
    kept = {id(owner) for owner, _ in owners.values()}
    for p in np.flatnonzero(linked.any(axis=1)):
        if id(before[p]) not in kept:
            # Where it lies in most, of those that keep a number.
            into = max((m for m in owners if linked[p, m] and owners[m][0]), key=lambda m: overlap[p, m])
            absorbed[before[p]] = owners[into][0]
            owners[into] = (owners[into][0], MERGED)
    return owners, absorbed


def _pair_by_centre(owners: dict, lesions: list[Lesion], drawn: list[Drawn], word: str, gate: float) -> None:
    """Pair what is nobody's yet with lesions that are nobody yet, where they were seen last; word : for such pairs."""
    taken = {id(owner) for owner, _ in owners.values()}
    free = [lesion for lesion in lesions if id(lesion) not in taken]
    rows = [m for m in range(len(drawn)) if m not in owners]
    places = [lesion.seen[max(lesion.seen)].centre for lesion in free]
    same = matched(np.array(places).reshape(-1, 3), np.array([drawn[m].centre for m in rows]).reshape(-1, 3), gate)
    for m, row in zip(rows, same):
        if row >= 0:
            owners[m] = (free[row], word)


def _take(lesions: list[Lesion], owners: dict, drawn: list[Drawn], n: int, change: float) -> None:
    for m, own in enumerate(drawn):
        owner, word = owners.get(m, (None, ""))
        if owner is None:
            owner = Lesion(len(lesions) + 1)
            lesions.append(owner)
            word = word or (NEW if n else FIRST)
        owner.seen[n] = own
        owner.states[n] = word or _grown(owner.volume(n - 1), owner.volume(n), change)


def _grown(before: float, after: float, change: float) -> str:
    if after >= before * (1 + change):
        return ENLARGING
    return SHRINKING if after <= before * (1 - change) else STABLE


def _shared(first: Drawn, second: Drawn) -> float:
    """Of the smaller lesion, the share that lies in the other."""
    smaller, larger = sorted((first, second), key=lambda drawn: lesion_volume(drawn.mask, drawn.geometry))
    return share_inside(smaller, larger)
