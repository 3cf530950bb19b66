"""The linear method on curves for which its integrals are exact, and what noise does to it."""

import numpy as np
import pytest

import SpatioTemporalLib as st
from SpatioTemporalLib.numerics.bolus.population_input_functions import parker_blood_concentration
from SpatioTemporalLib.numerics.kinetics.tofts_models import extended_tofts_concentration

KTRANS, VE, VP = np.array([0.05, 0.25, 0.4]), np.array([0.1, 0.3, 0.5]), np.array([0.02, 0.05, 0.1])


def run(interval, vp=VP, noise=0.0, analysis="linear_tofts", copies=1, **more):
    times = np.arange(0, 360, interval)
    plasma = parker_blood_concentration(times, arrival=30.0) / 0.58
    truth = [np.repeat(values, copies) for values in (KTRANS, VE, np.broadcast_to(vp, KTRANS.shape))]
    curves = extended_tofts_concentration(times, plasma, times, **dict(zip(("ktrans", "ve", "vp"), truth)))
    curves = curves + noise * np.random.default_rng(0).normal(size=curves.shape)
    series = st.Series.from_curves(times, curves.T, unit="mmol/L", name="tissue")
    aif = st.Curve(times, plasma, "mmol/L", "plasma")
    return st.run(f"kinetics.{analysis}", series=series, aif=aif, curve_is="plasma", **more)


@pytest.mark.parametrize("plasma_volume", [True, False])
def test_parameters_without_noise_are_right_but_for_the_trapezoid_rule(plasma_volume):
    vp = VP if plasma_volume else 0.0
    truth = {"ktrans": KTRANS, "ve": VE, "kep": KTRANS / VE} | ({"vp": VP} if plasma_volume else {})
    coarse, fine = (run(interval, vp, plasma_volume=plasma_volume) for interval in (2.0, 1.0))
    for name, values in truth.items():
        error, less = (np.abs(r[name].values.reshape(-1) / values - 1).max() for r in (coarse, fine))
        assert error < 0.02, name
        # The rule is of second order.
        assert less < 0.4 * error, name


def test_noise_makes_weak_uptake_seem_weaker_unlike_the_fit_of_the_model():
    linear, fitted = (
        np.nanmedian(run(8.0, 0.0, 0.2, analysis, copies=500, **more).ktrans.values.reshape(3, -1)[0]) / KTRANS[0]
        for analysis, more in (("linear_tofts", {"plasma_volume": False}), ("tofts", {}))
    )
    assert linear < 0.8
    assert fitted == pytest.approx(1.0, abs=0.15)


def test_without_plasma_volume_there_is_no_vp():
    assert "vp" not in run(2.0, 0.0, plasma_volume=False)


def test_weights_and_averages_are_refused():
    for more in ({"frame_values": "average"}, {"frame_weights": (1.0,) * 180}):
        with pytest.raises(st.ParameterError, match="linear method"):
            run(2.0, **more)
