"""Intervals of proportions against published numbers and exact coverage; at 0 and n of n too."""

import numpy as np
import pytest
from scipy import stats

from SpatioTemporalLib.numerics.statistics.proportion import wilson_interval


@pytest.mark.parametrize(
    "hits, count, low, high",
    # Newcombe, Stat Med 17:857 (1998), table I, method 3.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_published_intervals(hits, count, low, high):
    assert wilson_interval(hits, count) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize("count", [1, 2, 20, 5000])
@pytest.mark.parametrize("confidence", [0.5, 0.95, 0.999])
def test_none_and_all_have_a_width(count, confidence):
    for hits in (0, count):
        low, high = wilson_interval(hits, count, confidence=confidence)
        assert low <= hits / count <= high and 0 < high - low < 1 and 0 <= low and high <= 1
    assert wilson_interval(0, count)[0] == 0 and wilson_interval(count, count)[1] == 1


@pytest.mark.parametrize("hits, count", [(3, 10), (0, 7), (299, 300)])
def test_limits_are_those_of_scipy(hits, count):
    expected = stats.binomtest(hits, count).proportion_ci(0.9, "wilson")
    assert wilson_interval(hits, count, confidence=0.9) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_nothing_to_count_has_no_interval():
    assert np.isnan(wilson_interval(0, 0)).all()
