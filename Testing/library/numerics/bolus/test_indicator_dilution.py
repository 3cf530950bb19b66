import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import minimize_scalar

from SpatioTemporalLib.numerics.bolus.indicator_dilution import GAMMA, LOGNORMAL, RANDOM_WALK, slope

CASES = {
    "gamma variate": (GAMMA, (3.0, 2.0)),
    "gamma variate, early": (GAMMA, (1.2, 5.0)),
    "lognormal": (LOGNORMAL, (2.0, 0.5)),
    "lognormal, wide": (LOGNORMAL, (2.0, 1.1)),
    "random walk": (RANDOM_WALK, (8.0, 2.0)),
    "random walk, skewed": (RANDOM_WALK, (8.0, 0.3)),
    "random walk, narrow": (RANDOM_WALK, (8.0, 30.0)),
}


@pytest.fixture(params=CASES)
def case(request):
    model, shape = CASES[request.param]
    shape = tuple(np.array(value) for value in shape)
    return model, shape, lambda t: float(model.density(np.array(t), *shape))


def test_area_is_the_integral_of_the_density_and_one_in_all(case):
    model, shape, density = case
    mode = float(model.mode(*shape))
    for end in (0.3 * mode, mode, 3 * mode):
        integral = quad(density, 0, end, epsabs=1e-13, epsrel=1e-11, limit=200)[0]
        assert float(model.area(np.array(end), *shape)) == pytest.approx(integral, rel=1e-8, abs=1e-11)
    assert float(model.area(np.array(1e5), *shape)) == pytest.approx(1, abs=1e-9)


def test_mean_and_mode_are_those_of_the_density(case):
    model, shape, density = case
    mode, mean = float(model.mode(*shape)), float(model.mean(*shape))
    moment = sum(
        quad(lambda t: t * density(t), *span, epsrel=1e-11, limit=400)[0]
        for span in ((0, mode), (mode, 5 * mean), (5 * mean, 200 * mean), (200 * mean, 5000 * mean))
    )
    assert mean == pytest.approx(moment, rel=1e-6)
    highest = minimize_scalar(lambda t: -density(t), bounds=(0.2 * mode, 3 * mode), options={"xatol": 1e-9})
    assert mode == pytest.approx(highest.x, rel=1e-6)


def test_inflections_are_where_the_slope_is_steepest(case):
    model, shape, _ = case
    rising, falling = (float(t) for t in model.inflections(*shape))
    assert 0 <= rising < float(model.mode(*shape)) < falling
    for time, sign in ((rising, 1), (falling, -1)):
        steepest = sign * float(slope(model, np.array(time), *shape))
        for nearby in (0.99 * time, 1.01 * time):
            assert sign * float(slope(model, np.array(nearby), *shape)) < steepest


def test_density_is_zero_before_arrival(case):
    model, shape, _ = case
    assert model.density(np.array([-3.0, 0.0]), *shape).tolist() == [0, 0]
    assert model.area(np.array([-3.0, 0.0]), *shape).tolist() == [0, 0]
