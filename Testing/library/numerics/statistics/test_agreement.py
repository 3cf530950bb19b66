"""Agreement of readers against published tables."""

import numpy as np
import pytest

from SpatioTemporalLib.numerics.statistics.agreement import (
    absolute_agreement,
    cohen_kappa,
    consistency,
    fleiss_kappa,
    gwet_ac1,
)

# Six cases by four judges: table 2 of Shrout and Fleiss, Psychol Bull 86:420 (1979).
JUDGED = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]


def test_intraclass_correlations_are_those_of_shrout_and_fleiss():
    # Their table 4 has 0.29 and 0.71; the intervals are those R's psych gives for the same data.
    assert absolute_agreement(JUDGED) == pytest.approx((0.290, 0.019, 0.761), abs=6e-4)
    assert consistency(JUDGED) == pytest.approx((0.715, 0.342, 0.946), abs=6e-4)


def test_a_reader_who_adds_the_same_everywhere_lowers_agreement_not_consistency():
    values = np.array([10.0, 20.0, 30.0, 40.0])[:, None] + np.array([0.0, 0.1]) * [[1], [-1], [1], [-1]]
    shifted = values + np.array([0.0, 15.0])
    assert consistency(shifted)[0] == pytest.approx(consistency(values)[0])
    assert absolute_agreement(shifted)[0] < 0.7 < 0.99 < absolute_agreement(values)[0]


def test_numbers_that_are_all_the_same_have_no_correlation():
    assert np.isnan(absolute_agreement(np.full((4, 3), 0.3))).all() and np.isnan(consistency(np.zeros((4, 3)))).all()
    same = np.repeat([[1.0], [2.0], [4.0]], 3, axis=1)
    assert absolute_agreement(same)[0] == pytest.approx(1.0) and consistency(same)[0] == pytest.approx(1.0)


def test_kappa_of_two_readers_by_hand():
    # Both say yes to 20, one only to 5, the other only to 10, none to 15: agreement 0.7, by chance 0.5.
    assert cohen_kappa(20, 5, 10, 15) == pytest.approx(0.4)
    assert np.isnan(cohen_kappa(0, 0, 0, 10)) and np.isnan(cohen_kappa(0, 0, 0, 0))


def test_kappa_of_two_is_that_of_several_where_both_mark_as_much():
    assert fleiss_kappa([15, 15, 20]) == pytest.approx(cohen_kappa(20, 7.5, 7.5, 15))
    # Three readers by hand: shares of pairs that agree 1, 1/3, 1/3, 1.
    marks = [10, 4, 4, 2]
    agreed, share = (12 + 8 / 3) / 20, (4 + 8 + 6) / 60
    assert fleiss_kappa(marks) == pytest.approx((agreed - share**2 - (1 - share) ** 2) / (2 * share * (1 - share)))
    chance = 2 * share * (1 - share)
    assert gwet_ac1(marks) == pytest.approx((agreed - chance) / (1 - chance))


def test_ac1_does_not_collapse_where_little_is_marked():
    marks = [970, 20, 10]
    assert gwet_ac1(marks) > 0.97 and fleiss_kappa(marks) < 0.6
