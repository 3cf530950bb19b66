"""The shutter speed model against the exchange of two pools of water, and its parameters from curves."""

import numpy as np
import pytest

import SpatioTemporalLib as st
from SpatioTemporalLib.numerics.bolus.population_input_functions import parker_blood_concentration
from SpatioTemporalLib.numerics.kinetics.shutter_speed import observed_rise
from SpatioTemporalLib.numerics.kinetics.tofts_models import extended_tofts_concentration

TIMES = np.arange(0, 400, 4.0)
PLASMA = parker_blood_concentration(TIMES, arrival=30) / 0.58
AIF = st.Curve(TIMES, PLASMA, "mmol/L", "plasma")
RELAXIVITY, WATER = 4.5, 0.8


def slower_eigenvalue(rise, outside, stay, r1=0.7):
    """Of the Bloch equations of both pools, less the rate before contrast."""
    leaving = 1 / stay
    entering = leaving * (1 - outside) / outside
    matrix = np.array([[r1 + leaving, -entering], [-leaving, r1 + rise + entering]])
    return np.linalg.eigvals(matrix).real.min() - r1


def apparent(ktrans, ve, tau_i):
    """Curves by the eigenvalues, from the interstitial concentration of the Tofts model."""
    interstitial = extended_tofts_concentration(TIMES, PLASMA, TIMES, ktrans=ktrans, ve=ve) / ve
    return np.array([slower_eigenvalue(RELAXIVITY * c, ve / WATER, tau_i) for c in interstitial]) / RELAXIVITY


def run(analysis, curves, **more):
    series = st.Series.from_curves(TIMES, np.stack(curves, axis=1), unit="mmol/L", name="tissue")
    arguments = {"aif": AIF, "curve_is": "plasma", "relaxivity": RELAXIVITY} | more
    return st.run(f"kinetics.{analysis}", series=series, **arguments)


@pytest.mark.parametrize("rise", [0.0, 0.01, 1.0, 20.0])
@pytest.mark.parametrize("stay", [0.001, 0.1, 1.0])
def test_observed_rise_is_the_slower_eigenvalue(rise, stay):
    for outside in (0.05, 0.4, 0.9):
        ours = observed_rise(np.array([[rise]]), outside=np.array([outside]), stay=np.array([stay]))[0, 0]
        assert ours == pytest.approx(slower_eigenvalue(rise, outside, stay), rel=1e-9, abs=1e-10)


def test_fast_exchange_is_the_mean_of_the_pools():
    rise = np.array([[0.5, 5.0]])
    ours = observed_rise(rise, outside=np.array([0.3]), stay=np.zeros(1))
    np.testing.assert_allclose(ours, 0.3 * rise, rtol=1e-4)


def test_parameters_come_back(worst_error):
    truth = np.array([(0.3, 0.25, 0.5), (0.15, 0.4, 1.0), (0.6, 0.15, 0.2)])
    result = run("shutter_speed", [apparent(*case) for case in truth])
    found = np.stack([result[name].values.reshape(-1) for name in ("ktrans", "ve", "tau_i")], axis=1)
    worst_error("shutter speed parameters without noise, relative", np.abs(found / truth - 1).max(), 1e-3)
    np.testing.assert_allclose(found, truth, rtol=1e-3)
    np.testing.assert_allclose(result.kep.values.reshape(-1), truth[:, 0] / truth[:, 1], rtol=1e-3)


def test_neglected_exchange_makes_ktrans_too_small():
    curve = apparent(0.5, 0.3, 0.8)
    assert run("tofts", [curve]).ktrans.values.item() < 0.8 * 0.5
    assert run("shutter_speed", [curve]).ktrans.values.item() == pytest.approx(0.5, rel=1e-3)


def test_without_lifetime_and_with_all_volume_water_it_is_the_tofts_model():
    curve = extended_tofts_concentration(TIMES, PLASMA, TIMES, ktrans=0.2, ve=0.3)
    result = run("shutter_speed", [curve], water_fraction=1.0, tau_i_max=0.1)
    assert result.ktrans.values.item() == pytest.approx(0.2, rel=2e-3)
    assert result.ve.values.item() == pytest.approx(0.3, rel=2e-3)
    assert result.tau_i.values.item() < 0.02


def test_standard_errors_cover_the_errors():
    truth = {"ktrans": 0.4, "ve": 0.3, "tau_i": 0.8}
    noise = 0.005 * np.random.default_rng(0).normal(size=(300, len(TIMES)))
    result = run("shutter_speed", list(apparent(*truth.values()) + noise))
    for name, value in truth.items():
        away = (result[name].values - value) / result[f"{name}_se"].values
        # Of a normal error two thirds lie within one standard error; 300 repeats leave 2.7 %.
        assert (np.abs(away) < 1).mean() == pytest.approx(0.68, abs=0.1), name


def test_voxels_without_uptake_are_said_to_have_none():
    result = run("shutter_speed", [0 * TIMES, apparent(0.3, 0.25, 0.5)])
    names = {value: label.name for value, label in result.fit_status.labels.items()}
    assert [names[int(v)] for v in result.fit_status.values.reshape(-1)] == ["no uptake", "fitted"]
