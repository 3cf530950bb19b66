"""Course of a disease that many people share, and where, how fast and how far each has come along it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from ...data.curve import Curve, Table
from ...declare import Advanced, Help, Input, Output, Range, Unit, analysis
from ...errors import Finding, Severity, counted
from ...numerics.progression.conversion import predicted_crossing
from ...numerics.progression.course_fit import fit_course
from ...numerics.progression.logistic_course import individual_effects
from ...numerics.progression.visits import within_person_slopes
from ...steps.progression.conversion_table import ConversionParameters, conversion_table, threshold_of
from ...steps.progression.course_curves import patient_curves, population_curves
from ...steps.progression.course_tables import individuals_table, population_table, spread_table
from ...steps.progression.fit_conditions import onset_level_of, require_course
from ...steps.progression.moment import MomentParameters, everything_seen, known_visits
from ...steps.progression.visit_table import VisitTableParameters, read_visits


@dataclass(frozen=True)
class CourseParameters(ConversionParameters, MomentParameters, VisitTableParameters):
    sources: Annotated[
        int,
        Range(0, 2),
        Help("How many directions in which scores of people go ahead of or lag behind one another; fewer than scores."),
    ] = 1
    patient: Annotated[str, Help("Whose course is drawn; the first who is predicted when left empty.")] = ""
    onset_level: Annotated[
        float | None,
        Range(0.01, 0.99),
        Help(
            "Mean of the population's scores, 0 healthy to 1 worst, at which its onset is set; the mean of all "
            "that was measured when left empty."
        ),
    ] = None
    confidence: Annotated[float, Unit("%"), Range(50, 99.9), Help("Of the intervals."), Advanced()] = 95.0


@analysis(
    id="progression.course",
    title="Disease course mapping",
    citation="Schiratti et al., A Bayesian mixed-effects model to learn trajectories of changes from repeated "
    "manifold-valued observations, J Mach Learn Res 18(133):1-33 (2017); Koval et al., AD Course Map charts "
    "Alzheimer's disease progression, Sci Rep 11:8020 (2021)",
    inputs=[
        Input("visits", Table, help="One row a visit: participant, age or time, and scores; empty cells are missing."),
        Input(
            "new_patients",
            Table,
            optional=True,
            help="Visits of others with the same columns, who are placed on the population's course as it is.",
        ),
    ],
    outputs=[
        Output(
            "individuals",
            Table,
            help="One row a person who is predicted: onset (the time at which this person is where the population "
            "is at its own), time shift from the population's onset, pace (times "
            "the population's) and sources, with intervals.",
        ),
        Output(
            "population",
            Table,
            help="One row a score, in its own unit: value and yearly change at the onset, residual noise, and how much "
            "a source of one standard deviation moves it there.",
        ),
        Output("spread", Table, help="Onset, its spread, the spread of pace, how the two correlate; log likelihood."),
        Output(
            "course",
            Curve,
            help="The population's course of each score, 0 healthy to 1 worst, and the visits of the patient where "
            "they lie on it.",
        ),
        Output(
            "patient_course",
            Curve,
            help="What was measured of the patient until the moment of predicting, and the expected course with its "
            "standard deviation.",
        ),
        Output(
            "conversion",
            Table,
            optional=True,
            help="Where a conversion score is named, one row a person: age at which it passes the threshold, with its "
            "interval, the probability that it does within the horizon, what was seen later, and what a straight line "
            "from the last value has.",
        ),
    ],
    parameters=CourseParameters,
)
def course(visits, new_patients=None, *, parameters, context):
    r"""Logistic course of several scores that all people share, each with an onset and a pace of their own.

    Notes
    -----
    .. math:: \operatorname{logit} y_k(t) = g_k + b_k \, e^{\xi} (t - \tau) + \sum_q A_{kq} s_q

    with :math:`(\tau, \xi)` normal, sources :math:`s_q` standard normal, :math:`A` orthogonal to :math:`b`, and
    Gaussian noise of each score. Curves, spreads and noise are those of greatest likelihood with the effects integrated
    out (Laplace); a person's own are the most probable ones, and their intervals hold for the curves as they are.

    Where the published model has onset and pace independent, which leaves open by a year and more what moment is called
    onset, here it is set to a level of the mean score, and the two may correlate.
    """
    read = read_visits(visits, parameters)
    new = read_visits(new_patients, parameters, read.scales) if new_patients is not None else None
    known = known_visits(new or read, parameters, parameters.patient)
    fitted = read if new else known
    require_course(fitted, parameters.sources, visits.name)
    level = onset_level_of(fitted.visits, parameters.onset_level)
    population, individuals = fit_course(fitted.visits, parameters.sources, level, context.part(0, 0.9).progress)
    if new:
        individuals = individual_effects(known.visits, population)
    threshold = threshold_of(known.scales, parameters)
    seen = everything_seen(new or read, known)
    patient = known.person(parameters.patient) if parameters.patient else 0
    context.progress(0.9, "predicting")
    return {
        "individuals": individuals_table(known, population, individuals, parameters.confidence / 100),
        "population": population_table(known.scales, population),
        "spread": spread_table(fitted.visits, population, level, None if new else individuals),
        "course": population_curves(known, population, individuals, patient),
        "patient_course": patient_curves(known, population, individuals, patient, parameters.horizon),
        "conversion": _conversion(known, seen, fitted, (population, individuals), threshold, parameters, context.seed),
        "findings": (*read.findings, *(new.findings if new else ()), *_told(known, parameters.onset_level, level)),
    }


def _conversion(known, seen, fitted, course, threshold, parameters, seed: int) -> Table | None:
    if threshold is None:
        return None
    rng, confidence = np.random.default_rng(seed), parameters.confidence / 100
    crossing = predicted_crossing(*course, *threshold, confidence=confidence, rng=rng)
    slope = float(within_person_slopes(fitted.visits)[threshold.score])
    return conversion_table(known, seen, crossing, threshold, horizon=parameters.horizon, slope=slope)


def _told(known, asked: float | None, level: float):
    if asked is None:
        text = f"the onset of the population is set where the mean of its scores is {level:.3g}, as of all visits"
        yield Finding("N-PROGRESSION-ONSET", Severity.NOTE, text)
    single = int(np.count_nonzero(known.visits.counts == 1))
    if single:
        text = f"{counted(single, 'person has', 'people have')} one visit only: their pace is mostly the population's"
        yield Finding("N-PROGRESSION-ONE-VISIT", Severity.NOTE, text)
