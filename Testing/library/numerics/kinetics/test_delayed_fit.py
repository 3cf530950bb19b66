import numpy as np

from SpatioTemporalLib.numerics.kinetics.delayed_fit import best_delays


def misfit(curves, delay):
    return (curves[0] - delay) ** 2 + 1


def test_delays_are_found_on_the_finest_grid():
    wanted = np.array([-9.3, -0.06, 0.0, 3.14, 9.99])
    found = best_delays(wanted[None], misfit, low=-10, high=10, step=1.0)
    # Four halvings of a step of 1 s leave 1/16 s.
    assert np.abs(found - wanted).max() <= 1 / 32 + 1e-12


def test_delays_outside_the_range_stop_at_its_ends():
    found = best_delays(np.array([[-30.0, 30.0]]), misfit, low=-10, high=10, step=2.5)
    assert found.tolist() == [-10, 10]
