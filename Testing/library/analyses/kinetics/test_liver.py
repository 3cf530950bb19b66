"""Liver models on curves made from their differential equations' closed forms."""

from dataclasses import replace

import numpy as np
import pytest
from library.small.inputs import DESIGN, small_inputs

import SpatioTemporalLib as st
from SpatioTemporalLib.numerics.bolus.population_input_functions import parker_blood_concentration
from SpatioTemporalLib.numerics.signal.exponential_convolution import exponential_convolution, running_integral
from SpatioTemporalLib.simulation.tofts_phantom import tofts_phantom

TIMES = np.arange(0, 300, 2.0)
ARTERY = parker_blood_concentration(TIMES, arrival=20) / 0.58
# Through gut and spleen the bolus comes later and broader.
PORTAL = exponential_convolution(TIMES + 8.0, ARTERY, 0.1, TIMES) * 0.1
AIF = st.Curve(TIMES, ARTERY, "mmol/L", "artery")
VEIN = st.Curve(TIMES, PORTAL, "mmol/L", "portal vein")
LATE = np.arange(0, 2400, 10.0)


def dual(flow, share, mtt, arterial_delay=0.0, portal_delay=0.0):
    """Each inlet convolved exactly, its delay given to its own times."""
    rate, flow = 1 / mtt, flow / 6000
    arterial = exponential_convolution(TIMES + arterial_delay, ARTERY, rate, TIMES)
    portal = exponential_convolution(TIMES + portal_delay, PORTAL, rate, TIMES)
    return flow * (share * arterial + (1 - share) * portal)


def run(analysis, curves, times=TIMES, **more):
    series = st.Series.from_curves(times, np.stack(curves, axis=1), unit="mmol/L", name="liver")
    arguments = {"aif": AIF, "portal_vein": VEIN, "curve_is": "plasma"} | more
    return st.run(f"kinetics.{analysis}", series=series, **arguments)


def test_dual_input_gives_flow_fraction_volume_and_delays(worst_error):
    cases = np.array([(120.0, 0.25, 15.0, 3.3, 1.7), (60.0, 0.7, 30.0, 6.1, 0.9)])
    result = run("dual_input_liver", [dual(*case) for case in cases])
    names = ("fp", "arterial_fraction", "mtt", "arterial_delay", "portal_delay")
    found = np.stack([result[name].values.reshape(-1) for name in names], axis=1)
    worst_error("dual-input liver without noise, relative", np.abs(found / cases - 1).max(), 2e-3)
    np.testing.assert_allclose(found, cases, rtol=2e-3)
    np.testing.assert_allclose(result.v.values.reshape(-1), cases[:, 0] * cases[:, 2] / 6000, rtol=2e-3)


def test_without_delays_the_three_parameters_are_exact():
    result = run("dual_input_liver", [dual(120.0, 0.25, 15.0)], delay="none")
    found = [result[name].values.item() for name in ("fp", "arterial_fraction", "mtt")]
    np.testing.assert_allclose(found, (120.0, 0.25, 15.0), rtol=1e-4)


def test_standard_errors_cover_the_errors():
    count, truth = 300, {"fp": 120.0, "arterial_fraction": 0.3, "mtt": 15.0, "v": 0.3}
    noise = 0.01 * np.random.default_rng(0).normal(size=(count, len(TIMES)))
    result = run("dual_input_liver", list(dual(120.0, 0.3, 15.0) + noise), delay="none")
    for name, value in truth.items():
        away = (result[name].values - value) / result[f"{name}_se"].values
        # Of a normal error two thirds lie within one standard error; 300 repeats leave 2.7 %.
        assert (np.abs(away) < 1).mean() == pytest.approx(0.68, abs=0.1), name


def test_descents_arrive_though_delays_have_kinks():
    # Muscle and breast have no portal vein: its share and its delay lie at the end of a long valley.
    phantom = tofts_phantom(replace(DESIGN, noise=0.01), np.random.default_rng(1))
    liver = st.analyses()["kinetics.dual_input_liver"]
    result = st.run(liver.id, **small_inputs(liver, phantom))
    statuses = {label.name: int((result.fit_status.values == n).sum()) for n, label in result.fit_status.labels.items()}
    assert "fit did not converge" not in statuses, statuses


def test_inlets_through_which_nothing_comes_have_no_delay():
    result = run("dual_input_liver", [dual(100.0, 1.0, 15.0, 2.0), np.zeros(len(TIMES))])
    assert result.arterial_fraction.values.reshape(-1)[0] == pytest.approx(1.0, abs=1e-3)
    names = {value: label.name for value, label in result.fit_status.labels.items()}
    assert names[int(result.fit_status.values.reshape(-1)[1])] == "no uptake"
    assert result.fp.values.reshape(-1)[1] == 0 and np.isnan(result.mtt.values.reshape(-1)[1])


def test_portal_vein_is_asked_for():
    with pytest.raises(st.InputError, match="portal vein") as caught:
        run("dual_input_liver", [dual(100.0, 0.3, 15.0)], portal_vein=None)
    assert caught.value.code == "E-AIF-MISSING"


def test_portal_vein_can_be_measured_in_the_series():
    curves = np.stack([dual(120.0, 0.25, 15.0), PORTAL, PORTAL], axis=1)
    series = st.Series.from_curves(TIMES, curves, unit="mmol/L", name="liver")
    vein = st.LabelMap(np.array([0, 1, 1]).reshape(1, 1, 3), series.geometry)
    tissue = st.LabelMap(np.array([1, 0, 0]).reshape(1, 1, 3), series.geometry)
    result = st.run(
        "kinetics.dual_input_liver",
        series=series,
        mask=tissue,
        aif=AIF,
        portal_mask=vein,
        curve_is="plasma",
        hematocrit=0.0,
        delay="none",
    )
    assert result.fp.values.reshape(-1)[0] == pytest.approx(120.0, rel=1e-3)


@pytest.mark.parametrize("with_portal", [False, True])
def test_gadoxetate_gives_volume_uptake_and_excretion(with_portal):
    plasma = parker_blood_concentration(LATE, arrival=60) / 0.58
    later = 0.1 * exponential_convolution(LATE + 8, plasma, 0.1, LATE)
    entering = 0.25 * plasma + 0.75 * later if with_portal else plasma
    ve, khe, kbh = 0.2, 0.12, 0.01
    taken_up = khe / 60 * exponential_convolution(LATE, entering, kbh / 60, LATE)
    aif = st.Curve(LATE, plasma, "mmol/L", "artery")
    vein = st.Curve(LATE, later, "mmol/L", "vein") if with_portal else None
    result = run("gadoxetate_uptake", [ve * entering + taken_up], LATE, aif=aif, portal_vein=vein)
    found = [result[name].values.item() for name in ("ve", "khe", "kbh")]
    np.testing.assert_allclose(found, (ve, khe, kbh), rtol=2e-3)
    fitted = next(curve for curve in result.curves if curve.fit_of)
    np.testing.assert_allclose(fitted.values, ve * entering + taken_up, atol=1e-4)


def test_gadoxetate_that_stays_in_cells_is_said_to_leave_no_rate():
    plasma = parker_blood_concentration(LATE, arrival=60) / 0.58
    curve = 0.2 * plasma + 0.12 / 60 * running_integral(LATE, plasma, LATE)
    result = run("gadoxetate_uptake", [curve], LATE, aif=st.Curve(LATE, plasma, "mmol/L", "artery"), portal_vein=None)
    assert result.khe.values.item() == pytest.approx(0.12, rel=0.01)
    names = {value: label.name for value, label in result.fit_status.labels.items()}
    assert names[int(result.fit_status.values.item())] == "rates or flow not identified by the data"
