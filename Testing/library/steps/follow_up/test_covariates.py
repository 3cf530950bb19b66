"""Covariates coded as in training."""

import math

import numpy as np
import pytest

from SpatioTemporalLib.data.curve import Table
from SpatioTemporalLib.errors import InputError
from SpatioTemporalLib.steps.follow_up.covariates import coded, learned_covariates

TABLE = Table(
    {
        "age": [50.0, 60.0, 70.0, 200.0],
        "sex": ["F", "M", "F", "X"],
        "smoker": [0, 1, 1, 0],
        "site": ["a", "a", "a", "b"],
    },
    {"age": "y"},
    "participants",
)
TRAINING = [0, 1, 2]


def test_numbers_are_standardised_by_the_training_patients_alone():
    (age,) = learned_covariates(TABLE, ["age"], TRAINING)
    assert (age.mean, age.unit) == (60.0, "y")
    codes, known, _ = coded([age], {"age": 60.0 + age.std})
    np.testing.assert_allclose(codes, [1.0], rtol=1e-6)
    assert known.all()


def test_two_valued_numbers_and_words_are_categories():
    sex, smoker = learned_covariates(TABLE, ["sex", "smoker"], TRAINING)
    assert (sex.levels, smoker.levels) == (("F", "M"), ("0", "1"))
    codes, _, _ = coded([sex, smoker], {"sex": "M", "smoker": 1.0})
    np.testing.assert_array_equal(codes, [1, 1])


@pytest.mark.parametrize("missing", [None, "", math.nan])
def test_what_is_not_known_is_masked_and_told(missing):
    covariates = learned_covariates(TABLE, ["age", "sex"], TRAINING)
    codes, known, findings = coded(covariates, {"age": missing, "sex": "F"})
    assert known.tolist() == [False, True]
    assert [f.code for f in findings] == ["W-COVARIATE-MISSING"]


def test_a_value_far_from_training_is_told():
    covariates = learned_covariates(TABLE, ["age"], TRAINING)
    assert [f.code for f in coded(covariates, {"age": 200})[2]] == ["W-COVARIATE"]


@pytest.mark.parametrize(("name", "value"), [("sex", "X"), ("age", "old")])
def test_what_training_did_not_have_is_refused(name, value):
    covariates = learned_covariates(TABLE, [name], TRAINING)
    with pytest.raises(InputError, match="E-COVARIATE"):
        coded(covariates, {name: value})


def test_a_column_that_does_not_vary_is_refused():
    with pytest.raises(InputError, match="one value"):
        learned_covariates(TABLE, ["site"], TRAINING)
