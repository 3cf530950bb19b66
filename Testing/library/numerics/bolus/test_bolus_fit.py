import numpy as np
import pytest
from library.numerics.least_squares.best_of_starts import EXCESS, smallest_sums_of_squares, uniform_starts, worst_excess
from scipy.integrate import quad

from SpatioTemporalLib.numerics.bolus.bolus_fit import (
    _bounds,
    arrival_and_shape,
    bolus_measures,
    fit_bolus,
    time_errors,
)
from SpatioTemporalLib.numerics.bolus.indicator_dilution import GAMMA, LOGNORMAL, RANDOM_WALK

TIMES = np.arange(0, 60, 0.75)
MODELS = {"gamma variate": GAMMA, "lognormal": LOGNORMAL, "random walk": RANDOM_WALK}


def boluses(model, count, rng, noise):
    mode = np.exp(rng.uniform(np.log(3), np.log(15), count))
    number = np.exp(rng.uniform(np.log(1.3 * model.bounds[0]), np.log(0.8 * min(model.bounds[1], 10)), count))
    arrival, area = rng.uniform(0, 12, count), rng.uniform(50, 500, count)
    first, second = model.from_search(np.log(mode), np.log(number))
    curves = area * model.density(TIMES[:, None] - arrival, first, second)
    curves += rng.normal(0, noise, curves.shape) * curves.max(axis=0)
    return curves, {
        "auc": area,
        "arrival": arrival,
        "time_to_peak": mode,
        "mean_transit_time": model.mean(first, second),
    }


@pytest.mark.parametrize("name", MODELS)
def test_noise_free_bolus_is_found(name):
    curves, truth = boluses(MODELS[name], 60, np.random.default_rng(1), noise=0.0)
    found = fit_bolus(TIMES, curves, MODELS[name])
    measures = bolus_measures(TIMES, found, MODELS[name])
    for quantity, values in truth.items():
        np.testing.assert_allclose(measures[quantity], values, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("noise", [0.03, 0.2])
@pytest.mark.parametrize("name", MODELS)
def test_never_above_the_best_of_twenty_starts(name, noise, worst_error):
    model, rng = MODELS[name], np.random.default_rng(2)
    curves, _ = boluses(model, 20, rng, noise)
    found = fit_bolus(TIMES, curves, model)
    low, high = _bounds(TIMES, model)

    def residuals(parameters, which):
        arrival, first, second = (values[:, None] for values in arrival_and_shape(TIMES, parameters, model))
        shape, measured = model.density(TIMES - arrival, first, second), curves.T[which]
        power = np.maximum((shape**2).sum(axis=1, keepdims=True), 1e-300)
        return measured - np.maximum((shape * measured).sum(axis=1, keepdims=True) / power, 0) * shape

    best = smallest_sums_of_squares(residuals, uniform_starts(rng, low, high, 20), low, high)
    excess = worst_excess(found.sse, best, (curves**2).sum(axis=0))
    worst_error(f"bolus, {name}, noise {noise:g}: excess over 20 starts", excess, EXCESS)
    assert excess <= EXCESS


@pytest.mark.parametrize("name", MODELS)
def test_measures_are_those_of_the_curve_itself(name):
    """Peak, tangents and areas taken from the fitted curve by numerical means."""
    model = MODELS[name]
    curves, _ = boluses(model, 1, np.random.default_rng(3), noise=0.0)
    found = fit_bolus(TIMES, curves, model)
    measures = {key: float(value[0]) for key, value in bolus_measures(TIMES, found, model).items()}
    arrival, first, second = (float(v[0]) for v in arrival_and_shape(TIMES, found.parameters, model))
    fine = np.linspace(0, 80, 400001)
    curve = measures["auc"] * model.density(fine, np.array(first), np.array(second))
    steepness = np.gradient(curve, fine)
    peak, up, down = curve.argmax(), steepness.argmax(), steepness.argmin()
    begin, end = fine[up] - curve[up] / steepness[up], fine[down] - curve[down] / steepness[down]

    def height(time):
        return measures["auc"] * float(model.density(np.array(time), first, second))

    def area(start, stop):
        return quad(height, start, stop, epsrel=1e-9)[0]

    expected = {
        "peak": curve[peak],
        "time_to_peak": fine[peak],
        "rise_time": fine[peak] - begin,
        "fall_time": end - fine[peak],
        "wash_in_rate": steepness[up],
        "wash_out_rate": -steepness[down],
        "wash_in_area": area(begin, fine[peak]),
        "wash_in_perfusion_index": area(begin, fine[peak]) / (fine[peak] - begin),
        "wash_out_area": area(fine[peak], end),
    }
    for quantity, value in expected.items():
        assert measures[quantity] == pytest.approx(value, rel=1e-3), quantity


def test_errors_of_times_are_the_spread_of_repeated_fits():
    rng = np.random.default_rng(4)
    clean = 300 * LOGNORMAL.density(TIMES - 6.0, 2.3, 0.5)
    noise = 0.03 * clean.max()
    found = fit_bolus(TIMES, clean[:, None] + rng.normal(0, noise, (len(TIMES), 400)), LOGNORMAL)
    measures = bolus_measures(TIMES, found, LOGNORMAL)
    for name, error in time_errors(found, LOGNORMAL).items():
        # 400 repeats tell a standard deviation to 3.5 %.
        assert measures[name].std() == pytest.approx(noise * np.median(error), rel=0.15)
