"""The table of structures: one row a structure or lesion and visit, with all that is measured of it."""

from __future__ import annotations

import numpy as np

from ...context import Context
from ...data.curve import Table
from ...data.follow_up import FollowUp, Visit
from ...errors import Finding, InputError
from .drawn import Drawn, drawn_structures
from .matching import tracks
from .measured import contact_area, distance_between, share_inside, size_of, values_of
from .roles import HEPATIC, LIVER, ORGANS, PORTAL, REMNANT, TUMOUR

NODE, STRUCTURE, LESION, DAYS = "node", "structure", "lesion", "days"
PLACE = ("R", "A", "S")
"""Of a structure's centre, less the centre of the liver where that is drawn."""

DISTANCES = {PORTAL: "distance to portal", HEPATIC: "distance to hepatic", LIVER: "distance to capsule"}
CONTACTS = {organ: f"contact with {organ}" for organ in ORGANS}
SIZES = ("volume", "longest diameter", "surface", "sphericity")
VALUES = ("mean", "standard deviation", "p10", "p90", "skewness", "entropy", "necrotic share")
INSIDE = "share in remnant"
COLUMNS = (NODE, STRUCTURE, LESION, DAYS, *PLACE, *SIZES, *VALUES, *DISTANCES.values(), *CONTACTS.values(), INSIDE)


def units_of(image_unit: str = "") -> dict[str, str]:
    """Units of the columns."""
    lengths = (*PLACE, "longest diameter", *DISTANCES.values())
    shares = ("sphericity", "necrotic share", "skewness", INSIDE)
    areas = ("surface", *CONTACTS.values())
    intensities = ("mean", "standard deviation", "p10", "p90")
    return {
        DAYS: "d",
        "volume": "mL",
        "entropy": "bit",
        **dict.fromkeys(lengths, "mm"),
        **dict.fromkeys(shares, "1"),
        **dict.fromkeys(areas, "mm2"),
        **({name: image_unit for name in intensities} if image_unit else {}),
    }


def structure_table(visits: FollowUp, context: Context, gate: float = 20.0) -> tuple[Table, tuple[Finding, ...]]:
    """All structures of all visits, measured; lesions have the same number at every visit.

    Parameters
    ----------
    gate : mm
        Lesions whose centres, counted from the liver's, lie farther apart are never the same.

    Raises
    ------
    InputError
        ``E-STRUCTURES`` when a visit has no structure whose name says what it is, or none has a lesion.
    """
    rows, findings, centres, where = [], [], [], []
    unit = visits.unit
    for number, visit in enumerate(visits.visits):
        context.progress(number / len(visits.visits), f"measuring the structures of visit {number + 1}")
        found, odd = drawn_structures(visit)
        _require_some(found, visit, visits)
        findings += odd
        own, lesions = _visit_rows(
            visit, found, context.part(number / len(visits.visits), (number + 1) / len(visits.visits))
        )
        where.append(range(len(rows) + len(own) - len(lesions), len(rows) + len(own)))
        rows += own
        centres.append(lesions)
    if not any(len(own) for own in centres):
        raise InputError(
            "E-STRUCTURES",
            "no visit has a lesion",
            where=visits.called,
            fix="Name the segments of lesions tumour, lesion or metastasis (Tumor_1, Tumor_2, ...).",
        )
    for places, numbers in zip(where, tracks(centres, gate)):
        for place, lesion in zip(places, numbers):
            rows[place][LESION] = int(lesion)
            rows[place][NODE] = f"lesion {lesion}, day {rows[place][DAYS]:g}"
    table = Table({name: [row[name] for row in rows] for name in COLUMNS}, units_of(unit), "structures")
    return table, tuple(findings)


def _require_some(found: tuple[Drawn, ...], visit: Visit, visits: FollowUp) -> None:
    if found:
        return
    there = [label.name for labels in visit.masks.values() for label in labels.labels.values()]
    raise InputError(
        "E-STRUCTURES",
        f"at day {visit.days:g} nothing is drawn whose name says what it is (there are {', '.join(there) or 'none'})",
        where=visits.called,
        fix="Name the segments liver, remnant, portal, hepatic, and tumour for each lesion.",
    )


def _visit_rows(visit: Visit, found: tuple[Drawn, ...], context: Context) -> tuple[list[dict], np.ndarray]:
    """Rows of one visit, lesions last, and the (M, 3) places of its lesions."""
    organs = {drawn.role: drawn for drawn in found if drawn.role != TUMOUR}
    image = next(iter(visit.images.values()), None)
    middle = organs[LIVER].centre if LIVER in organs else np.zeros(3)
    rows, lesions = [], []
    for n, drawn in enumerate(found):
        context.progress(n / len(found), f"measuring {drawn.name}")
        place = drawn.centre - middle
        row = dict.fromkeys(COLUMNS, float("nan"))
        row |= {NODE: f"{drawn.role}, day {visit.days:g}", STRUCTURE: drawn.role, LESION: 0, DAYS: visit.days}
        row |= dict(zip(PLACE, place.tolist())) | size_of(drawn) | values_of(drawn, image)
        if drawn.role == TUMOUR:
            lesions.append(place)
            row |= _relations(drawn, organs)
        rows.append(row)
    return rows, np.array(lesions).reshape(-1, 3)


def _relations(lesion: Drawn, organs: dict[str, Drawn]) -> dict[str, float]:
    """Distances, contacts, and how much of a lesion lies in the future remnant."""
    found = {CONTACTS[role]: contact_area(lesion, organ) for role, organ in organs.items()}
    for role, name in DISTANCES.items():
        if role in organs:
            found[name] = _to_capsule(lesion, organs[role]) if role == LIVER else distance_between(lesion, organs[role])
    if REMNANT in organs:
        found[INSIDE] = share_inside(lesion, organs[REMNANT])
    return found


def _to_capsule(lesion: Drawn, liver: Drawn) -> float:
    """Shortest way to the surface of the liver, in which the lesion lies."""
    from scipy.spatial import cKDTree

    near, _ = cKDTree(liver.points).query(lesion.points)
    return float(near.min())
