"""The two-compartment curves against the differential equations they solve, and their limits."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from SpatioTemporalLib.numerics.bolus.population_input_functions import parker_blood_concentration
from SpatioTemporalLib.numerics.kinetics.tofts_models import extended_tofts_concentration
from SpatioTemporalLib.numerics.kinetics.two_compartment.models import (
    PER_SECOND,
    Exchange,
    exchange_of,
    pole_slopes,
    poles,
    two_compartment_concentration,
)
from SpatioTemporalLib.numerics.signal.exponential_convolution import exponential_convolution
from SpatioTemporalLib.numerics.signal.frame_sampling import at_instants
from SpatioTemporalLib.numerics.signal.tabulated_exponentials import tabulate_exponentials

TIMES = np.sort(np.append(np.arange(0, 240, 2.0), [3.3, 57.1]))
PLASMA = parker_blood_concentration(TIMES, arrival=20) / 0.58


def curve(**parameters):
    return two_compartment_concentration(TIMES, PLASMA, TIMES, **parameters)


def by_mass_balance(fp, ps, ve, vp):
    """Plasma and interstitium as differential equations, piece by piece of the linear input."""
    flow, exchange = fp / 6000, ps / 60

    def change(t, c):
        leaking = exchange * (c[0] - c[1])
        return [(flow * (np.interp(t, TIMES, PLASMA) - c[0]) - leaking) / vp, leaking / ve]

    states = [np.zeros(2)]
    for start, stop in zip(TIMES, TIMES[1:]):
        piece = solve_ivp(change, (start, stop), states[-1], method="Radau", rtol=1e-9, atol=1e-12)
        states.append(piece.y[:, -1])
    return np.array(states) @ [vp, ve]


@pytest.mark.parametrize("fp, ps, ve, vp", [(30, 0.1, 0.2, 0.05), (5, 0.5, 0.4, 0.02), (80, 0.02, 0.1, 0.15)])
def test_curve_solves_the_mass_balance_of_both_compartments(fp, ps, ve, vp):
    # 1e-7: what the integration of the equations leaves.
    np.testing.assert_allclose(curve(fp=fp, ps=ps, ve=ve, vp=vp), by_mass_balance(fp, ps, ve, vp), atol=1e-7)


def test_no_permeability_is_one_compartment():
    got = curve(fp=30, ps=0.0, ve=0.2, vp=0.1)
    np.testing.assert_allclose(got, 30 / 6000 * exponential_convolution(TIMES, PLASMA, 30 / 6000 / 0.1, TIMES))


def test_fast_exchange_is_one_compartment_of_both_volumes():
    got = curve(fp=30, ps=1e5, ve=0.2, vp=0.1)
    np.testing.assert_allclose(got, curve(fp=30, ps=0.0, vp=0.3), rtol=1e-4, atol=1e-6)


def test_infinite_flow_is_the_extended_tofts_model():
    got = curve(fp=1e7, ps=0.1, ve=0.2, vp=0.05)
    tofts = extended_tofts_concentration(TIMES, PLASMA, TIMES, ktrans=0.1, ve=0.2, vp=0.05)
    np.testing.assert_allclose(got, tofts, rtol=1e-3, atol=1e-5)


def test_no_plasma_volume_is_the_tofts_model_of_the_extracted_flow():
    flow, ps = 30 / 100, 0.1
    tofts = extended_tofts_concentration(TIMES, PLASMA, TIMES, ktrans=flow * ps / (flow + ps), ve=0.2)
    np.testing.assert_allclose(curve(fp=30, ps=ps, ve=0.2, vp=0.0), tofts, rtol=1e-4, atol=1e-6)


def test_infinite_interstitium_is_the_uptake_model():
    flow, ps, vp = 30 / 6000, 0.1 / 60, 0.05
    share = ps / (ps + flow)
    parts = exponential_convolution(TIMES, PLASMA, [(flow + ps) / vp, 0.0], TIMES)
    np.testing.assert_allclose(curve(fp=30, ps=0.1, vp=vp), flow * ((1 - share) * parts[0] + share * parts[1]))
    np.testing.assert_allclose(curve(fp=30, ps=0.1, ve=1e7, vp=vp), curve(fp=30, ps=0.1, vp=vp), rtol=1e-5)


def test_double_pole_is_the_mean_of_its_neighbours():
    # PS and ve vanish together, PS / ve staying at the rate of the plasma.
    flow, vp = 30.0, 0.1
    near = [curve(fp=flow, ps=ps, ve=ps / (flow / 100 / vp), vp=vp) for ps in (1e-6, 1e-9, 1e-13, 0.0)]
    assert np.isfinite(near).all()
    for got in near:
        np.testing.assert_allclose(got, curve(fp=flow, ps=0.0, vp=vp), rtol=1e-3, atol=1e-7)


@pytest.mark.parametrize("zero", ["fp", "ps", "ve", "vp"])
def test_every_parameter_may_be_zero(zero):
    got = curve(**({"fp": 30.0, "ps": 0.1, "ve": 0.2, "vp": 0.05} | {zero: 0.0}))
    assert np.isfinite(got).all()
    assert (got == 0).all() == (zero == "fp")


def test_two_exponentials_give_back_the_physical_parameters():
    rng = np.random.default_rng(0)
    flow, ps = rng.uniform(5, 100, 200) * PER_SECOND, rng.uniform(0.01, 1, 200) / 60
    truth = Exchange(flow, ps, rng.uniform(0.05, 0.6, 200), rng.uniform(0.01, 0.2, 200))
    pole = poles(truth)
    share = pole.excess / (pole.fast - pole.slow)
    back = exchange_of(pole.fast, pole.slow, share)
    for name in ("ps", "ve", "vp"):
        np.testing.assert_allclose(getattr(back, name) * flow, getattr(truth, name), rtol=1e-8)


def test_slopes_of_the_poles_are_those_of_finite_differences():
    at = Exchange(*np.array([[0.005], [0.002], [0.2], [0.05]]))
    slopes = pole_slopes(at, poles(at))
    for name in at._fields:
        step = getattr(at, name) * 1e-6
        ahead, behind = (at._replace(**{name: getattr(at, name) + s}) for s in (step, -step))
        values = [(p.fast, p.slow, p.excess + p.slow) for p in (poles(ahead), poles(behind))]
        for got, high, low in zip(slopes[name], *values):
            np.testing.assert_allclose(got, (high - low) / (2 * step), rtol=1e-6)


def test_table_agrees_with_the_exact_convolution_at_any_rate():
    table = tabulate_exponentials(TIMES, PLASMA, at_instants(TIMES))
    rates = np.append(np.geomspace(1e-7, 1e4, 500), 0.0)
    exact = exponential_convolution(TIMES, PLASMA, rates, TIMES)
    coordinates, _ = table.at(rates)
    error = np.abs(coordinates @ table.basis.T - exact).max(axis=1) / exact.max(axis=1)
    assert error.max() < 2e-9
    assert table.basis.shape[1] < 35
