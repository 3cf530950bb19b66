"""When each person passes a threshold of a score: predicted, seen later, and by a straight line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, NamedTuple

from ...data.curve import Table
from ...declare import Help, Range, Unit
from ...errors import ParameterError
from ...numerics.progression.conversion import Crossing, carried_forward, observed_conversion
from ...numerics.progression.visits import Visits
from .score_scales import Scale
from .visit_table import VisitTable

YEARS = ("predicted from", "predicted", "lower", "upper", "carried forward", "seen after", "seen by", "last seen")
INSIDE = 1e-3  # logistic curves never reach their ends


@dataclass(frozen=True)
class ConversionParameters:
    conversion_score: Annotated[
        str, Help("Score whose passing of a threshold is predicted; nothing is where this is left empty.")
    ] = ""
    conversion_threshold: Annotated[
        float | None, Help("Value of that score, in its own unit, from which a person has converted.")
    ] = None
    horizon: Annotated[float, Unit("years"), Range(0.1, 50), Help("How far ahead is predicted.")] = 5.0


class Threshold(NamedTuple):
    """Number of the score, and its threshold, 0..1."""

    score: int
    value: float


def threshold_of(scales: tuple[Scale, ...], parameters: ConversionParameters) -> Threshold | None:
    """The threshold in terms of the model, None where none is asked for; ``E-PARAMETER`` where it cannot be."""
    names = [scale.name for scale in scales]
    if not parameters.conversion_score and parameters.conversion_threshold is None:
        return None
    if parameters.conversion_score not in names or parameters.conversion_threshold is None:
        raise ParameterError(
            "E-PARAMETER",
            f"a conversion needs a score and a threshold, found {parameters.conversion_score or 'no score'!r} and "
            f"{parameters.conversion_threshold}",
            fix=f"Set conversion_score to one of {', '.join(names)}, and conversion_threshold in its unit.",
        )
    score = names.index(parameters.conversion_score)
    value = float(scales[score].normalised(parameters.conversion_threshold))
    if not INSIDE <= value <= 1 - INSIDE:
        ends = f"{scales[score].healthy:g} (healthy) and {scales[score].worst:g} (worst)"
        raise ParameterError(
            "E-PARAMETER",
            f"conversion_threshold = {parameters.conversion_threshold:g} does not lie between {ends}",
            fix="Give the threshold in the unit of the score.",
        )
    return Threshold(score, value)


def conversion_table(
    known: VisitTable, seen: Visits, crossing: Crossing, threshold: Threshold, *, horizon: float, slope: float
) -> Table:
    """One row a person.

    seen : all visits of the same people, also those after the moment of predicting.
    slope : 1/year, of the straight lines: that of the score within the people whom the course was learnt from.
    """
    visits = known.visits
    last = visits.times[visits.starts + visits.counts - 1]
    later = observed_conversion(seen, *threshold)
    columns = {
        "participant_id": list(known.people),
        "predicted from": last.tolist(),
        "predicted": crossing.age.tolist(),
        "lower": crossing.low.tolist(),
        "upper": crossing.high.tolist(),
        "probability": (crossing.drawn <= last + horizon).mean(axis=0).tolist(),
        "carried forward": carried_forward(visits, *threshold, slope).tolist(),
        "converted": later.seen.astype(int).tolist(),
        "seen after": later.after.tolist(),
        "seen by": later.by.tolist(),
        "last seen": seen.times[seen.starts + seen.counts - 1].tolist(),
    }
    return Table(columns, dict.fromkeys(YEARS, "years"), "conversion")
