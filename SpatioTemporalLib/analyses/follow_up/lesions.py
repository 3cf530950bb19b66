"""What became of lesions from visit to visit, from segmentations that were drawn at each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np

from ...data.curve import Curve, Table
from ...data.follow_up import FollowUp
from ...data.volumes import Label, LabelMap
from ...declare import Advanced, Help, Input, Output, Range, Unit, analysis
from ...errors import InputError
from ...numerics.statistics.growth import doubling_time, exponential_growth
from ...steps.follow_up.response import response_table
from ...steps.follow_up.tracked_lesions import (
    ABSORBED,
    ENLARGING,
    MERGED,
    NEW,
    PART,
    RETURNED,
    SHRINKING,
    STABLE,
    Lesion,
    left_out,
    tracked,
)

COLOURS = {
    NEW: (0.84, 0.15, 0.16), ENLARGING: (0.90, 0.45, 0.10), STABLE: (0.95, 0.85, 0.25), SHRINKING: (0.20, 0.65, 0.35),
    MERGED: (0.80, 0.47, 0.74), PART: (0.60, 0.45, 0.85), RETURNED: (0.90, 0.35, 0.55),
}  # fmt: skip
GREY = (0.6, 0.6, 0.6)
LESIONS_UNITS = {
    "first seen": "d", "last seen": "d", "first volume": "mL", "last volume": "mL", "change": "%",
    "doubling time": "d", "lower": "d", "upper": "d",
}  # fmt: skip


@dataclass(frozen=True)
class LesionsParameters:
    masks: Annotated[
        tuple[str, ...],
        Help("Masks or segments that hold lesions, comma-separated; all but those named after organs when empty."),
    ] = ()
    gate: Annotated[
        float, Unit("mm"), Range(0, 200),
        Help("Lesions that do not overlap may be the same when their centres lie no farther apart; 0 where visits are "
             "registered well."),
    ] = 10.0  # fmt: skip
    change: Annotated[
        float, Unit("%"), Range(1, 500), Help("By which the volume has to change to be called enlarging or shrinking.")
    ] = 25.0
    measurement_error: Annotated[
        float, Unit("%"), Range(0, 100), Help("Standard deviation of one volume, for doubling times."), Advanced()
    ] = 9.0  # fmt: skip


@analysis(
    id="follow_up.lesions",
    title="Change of lesions between visits",
    citation="Eisenhauer et al., New response evaluation criteria in solid tumours, Eur J Cancer 45:228 (2009); "
    "Schwartz, Cancer 14:1272 (1961) for doubling times; Kuhn, Naval Res Logist Q 2:83 (1955) for the pairing",
    inputs=[
        Input(
            "visits", FollowUp, own_grid=True,
            help="Two examinations or more, each with its segmentation, drawn by whatever tool, on grids of their own.",
        )
    ],
    outputs=[
        Output("changes", Table, help="One row a lesion and visit: state, volume, longest diameter, place."),
        Output("lesions", Table, help="One row a lesion: first and last volume, doubling time with its interval."),
        Output("response", Table, help="One row a visit: sum of diameters of target lesions and RECIST 1.1 response."),
        Output("volumes", Curve, unit="mL", help="Volume of each lesion over the visits."),
        Output(
            "segments", LabelMap, several=True, per_visit=True,
            help="Lesions of each visit by their numbers, coloured by what became of them.",
        ),
    ],
    parameters=LesionsParameters,
)  # fmt: skip
def lesions(visits, *, parameters, context):
    r"""Which lesion is which from visit to visit, what became of each, and the response of the patient.

    Notes
    -----
    Lesions are connected parts of the masks. Those that overlap in the patient's coordinates are the same; the rest is
    paired by their centres within the gate. From one visit to the next a lesion is new, enlarging, shrinking or stable
    (its volume changes by more than the threshold or not), vanished, merged from several, merged into another, split
    off another, or returned. The doubling time of an exponential through all volumes is

    .. math:: t_d = \frac{\ln 2 \; (t_2 - t_1)}{\ln (V_2 / V_1)}

    Response is by the sum of the longest diameters in a slice of at most five lesions of 10 mm or more at the first
    visit: PR from -30 % of the first, PD from +20 % and 5 mm of the smallest or with a new lesion, CR without any.
    """
    drawn = [visit for visit in visits.visits if visit.masks]
    if len(drawn) < 2:
        raise InputError(
            "E-MASK-NONE",
            f"{len(drawn)} of {len(visits.visits)} visits have a segmentation, two are needed",
            where=visits.called,
            fix="Give each visit the segmentation that was drawn on it; one without lesions may be empty.",
        )
    seen = FollowUp(visits.patient, tuple(_counted_from(drawn)))
    found = tracked(seen, parameters.masks, parameters.gate, parameters.change / 100)
    if not found:
        raise InputError(
            "E-MASK-EMPTY",
            "no lesion is drawn at any visit",
            where=visits.called,
            fix="Check the masks that are named.",
        )
    context.progress(0.6, "measuring")
    days = np.array([visit.days for visit in drawn])
    numbers = [n + 1 for n, visit in enumerate(visits.visits) if visit.masks]
    return {
        "changes": _changes(found, days),
        "lesions": _lesions(found, days, parameters.measurement_error / 100),
        "response": response_table(found, days),
        "volumes": tuple(
            Curve(
                days,
                [lesion.volume(n) for n in range(len(days))],
                "mL",
                f"lesion {lesion.number}",
                axis="time [d]",
                drawn="line",
            )
            for lesion in found
        ),
        "segments": {number: _segments(found, visit, n) for n, (number, visit) in enumerate(zip(numbers, drawn))},
        "findings": tuple(left_out(seen, parameters.masks)),
    }


def _counted_from(visits):
    """The visits with days since the first of them."""
    first = visits[0].days
    return [replace(visit, days=visit.days - first) for visit in visits]


def _changes(found: list[Lesion], days: np.ndarray) -> Table:
    rows = []
    for lesion in found:
        for n, state in sorted(lesion.states.items()):
            volume, before = lesion.volume(n), lesion.volume(n - 1)
            place = lesion.seen[n].centre if n in lesion.seen else np.full(3, np.nan)
            rows.append(
                {
                    "lesion": lesion.number, "day": float(days[n]), "state": state, "volume": volume,
                    "change": 100 * (volume / before - 1) if before else float("nan"),
                    "longest diameter": lesion.diameter(n), **dict(zip("RAS", map(float, place))),
                }
            )  # fmt: skip
    units = {"day": "d", "volume": "mL", "change": "%", "longest diameter": "mm", "R": "mm", "A": "mm", "S": "mm"}
    return Table({name: [row[name] for row in rows] for name in rows[0]}, units, "changes")


def _lesions(found: list[Lesion], days: np.ndarray, error: float) -> Table:
    rows = []
    for lesion in found:
        visits = sorted(lesion.seen)
        first, last = (lesion.volume(n) for n in (visits[0], visits[-1]))
        whole = all(MERGED not in word and ABSORBED not in word for word in lesion.states.values())
        # What a part took with it is no shrinkage.
        whole &= all(f"{PART} {lesion.number}" not in other.states.values() for other in found)
        times = (float("nan"),) * 3
        if len(visits) > 1 and whole:
            times = doubling_time(exponential_growth(days[visits], [lesion.volume(n) for n in visits], error))
        rows.append(
            {
                "lesion": lesion.number, "first seen": float(days[visits[0]]), "last seen": float(days[visits[-1]]),
                "first volume": first, "last volume": last, "change": 100 * (last / first - 1),
                **dict(zip(("doubling time", "lower", "upper"), map(float, times))),
                "last state": lesion.states[max(lesion.states)],
            }
        )  # fmt: skip
    return Table({name: [row[name] for row in rows] for name in rows[0]}, LESIONS_UNITS, "lesions")


def _segments(found: list[Lesion], visit, n: int) -> LabelMap:
    """The lesions of a visit on the grid of its first mask."""
    geometry = visit.mask.geometry
    values = np.zeros(geometry.shape, np.int16)
    labels = {}
    for lesion in found:
        if n not in lesion.seen:
            continue
        own = lesion.seen[n]
        places = own.geometry.ijk_to_ras(np.argwhere(own.mask)[:, ::-1].astype(float))
        i, j, k = np.rint(geometry.ras_to_ijk(places)).astype(int).T
        inside = (i >= 0) & (j >= 0) & (k >= 0)
        inside &= (i < geometry.shape[2]) & (j < geometry.shape[1]) & (k < geometry.shape[0])
        values[k[inside], j[inside], i[inside]] = lesion.number
        state = lesion.states[n]
        colour = next((shade for word, shade in COLOURS.items() if state.startswith(word)), GREY)
        labels[lesion.number] = Label(f"lesion {lesion.number}, {state}", colour)
    return LabelMap(values, geometry, labels, f"lesions, visit {n + 1}")
