"""The plug flow analyses on tissues whose parameters are known."""

import numpy as np
import pytest

import SpatioTemporalLib as st
from SpatioTemporalLib.numerics.bolus.population_input_functions import parker_blood_concentration
from SpatioTemporalLib.numerics.kinetics.plug_flow_models import plug_flow_curves
from SpatioTemporalLib.numerics.signal.frame_sampling import at_instants
from SpatioTemporalLib.steps.kinetics.plug_flow_fit import IN_ONE_UNIT

TIMES = np.arange(0, 240, 1.5)
PLASMA = parker_blood_concentration(TIMES, arrival=20) / 0.58
AIF = st.Curve(TIMES, PLASMA, "mmol/L", "plasma")
ANALYSES = {
    "adiabatic_tissue_homogeneity": "adiabatic",
    "tissue_homogeneity": "homogeneous",
    "distributed_parameter": "distributed",
}
TRUTH = np.array([[20.0, 60.0], [0.05, 0.2], [0.2, 0.35], [0.03, 0.1]])


def run(analysis, parameters, noise=0.0, **more):
    curves = plug_flow_curves(ANALYSES[analysis], TIMES, PLASMA, at_instants(TIMES))(
        np.asarray(parameters, float) * IN_ONE_UNIT[:, None]
    )
    curves = curves + noise * np.random.default_rng(0).normal(size=curves.shape)
    series = st.Series.from_curves(TIMES, curves.T, unit="mmol/L", name="tissue")
    return st.run(f"kinetics.{analysis}", series=series, aif=AIF, curve_is="plasma", **more)


@pytest.mark.parametrize("analysis", ANALYSES)
def test_parameters_come_back_in_the_units_of_the_field(analysis):
    result = run(analysis, TRUTH)
    for name, truth in zip(("fp", "ps", "ve", "vp"), TRUTH):
        np.testing.assert_allclose(result[name].values.reshape(-1), truth, rtol=1e-4)
    np.testing.assert_allclose(result.mtt.values.reshape(-1), 6000 * TRUTH[3] / TRUTH[0], rtol=1e-4)
    assert (result.fit_status.values == 1).all()


def test_standard_errors_cover_the_errors():
    count = 200
    truth = np.repeat([[40.0], [0.15], [0.25], [0.06]], count, axis=1)
    result = run("adiabatic_tissue_homogeneity", truth, noise=0.005)
    expected = {"fp": 40.0, "ps": 0.15, "ve": 0.25, "vp": 0.06, "mtt": 9.0}
    for name, value in expected.items():
        away = (result[name].values - value) / result[f"{name}_se"].values
        # Of a normal error two thirds lie within one standard error; 200 repeats leave 3.3 %.
        assert (np.abs(away) < 1).mean() == pytest.approx(0.68, abs=0.12), name


def test_what_cannot_be_known_is_said():
    tissues = np.array([[0.0, 30, 30], [0.1, 0.0, 0.1], [0.2, 0.2, 1.6], [0.05, 0.05, 0.05]])
    result = run("adiabatic_tissue_homogeneity", tissues)
    names = {value: label.name for value, label in result.fit_status.labels.items()}
    reasons = [names[int(value)] for value in result.fit_status.values.reshape(-1)]
    assert reasons == ["no uptake", "rates or flow not identified by the data", "ve at its upper limit"]
    assert np.isnan(result.ve.values.reshape(-1)[:2]).all()
