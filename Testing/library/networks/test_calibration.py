"""Probabilities that keep their word."""

import numpy as np
import pytest
from scipy import special

from SpatioTemporalLib.errors import ParameterError
from SpatioTemporalLib.networks.calibration import Calibration, fitted_calibration


def test_slope_and_intercept_of_known_probabilities_are_found():
    rng = np.random.default_rng(0)
    x = rng.normal(0, 2, 20000)
    labels = (rng.random(20000) < special.expit(0.7 * x - 1.0)).astype(float)
    found = fitted_calibration(x, labels, labels.mean())
    assert found.slope == pytest.approx(0.7, abs=0.03)
    assert found.intercept == pytest.approx(-1.0, abs=0.05)


def test_classes_that_do_not_overlap_keep_a_finite_slope():
    x = np.linspace(-1, 1, 40)
    assert fitted_calibration(x, (x > 0).astype(float), 0.5).slope < 100


def test_few_patients_correct_the_share_only():
    found = fitted_calibration(np.array([1.0, -1.0]), np.array([1.0, 0.0]), 0.1)
    assert found.slope == 1.0
    assert found.probability(0.0) == pytest.approx(0.1)
    assert "too few" in found.note


@pytest.mark.parametrize("wrong", [(0.0, 0.0), (np.nan, 0.0), (1.0, np.inf)])
def test_impossible_calibrations_are_refused(wrong):
    with pytest.raises(ParameterError):
        Calibration(*wrong)
