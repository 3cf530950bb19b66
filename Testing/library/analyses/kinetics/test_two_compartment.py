"""The two-compartment analyses on tissues whose parameters are known."""

import numpy as np
import pytest

import SpatioTemporalLib as st
from SpatioTemporalLib.numerics.bolus.population_input_functions import parker_blood_concentration
from SpatioTemporalLib.numerics.kinetics.two_compartment.models import two_compartment_concentration

TIMES = np.arange(0, 300, 1.5)
PLASMA = parker_blood_concentration(TIMES, arrival=20) / 0.58
AIF = st.Curve(TIMES, PLASMA, "mmol/L", "plasma")


def run(analysis, fp, ps, ve, vp, noise=0.0, **parameters):
    curves = two_compartment_concentration(TIMES, PLASMA, TIMES, fp=fp, ps=ps, ve=ve, vp=vp)
    curves = curves + noise * np.random.default_rng(0).normal(size=curves.shape)
    series = st.Series.from_curves(TIMES, curves.T, unit="mmol/L", name="tissue")
    return st.run(f"kinetics.{analysis}", series=series, aif=AIF, curve_is="plasma", **parameters)


def reasons(result):
    names = {value: label.name for value, label in result.fit_status.labels.items()}
    return [names[int(value)] for value in result.fit_status.values.reshape(-1)]


FP, PS, VE, VP = np.array([20.0, 60.0]), np.array([0.05, 0.2]), np.array([0.2, 0.35]), np.array([0.03, 0.1])


@pytest.mark.parametrize(
    "analysis, ps, ve, names",
    [
        ("two_compartment_exchange", PS, VE, {"fp": FP, "ps": PS, "ve": VE, "vp": VP}),
        ("two_compartment_uptake", PS, np.inf, {"fp": FP, "ps": PS, "vp": VP}),
        ("one_compartment", 0.0, 1.0, {"fp": FP, "v": VP}),
    ],
)
def test_parameters_come_back_in_the_units_of_the_field(analysis, ps, ve, names):
    result = run(analysis, FP, ps, ve, VP)
    for name, truth in names.items():
        np.testing.assert_allclose(result[name].values.reshape(-1), truth, rtol=1e-3)
    assert reasons(result) == ["fitted"] * 2


def test_standard_errors_cover_the_errors():
    count = 300
    result = run("two_compartment_exchange", np.full(count, 40.0), 0.15, 0.25, 0.06, noise=0.005)
    for name, truth in {"fp": 40.0, "ps": 0.15, "ve": 0.25, "vp": 0.06}.items():
        away = (result[name].values - truth) / result[f"{name}_se"].values
        # Of a normal error two thirds lie within one standard error; 300 repeats leave 2.7 %.
        assert (np.abs(away) < 1).mean() == pytest.approx(0.68, abs=0.1), name


def test_what_cannot_be_known_is_said():
    result = run("two_compartment_exchange", [400.0, 30.0, 30.0], [0.1, 0.1, 0.1], [0.2, 1.6, 0.2], [0.05, 0.05, 0.05])
    assert reasons(result) == ["rates or flow not identified by the data", "ve at its upper limit", "fitted"]
    flat = run("two_compartment_exchange", [0.0, 30.0], 0.1, 0.2, 0.05)
    assert reasons(flat)[0] == "no uptake"
    assert np.isnan(flat.ps.values.reshape(-1)[0]) and flat.fp.values.reshape(-1)[0] == 0


def test_delay_is_found():
    late = two_compartment_concentration(TIMES + 4.5, PLASMA, TIMES, fp=40.0, ps=0.1, ve=0.2, vp=0.05)
    series = st.Series.from_curves(TIMES, late, unit="mmol/L", name="tissue")
    result = st.run(
        "kinetics.two_compartment_exchange", series=series, aif=AIF, curve_is="plasma", delay="fit", largest_delay=6.0
    )
    assert result.delay.values.item() == pytest.approx(4.5, abs=0.5)
