"""Course of a disease over an age of its own, from visits of which some values may be wrong."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np

from ...data.curve import Curve, Table
from ...declare import Advanced, Help, Input, Output, Range, Unit, analysis
from ...numerics.progression.conversion import robust_crossing
from ...numerics.progression.robust_course import fit_own, fit_robust_course
from ...numerics.progression.visits import within_person_slopes
from ...steps.progression.conversion_table import ConversionParameters, conversion_table, threshold_of
from ...steps.progression.fit_conditions import require_people, require_rise
from ...steps.progression.moment import MomentParameters, everything_seen, known_visits
from ...steps.progression.robust_tables import (
    robust_patient_curves,
    robust_people_table,
    robust_population_curves,
    robust_population_table,
)
from ...steps.progression.visit_table import VisitTableParameters, read_visits


@dataclass(frozen=True)
class RobustParameters(ConversionParameters, MomentParameters, VisitTableParameters):
    patient: Annotated[str, Help("Whose course is drawn; the first who is predicted when left empty.")] = ""
    confidence: Annotated[float, Unit("%"), Range(50, 99.9), Help("Of the intervals."), Advanced()] = 95.0


@analysis(
    id="progression.robust",
    title="Robust disease course",
    citation="Ghazi et al., Robust parametric modeling of Alzheimer's disease progression, "
    "NeuroImage 225:117460 (2021)",
    inputs=[
        Input("visits", Table, help="One row a visit: participant, age or time, and scores; empty cells are missing."),
        Input(
            "new_patients",
            Table,
            optional=True,
            help="Visits of others with the same columns, who are placed on the curves as they are.",
        ),
    ],
    outputs=[
        Output(
            "individuals",
            Table,
            help="One row a person who is predicted: disease age at the last visit that is used, how many years before "
            "(negative) or behind age that is, its speed, with intervals, and values far off the curves.",
        ),
        Output("population", Table, help="One row a score: the five parameters of its curve, noise, outlying values."),
        Output(
            "course",
            Curve,
            help="Curve of each score over disease age, 0 healthy to 1 worst, and the patient's values on it.",
        ),
        Output("patient_course", Curve, help="What was measured of the patient, and the expected course."),
        Output(
            "conversion",
            Table,
            optional=True,
            help="Where a conversion score is named, one row a person: age at which it passes the threshold, with its "
            "interval, the probability that it does within the horizon, what was seen later, and what a straight line "
            "from the last value has.",
        ),
    ],
    parameters=RobustParameters,
)
def robust(visits, new_patients=None, *, parameters, context):
    r"""Curves of five parameters over a disease age that is linear in time for each person, by M-estimation.

    Notes
    -----
    .. math:: y_k = l_k + h_k \left(1 + e^{-b_k (s - m_k)}\right)^{-\gamma_k}, \qquad s = \alpha t + \beta

    Each turn fits the curves to all people, then the disease age of each person, with the loss
    :math:`c^2 \log\cosh(r / c\sigma_k)`, so that a value far off pulls no more than one at the edge of the noise.
    Disease age is in years: half of the people are older than it at the middle of their visits, half go faster than
    a year a year. There are no sources: scores of a person that run ahead of the others count as noise.
    """
    read = read_visits(visits, parameters)
    new = read_visits(new_patients, parameters, read.scales) if new_patients is not None else None
    known = known_visits(new or read, parameters, parameters.patient)
    fitted = read if new else known
    require_people(fitted, visits.name)
    require_rise(fitted, range(len(fitted.scales)), visits.name)
    course = fit_robust_course(fitted.visits, context.part(0, 0.9).progress)
    if new:
        course = replace(course, own=fit_own(known.visits, course.curves, course.scales))
    patient = known.person(parameters.patient) if parameters.patient else 0
    threshold = threshold_of(known.scales, parameters)
    context.progress(0.9, "predicting")
    return {
        "individuals": robust_people_table(known, course, parameters.confidence / 100),
        "population": robust_population_table(known, course),
        "course": robust_population_curves(known, course, patient),
        "patient_course": robust_patient_curves(known, course, patient, parameters.horizon),
        "conversion": _conversion(known, new or read, fitted, course, threshold, parameters, context.seed),
        "findings": (*read.findings, *(new.findings if new else ())),
    }


def _conversion(known, whole, fitted, course, threshold, parameters, seed: int) -> Table | None:
    if threshold is None:
        return None
    rng, confidence = np.random.default_rng(seed), parameters.confidence / 100
    crossing = robust_crossing(course, *threshold, confidence=confidence, rng=rng)
    slope = float(within_person_slopes(fitted.visits)[threshold.score])
    seen = everything_seen(whole, known)
    return conversion_table(known, seen, crossing, threshold, horizon=parameters.horizon, slope=slope)
