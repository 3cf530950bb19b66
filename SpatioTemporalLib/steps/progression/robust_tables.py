"""What a robust course says, as tables and curves in the terms of those who measured."""

from __future__ import annotations

import numpy as np
from scipy import special

from ...data.curve import Curve, Table
from ...numerics.progression.richards import Richards
from ...numerics.progression.robust_course import RobustCourse
from .course_curves import AGE, BEFORE, POINTS, measured_points
from .score_scales import Scale
from .visit_table import VisitTable

DISEASE_AGE = "disease age [years]"
FAR = 6.0  # robust standard deviations from where a value counts as an outlier
YEARS = ("first visit", "last visit", "disease age", "disease age lower", "disease age upper", "time shift")


def robust_people_table(table: VisitTable, course: RobustCourse, confidence: float) -> Table:
    """Disease age at the last visit and its speed, with intervals, and how many values lie far off the curves."""
    visits, own = table.visits, course.own
    last = visits.times[visits.starts + visits.counts - 1]
    people = np.arange(visits.people)
    age = own.ages(people, last)
    speed = np.exp(own.log_speed)
    along = np.column_stack([np.ones(len(people)), speed * (last - own.middle)])
    reach = special.ndtri(0.5 + confidence / 2)
    age_error = reach * np.sqrt(np.einsum("ni,nij,nj->n", along, own.covariances, along))
    speed_error = reach * np.sqrt(own.covariances[:, 1, 1])
    columns = {
        "participant_id": list(table.people),
        "visits": visits.counts.tolist(),
        "first visit": visits.times[visits.starts].tolist(),
        "last visit": last.tolist(),
        "disease age": age.tolist(),
        "disease age lower": (age - age_error).tolist(),
        "disease age upper": (age + age_error).tolist(),
        "time shift": (last - age).tolist(),
        "speed": speed.tolist(),
        "speed lower": np.exp(own.log_speed - speed_error).tolist(),
        "speed upper": np.exp(own.log_speed + speed_error).tolist(),
        "outlying values": visits.sums(_far(table, course).astype(int)).sum(axis=1).tolist(),
    }
    return Table(columns, dict.fromkeys(YEARS, "years"), "individuals")


def robust_population_table(table: VisitTable, course: RobustCourse) -> Table:
    """One row a score: the five parameters of its curve, robust residual noise and outlying values."""
    curves, far = course.curves, _far(table, course)
    rows = [
        {
            "score": scale.name,
            "unit": scale.unit,
            "lower end": float(scale.in_its_unit(curves.lower[k])),
            "upper end": float(scale.in_its_unit(curves.lower[k] + curves.height[k])),
            "rate": float(curves.rate[k]),
            "middle": float(curves.middle[k]),
            "asymmetry": float(curves.asymmetry[k]),
            "residual noise": abs(float(scale.change_in_its_unit(course.scales[k]))),
            "outlying values": int(far[:, k].sum()),
            "values": int(table.visits.measured[:, k].sum()),
        }
        for k, scale in enumerate(table.scales)
    ]
    units = {"rate": "1/year", "middle": "years"}
    return Table({name: [row[name] for row in rows] for name in rows[0]}, units, "population")


def _far(table: VisitTable, course: RobustCourse) -> np.ndarray:
    expected = course.curves.values(course.own.ages(table.visits.person, table.visits.times))
    with np.errstate(invalid="ignore"):
        return np.abs(table.visits.values - expected) > FAR * course.scales


def robust_population_curves(table: VisitTable, course: RobustCourse, patient: int) -> tuple[Curve, ...]:
    """Curves over disease age, and the patient's values where they lie on it."""
    rows = table.visits.person == patient
    ages = course.own.ages(table.visits.person[rows], table.visits.times[rows])
    middle = course.own.ages(np.arange(table.visits.people), course.own.middle)
    ends = min(np.quantile(middle, 0.02), ages.min()) - 2, max(np.quantile(middle, 0.98), ages.max()) + 2
    along = np.linspace(*ends, POINTS)
    name = f" of {table.people[patient]}"
    return _with_lines(table.scales, course.curves, ages, table.visits.values[rows], (along, along), DISEASE_AGE, name)


def robust_patient_curves(table: VisitTable, course: RobustCourse, patient: int, horizon: float) -> tuple[Curve, ...]:
    """Values of the patient over time, and the expected course until `horizon` years after the last visit."""
    rows = table.visits.person == patient
    measured = table.visits.times[rows]
    times = np.linspace(measured[0] - BEFORE, measured[-1] + horizon, POINTS)
    ages = course.own.ages(np.full(POINTS, patient), times)
    return _with_lines(table.scales, course.curves, measured, table.visits.values[rows], (times, ages), AGE, "")


def _with_lines(
    scales: tuple[Scale, ...], curves: Richards, at: np.ndarray, values: np.ndarray, line, axis: str, of: str
) -> tuple[Curve, ...]:
    """Points, and lines of the curves; line : what they are drawn over, and the disease ages there."""
    drawn, expected = [], curves.values(line[1])
    for k, scale in enumerate(scales):
        points = measured_points(at, values[:, k], f"{scale.name}{of}", axis)
        name, belongs = (scale.name if of else f"{scale.name} fit"), points[0].name if points else ""
        drawn += [*points, Curve(line[0], expected[:, k], "1", name, fit_of=belongs, axis=axis, drawn="line")]
    return tuple(drawn)
