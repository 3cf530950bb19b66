"""Predicted conversion from the table of a course to measures, beside a straight line."""

from functools import cache

import numpy as np
import pytest
from library.small.progression import conversions

import SpatioTemporalLib as st
from SpatioTemporalLib.simulation.progression_tables import RANGES, visits_table
from SpatioTemporalLib.simulation.progression_visits import VisitPlan, simulated_course


@cache
def predicted():
    """From two visits, by the course of others."""
    plan = VisitPlan(visits=8, before=3.0)
    others, new = (visits_table(simulated_course(120, np.random.default_rng(seed), plan)) for seed in (1, 2))
    asked = {"conversion_score": "cognition", "conversion_threshold": 21.0, "first_visits": 2, "ranges": RANGES}
    return st.run("progression.course", visits=others, new_patients=new, **asked).conversion


def value(result, model, measure):
    columns = result.measures.columns
    rows = zip(columns["model"], columns["measure"], columns["value"], columns["lower"], columns["upper"])
    return next((v, low, high) for m, name, v, low, high in rows if (m, name) == (model, measure))


def test_measures_of_each_model_have_intervals_and_are_compared():
    result = st.run("prediction.conversion", table=predicted(), horizon=4.0)
    error, low, high = value(result, "predicted", "mean absolute error of converters")
    # Those who know the population's true course, but not the people, are off by 1.2 years here.
    assert low < error < high and error < 1.6
    line = value(result, "carried forward", "mean absolute error of converters")[0]
    assert 0.6 < value(result, "predicted", "AUC at 4 years")[0] < 1.0
    assert value(result, "predicted", "correlation of age at conversion")[0] > 0.9
    row = result.comparison.columns["measure"].index("mean absolute error of converters")
    assert result.comparison.columns["difference"][row] == pytest.approx(error - line)
    names = [curve.name for curve in result.agreement]
    assert names == ["predicted", "carried forward", "identity"]


def test_who_had_converted_and_who_was_not_seen_again_are_left_out_and_told():
    result = st.run("prediction.conversion", table=conversions(None), horizon=3.0)
    columns = result.measures.columns
    assert set(columns["converted"]) == {4} and set(columns["others"]) == {1}
    told = " ".join(finding.message for finding in result.findings)
    assert "1 of 7 people had converted" in told and "1 of 7 people were not seen after it" in told
    expected = np.mean([0.5, 0.0, 0.5, 1.5])
    assert value(result, "predicted", "mean absolute error of converters")[0] == pytest.approx(expected)


def test_a_horizon_nobody_was_followed_to_leaves_the_errors():
    result = st.run("prediction.conversion", table=conversions(None), horizon=20.0)
    assert not any(measure.startswith("AUC") for measure in result.measures.columns["measure"])
    assert any(finding.code == "W-CONVERSION-HORIZON" for finding in result.findings)


@pytest.mark.parametrize(
    ("columns", "parameters", "code"),
    [
        ({"predicted from": [75.0] * 7}, {}, "E-CONVERSION"),
        ({"converted": [0] * 7}, {}, "E-CONVERSION"),
        ({}, {"columns": ("guess",)}, "E-TABLE"),
        ({"seen by": ["soon"] * 7}, {}, "E-TABLE"),
    ],
)
def test_tables_that_show_nothing_are_refused_in_words(columns, parameters, code):
    table = st.Table(conversions(None).columns | columns, name="conversion")
    with pytest.raises(st.InputError) as caught:
        st.run("prediction.conversion", table=table, **parameters)
    assert caught.value.code == code
