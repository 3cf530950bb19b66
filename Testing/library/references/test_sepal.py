"""Agreement with the values that SEPAL's demonstration publishes, and T1 mapping of its measured data."""

from pathlib import Path

import numpy as np
import pytest
from library.numerics.least_squares.best_of_starts import EXCESS, smallest_sums_of_squares, uniform_starts, worst_excess

import SpatioTemporalLib as st

FOLDER = Path(__file__).parents[2] / "data" / "sepal"
ECHOES, INVERSIONS = (413.0, 604.0, 445.0), (249.0, 585.0)
ANGLES, DELAYS, TIMES = (2.0, 5.0, 12.0), (0.168, 1.068), (0.03, 0.33, 0.53, 0.78, 1.03, 1.53)


def stack(signals, settings, setting="flip_angle", unit="deg"):
    values = np.asarray(signals, float).reshape(len(settings), 1, 1, -1)
    acquisition = st.Acquisition(repetition_time=0.0054, flip_angle=5.0)
    geometry = st.Geometry.from_spacing(values.shape[1:])
    return st.ImageStack(values, settings, geometry, setting, setting_unit=unit, acquisition=acquisition)


def hifi(echoes, inversions, **parameters):
    return st.run(
        "kinetics.despot1_hifi_t1",
        stack=stack(echoes, ANGLES),
        inversion_stack=stack(inversions, DELAYS, "inversion_time", "s"),
        **parameters,
    )


def test_despot1_hifi_agrees_with_the_published_fit(worst_error):
    result = hifi(ECHOES, INVERSIONS)
    for name, reference, rounding in (("t1", 1.0218, 5e-5), ("b1", 1.1379, 6e-5), ("s0", 11856, 0.5)):
        error = abs(result[name].values.item() - reference)
        worst_error(f"SEPAL DESPOT1-HIFI: {name}", error, rounding, result[name].unit)
        assert error <= rounding


@pytest.mark.parametrize("method, t1, s0", [("linear", 1.326, 13531.9), ("nonlinear", 1.323, 13482.2)])
def test_flip_angles_agree_with_the_published_fits(method, t1, s0, worst_error):
    result = st.run("kinetics.variable_flip_angle_t1", stack=stack(ECHOES, ANGLES), method=method)
    worst_error(f"SEPAL flip angles, {method}: t1", abs(result.t1.values.item() - t1), 5e-4, "s")
    assert result.t1.values.item() == pytest.approx(t1, abs=5e-4)
    assert result.s0.values.item() == pytest.approx(s0, abs=0.5)


def test_inversion_times_to_the_centre_of_k_space_are_those_to_the_first_pulse_later():
    later = stack(INVERSIONS, np.array(DELAYS) + 0.5 * 160 * 0.0054, "inversion_time", "s")
    shifted = st.run(
        "kinetics.despot1_hifi_t1",
        stack=stack(ECHOES, ANGLES),
        inversion_stack=later,
        inversion_time_to="centre of k-space",
    )
    assert shifted.t1.values.item() == pytest.approx(hifi(ECHOES, INVERSIONS).t1.values.item(), rel=1e-5)


def test_field_of_hifi_brings_the_flip_angles_to_the_same_t1():
    signals = np.loadtxt(FOLDER / "spgr_and_ir_spgr.csv", delimiter=",", skiprows=1).T
    together = hifi(signals[:3], signals[3:])
    fitted = np.isfinite(together.t1.values)
    assert fitted.mean() > 0.7
    b1 = st.Map(np.where(fitted, together.b1.values, 1.0), together.b1.geometry, "1")
    alone = st.run("kinetics.variable_flip_angle_t1", stack=stack(signals[:3], ANGLES), b1_map=b1)
    both = fitted & np.isfinite(alone.t1.values)
    ratio = alone.t1.values[both] / together.t1.values[both]
    # The same equation and angles: what is left is how the inversions weigh in the fit.
    assert np.median(ratio) == pytest.approx(1.0, abs=0.02)


def test_measured_inversion_recovery_is_explained_and_never_above_the_best_of_twenty_starts(worst_error):
    signals = np.loadtxt(FOLDER / "ir_spin_echo.csv", delimiter=",", skiprows=1)[::4].T
    result = st.run("kinetics.inversion_recovery_t1", stack=stack(signals, TIMES, "inversion_time", "s"))
    fitted = np.isfinite(result.t1.values.ravel())
    assert fitted.mean() > 0.9
    assert np.median(result.rmse.values.ravel()[fitted] / signals.max(axis=0)[fitted]) < 0.02
    rng = np.random.default_rng(5)

    measured = signals.T[fitted]

    def residuals(parameters, which):
        log_t1, a, b = parameters[:, :, None]
        return np.abs(a - b * np.exp(-np.array(TIMES) / np.exp(log_t1))) - measured[which]

    bounds = [np.log(0.01), -1e4, 0], [np.log(10), 1e4, 1e4]
    best = smallest_sums_of_squares(residuals, uniform_starts(rng, *bounds, len(measured)), *bounds)
    ours = len(TIMES) * result.rmse.values.ravel()[fitted].astype(float) ** 2
    excess = worst_excess(ours, best, (measured**2).sum(axis=1))
    worst_error("SEPAL inversion recovery: excess over 20 starts", excess, EXCESS)
    assert excess <= EXCESS
