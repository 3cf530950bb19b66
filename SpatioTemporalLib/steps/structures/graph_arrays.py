"""The graph of a patient as arrays: what networks on graphs are given."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...data.curve import Table
from ...errors import InputError
from .roles import HEPATIC, ORGANS, PORTAL, TUMOUR
from .structure_graph import DAYS_PER_MONTH, DECAY_MM, VESSEL_DECAY_MM, neighbours
from .structure_table import CONTACTS, DAYS, DISTANCES, INSIDE, LESION, PLACE, STRUCTURE

MOST_LESIONS = 32
LITTLE_ML = 1e-3
LESION_FEATURES = (
    *("ln volume", "ln longest diameter", "sphericity"),
    *("mean", "standard deviation", "p10", "p90", "skewness", "entropy", "necrotic share"),
    *(f"place {axis}" for axis in PLACE),
    *(f"closeness to {organ}" for organ in DISTANCES),
    *(f"distance to {organ}" for organ in DISTANCES),
    *(INSIDE, "growth since the last visit", "growth since the first visit"),
)
ORGAN_FEATURES = ("ln volume", "mean", "standard deviation", "surface to volume")
SCAN_FEATURES = ("months", "ln lesions", "ln volume of lesions", "growth of all lesions")
GROWTH = tuple(name for name in (*LESION_FEATURES, *SCAN_FEATURES) if "growth" in name)
"""What is known of change; left out where relations over time are."""


@dataclass(frozen=True, eq=False)
class GraphArrays:
    """Lesions, organs and scans of one patient; NaN where a value is not known.

    days : (T,). lesions : (T, L, F), of a lesion in the same place at every visit. seen : (T, L) bool. names : (L,)
    numbers of the lesions. organs : (T, O, G), drawn : (T, O) bool, in the order of `ORGANS`. scans : (T, S).
    near : (T, L, L) closeness of neighbouring lesions, 0 for others. at : (T, L, O, 2) closeness and contact.
    """

    days: np.ndarray
    lesions: np.ndarray
    seen: np.ndarray
    names: np.ndarray
    organs: np.ndarray
    drawn: np.ndarray
    scans: np.ndarray
    near: np.ndarray
    at: np.ndarray


def graph_arrays(structures: Table) -> GraphArrays:
    """Arrays of the table of one patient's structures; of more than 32 lesions the largest.

    Raises
    ------
    InputError
        ``E-STRUCTURES`` without a lesion, ``E-TABLE`` without the columns that every table of structures has.
    """
    columns = _numbers(structures)
    kinds = structures.columns[STRUCTURE]
    days = np.unique(columns[DAYS])
    visit = np.searchsorted(days, columns[DAYS])
    names = _kept(columns, kinds)
    place = {int(name): n for n, name in enumerate(names)}
    count, size = len(days), len(names)
    lesions = np.full((count, size, len(LESION_FEATURES)), np.nan)
    organs = np.full((count, len(ORGANS), len(ORGAN_FEATURES)), np.nan)
    at = np.full((count, size, len(ORGANS), 2), np.nan)
    seen, drawn = np.zeros((count, size), bool), np.zeros((count, len(ORGANS)), bool)
    places, volumes = np.full((count, size, 3), np.nan), np.full((count, size), np.nan)
    for row, kind in enumerate(kinds):
        own = {name: values[row] for name, values in columns.items()}
        if kind == TUMOUR and int(own[LESION]) in place:
            n = place[int(own[LESION])]
            seen[visit[row], n] = True
            lesions[visit[row], n] = _lesion(own)
            at[visit[row], n] = _relations(own)
            places[visit[row], n] = [own[axis] for axis in PLACE]
            volumes[visit[row], n] = own["volume"]
        elif kind in ORGANS:
            n = ORGANS.index(kind)
            drawn[visit[row], n] = True
            organs[visit[row], n] = _organ(own)
    _add_growth(lesions, volumes, days)
    near = np.stack([_closeness(own, there) for own, there in zip(places, seen)])
    return GraphArrays(days, lesions, seen, names, organs, drawn, scan_features(days, volumes, seen), near, at)


def _numbers(structures: Table) -> dict[str, np.ndarray]:
    missing = [name for name in (STRUCTURE, LESION, DAYS, "volume", *PLACE) if name not in structures.columns]
    if missing:
        raise InputError(
            "E-TABLE",
            f"there is no column {missing[0]}; the columns are {', '.join(structures.columns)}",
            where=structures.name,
            fix="Give a table of structures, as prognosis.structures writes it.",
        )
    return {
        name: np.array([_number(cell) for cell in cells])
        for name, cells in structures.columns.items()
        if name not in (STRUCTURE, "node", "participant_id")
    }


def _number(cell: object) -> float:
    try:
        return float(cell)
    except (TypeError, ValueError):
        return float("nan")


def _kept(columns: dict[str, np.ndarray], kinds: list) -> np.ndarray:
    """(L,) numbers of the lesions, the largest of too many, in rising order."""
    rows = [row for row, kind in enumerate(kinds) if kind == TUMOUR]
    if not rows:
        raise InputError("E-STRUCTURES", "there is no lesion", fix="Draw the lesions, or leave this patient out.")
    numbers = columns[LESION][rows].astype(int)
    largest = {n: float(np.nanmax(columns["volume"][rows][numbers == n], initial=0.0)) for n in np.unique(numbers)}
    return np.array(sorted(sorted(largest, key=lambda n: -largest[n])[:MOST_LESIONS]))


def _lesion(own: dict[str, float]) -> np.ndarray:
    distances = [own.get(name, np.nan) for name in DISTANCES.values()]
    values = {
        "ln volume": np.log(max(own["volume"], LITTLE_ML)),
        "ln longest diameter": np.log(max(own.get("longest diameter", np.nan), 0.1)),
        **{f"place {axis}": own[axis] for axis in PLACE},
        **{f"closeness to {o}": np.exp(-d / VESSEL_DECAY_MM) for o, d in zip(DISTANCES, distances)},
        **{f"distance to {o}": d for o, d in zip(DISTANCES, distances)},
    }
    return np.array([values.get(name, own.get(name, np.nan)) for name in LESION_FEATURES])


def _relations(own: dict[str, float]) -> np.ndarray:
    """(O, 2) closeness to each organ, and the logarithm of the contact."""
    found = np.full((len(ORGANS), 2), np.nan)
    for n, organ in enumerate(ORGANS):
        decay = VESSEL_DECAY_MM if organ in (PORTAL, HEPATIC) else DECAY_MM
        found[n, 0] = np.exp(-own.get(DISTANCES.get(organ, ""), np.nan) / decay)
        found[n, 1] = np.log1p(own.get(CONTACTS[organ], np.nan))
    return found


def _organ(own: dict[str, float]) -> np.ndarray:
    volume = own["volume"]
    ratio = own.get("surface", np.nan) / (1000 * volume) if volume > 0 else np.nan
    return np.array([np.log(volume) if volume > 0 else np.nan, own.get("mean", np.nan),
                     own.get("standard deviation", np.nan), ratio])  # fmt: skip


def _add_growth(lesions: np.ndarray, volumes: np.ndarray, days: np.ndarray) -> None:
    """Rise of ln volume a month, since the visit before and since the first at which a lesion was seen."""
    months = days / DAYS_PER_MONTH
    logs = np.log(np.maximum(volumes, LITTLE_ML))
    since_last, since_first = (LESION_FEATURES.index(f"growth since the {which} visit") for which in ("last", "first"))
    for n in range(volumes.shape[1]):
        visits = np.flatnonzero(np.isfinite(volumes[:, n]))
        for before, now in zip(visits[:-1], visits[1:]):
            lesions[now, n, since_last] = (logs[now, n] - logs[before, n]) / (months[now] - months[before])
            lesions[now, n, since_first] = (logs[now, n] - logs[visits[0], n]) / (months[now] - months[visits[0]])


def _closeness(places: np.ndarray, seen: np.ndarray) -> np.ndarray:
    near = np.zeros((len(places),) * 2)
    own = np.flatnonzero(seen & np.isfinite(places).all(axis=1))
    if own.size > 1:
        distance = np.linalg.norm(places[own, None] - places[None, own], axis=-1)
        near[np.ix_(own, own)] = np.where(neighbours(places[own]), np.exp(-distance / DECAY_MM), 0.0)
    return near


def scan_features(days: np.ndarray, volumes: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """(T, S) of visits at days (T,), from volumes (T, L) in mL of the lesions seen."""
    total = np.log(np.maximum(np.nansum(volumes, axis=1), LITTLE_ML))
    months = days / DAYS_PER_MONTH
    growth = np.full(len(days), np.nan)
    growth[1:] = (total[1:] - total[0]) / (months[1:] - months[0])
    return np.stack([months, np.log1p(seen.sum(axis=1)), total, growth], axis=1)
