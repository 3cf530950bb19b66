"""Brix's model against its equations solved numerically, and its parameters from signals."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import SpatioTemporalLib as st
from SpatioTemporalLib.numerics.kinetics.brix_model import brix_enhancement

TIMES = np.arange(0, 420, 5.0)
START = 40.0
TRUTH = np.array([(1.5, 2.0, 0.2), (0.8, 0.6, 0.05), (2.5, 5.0, 0.0)])  # amplitude, kep and kel in 1/min


def enhancement(amplitude, kep, kel, duration, times=TIMES - START):
    values = {"amplitude": amplitude, "kep": kep / 60, "kel": kel / 60}
    return brix_enhancement(times, **{n: np.atleast_1d(v).astype(float) for n, v in values.items()}, duration=duration)


def run(relative, noise=0.0, **more):
    scatter = noise * np.random.default_rng(0).normal(size=relative.shape)
    # The baseline's own error scales a whole curve, and no residual shows it.
    scatter[:, :8] = 0
    signal = 200 * (1 + relative + scatter)
    series = st.Series.from_curves(TIMES, signal.T, name="tissue")
    return st.run("kinetics.brix", series=series, **({"arrival": START, "baseline_frames": 8} | more))


@pytest.mark.parametrize("kep, kel", [(2.0, 0.2), (0.3, 0.3), (0.1, 1.0)])
def test_curve_solves_the_mass_balances(kep, kel, worst_error):
    duration = 30.0

    def balances(t, amounts):
        plasma, tissue = amounts
        return [(t < duration) / duration - kel / 60 * plasma, kep / 60 * (plasma - tissue)]

    times = np.linspace(1.0, 300.0, 60)
    reference = solve_ivp(balances, (0, 300), [0, 0], t_eval=times, rtol=1e-9, atol=1e-12, max_step=1.0).y[1]
    error = np.abs(enhancement(1.0, kep, kel, duration, times)[0] / reference - 1).max()
    worst_error("Brix curve against its differential equations, relative", error, 1e-4)
    assert error < 1e-4


def test_bolus_is_the_difference_of_exponentials():
    kep, kel, t = 2.0 / 60, 0.2 / 60, np.linspace(1, 300, 50)
    expected = kep * (np.exp(-kel * t) - np.exp(-kep * t)) / (kep - kel)
    np.testing.assert_allclose(enhancement(1.0, 2.0, 0.2, 1e-4, t)[0], expected, rtol=1e-4)


@pytest.mark.parametrize("duration", [5.0, 60.0])
def test_parameters_come_back_from_the_signal(duration):
    result = run(enhancement(*TRUTH.T, duration), infusion_duration=duration)
    found = np.stack([result[name].values.reshape(-1) for name in ("amplitude", "kep", "kel")], axis=1)
    np.testing.assert_allclose(found, TRUTH, rtol=1e-4, atol=1e-4)


def test_standard_errors_cover_the_errors():
    truth = {"amplitude": 1.5, "kep": 2.0, "kel": 0.2}
    result = run(np.repeat(enhancement(*TRUTH[0], 5.0), 400, axis=0), noise=0.02)
    for name, value in truth.items():
        away = (result[name].values - value) / result[f"{name}_se"].values
        # Of a normal error two thirds lie within one standard error; 400 repeats leave 2.3 %.
        assert (np.abs(away) < 1).mean() == pytest.approx(0.68, abs=0.09), name


def test_limits_give_no_nan():
    edges = np.array([(0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (1.0, 0.0, 1.0), (1.0, 2.0, 2.0), (1.0, 20.0, 0.0)])
    assert np.isfinite(enhancement(*edges.T, 5.0)).all()
    # Equal rates are no special case of the curve.
    near = enhancement(1.0, 2.0, 2.0 * (1 + 1e-3), 5.0) - enhancement(1.0, 2.0, 2.0, 5.0)
    assert np.abs(near).max() < 2e-3


def test_what_cannot_be_known_is_said():
    flat, negative = np.zeros((1, len(TIMES))), -enhancement(*TRUTH[0], 5.0) / 3
    result = run(np.concatenate([flat, negative, enhancement(*TRUTH[0], 5.0)]))
    names = {value: label.name for value, label in result.fit_status.labels.items()}
    assert [names[int(v)] for v in result.fit_status.values.reshape(-1)] == ["no uptake", "no uptake", "fitted"]


def test_concentrations_are_refused():
    series = st.Series.from_curves(TIMES, np.ones((len(TIMES), 1)), unit="mmol/L")
    with pytest.raises(st.InputError) as caught:
        st.run("kinetics.brix", series=series, arrival=START)
    assert caught.value.code == "E-INPUT-UNIT"
