"""Hazards of equal steps are events over the steps that were lived through."""

import numpy as np
import pytest

from SpatioTemporalLib.numerics.survival.life_table import stepwise_hazards
from SpatioTemporalLib.numerics.survival.outcomes import Outcomes


def test_hazards_of_five_patients_by_hand():
    # Two events in the first step, where one of five is censored half way; one event in the second of the two there.
    outcomes = Outcomes(np.array([3.0, 6.0, 9.0, 15.0, 24.0]), np.array([1, 0, 1, 1, 0]))
    hazards = stepwise_hazards(outcomes, 12.0, 3)
    assert hazards == pytest.approx([(2 + 0.5) / (4.5 + 1), (1 + 0.5) / (2 + 1), 0.5 / 1])


def test_the_hazard_of_an_exponential_is_found_whatever_is_censored():
    rng = np.random.default_rng(0)
    times, ends = rng.exponential(40.0, 20000), rng.uniform(0, 60, 20000)
    outcomes = Outcomes(np.minimum(times, ends), (times <= ends).astype(int))
    expected = 1 - np.exp(-6.0 / 40.0)
    assert stepwise_hazards(outcomes, 6.0, 6) == pytest.approx(np.full(6, expected), abs=0.008)
