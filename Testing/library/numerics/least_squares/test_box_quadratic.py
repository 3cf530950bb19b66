import numpy as np
from scipy.optimize import lsq_linear

from SpatioTemporalLib.numerics.least_squares.box_quadratic import best_coefficients
from SpatioTemporalLib.numerics.least_squares.linear_pair import solve_pair


def test_bounded_pair_agrees_with_scipy_on_every_face():
    rng = np.random.default_rng(0)
    first, second = rng.uniform(0, 1, (2, 12))
    measured = rng.normal(0, 2, (12, 400)) + np.outer(first, rng.normal(0, 2, 400))
    limits = (1.5, 0.8)
    solution = solve_pair(measured, first, second, first_limit=limits[0], second_limit=limits[1])
    faces = set()
    for n in range(measured.shape[1]):
        reference = lsq_linear(np.stack([first, second], 1), measured[:, n], (0, limits), method="bvls", tol=1e-14)
        np.testing.assert_allclose(solution.sse[n], 2 * reference.cost, rtol=1e-10)
        np.testing.assert_allclose([solution.first[n], solution.second[n]], reference.x, atol=1e-8)
        faces.add(tuple(np.sign(reference.active_mask).astype(int)))
    assert len(faces) == 9


def test_single_curve_is_clipped_to_its_bounds():
    best = best_coefficients(np.array([-1.0, 0.5, 3.0]), None, 0.0, 2.0, np.inf)
    assert best.first.tolist() == [0, 0.5, 2]
    assert best.gain.tolist() == [0, 0.25, 8]


def test_equal_curves_do_not_divide_by_zero():
    best = best_coefficients(np.array([1.0]), np.array([1.0]), np.array([1.0]), np.inf, np.inf)
    assert np.isfinite(best.gain).all()
    np.testing.assert_allclose(best.gain, 1.0)
