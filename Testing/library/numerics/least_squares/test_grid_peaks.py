"""Places of a grid from which a descent may win."""

import numpy as np

from SpatioTemporalLib.numerics.least_squares.grid_peaks import promising_peaks

X, Y = np.meshgrid(np.arange(9.0), np.arange(7.0), indexing="ij")
ALL = [np.arange(X.size)]


def hill(x, y, height):
    return height * np.exp(-((X - x) ** 2 + (Y - y) ** 2) / 2)


def test_two_hills_of_nearly_the_same_height_both_count_the_higher_first():
    gain = np.stack([hill(1, 1, 1.0) + hill(6, 5, 0.9)])
    curve, place = promising_peaks(gain, np.array([1.5]), most=8, families=ALL)
    assert curve.tolist() == [0, 0]
    assert [np.unravel_index(p, X.shape) for p in place] == [(1, 1), (6, 5)]


def test_a_much_lower_hill_does_not_count_where_little_is_left_to_explain():
    gain = np.stack([hill(1, 1, 1.0) + hill(6, 5, 0.7)])
    _, place = promising_peaks(gain, np.array([1.02]), most=8, families=ALL)
    assert place.tolist() == [np.ravel_multi_index((1, 1), X.shape)]


def test_a_diagonal_ridge_is_one_peak():
    gain = np.exp(-((X - Y) ** 2) / 0.5 - (X + Y - 8) ** 2 / 50)[None]
    _, place = promising_peaks(gain, np.array([1.5]), most=8, families=ALL)
    assert len(place) == 1


def test_the_best_of_each_family_counts_too():
    low = np.flatnonzero(X.reshape(-1) < 3)
    _, place = promising_peaks(hill(4, 3, 1.0)[None], np.array([3.0]), most=8, families=[low])
    assert place.tolist()[0] == np.ravel_multi_index((4, 3), X.shape)
    _, place = promising_peaks(np.exp(-((X - 4) ** 2) / 40)[None], np.array([3.0]), most=8, families=[low])
    assert X.reshape(-1)[place].tolist() == [4, 2]


def test_where_nothing_explains_anything_each_curve_still_has_one_place():
    curve, place = promising_peaks(np.zeros((3, 4, 5)), np.ones(3), most=8, families=[np.arange(20)])
    assert curve.tolist() == [0, 1, 2] and place.shape == (3,)


def test_no_more_than_asked_for():
    gain = np.random.default_rng(0).uniform(0.9, 1.0, (4, 9, 7))
    curve, _ = promising_peaks(gain, np.full(4, 2.0), most=3, families=ALL)
    assert np.bincount(curve).tolist() == [3, 3, 3, 3]
