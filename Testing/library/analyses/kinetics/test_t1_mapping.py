import numpy as np
import pytest
from library.numerics.least_squares.best_of_starts import EXCESS, smallest_sums_of_squares, uniform_starts, worst_excess

import SpatioTemporalLib as st
from SpatioTemporalLib.numerics.relaxation.spoiled_gradient_echo import spoiled_gradient_echo_signal
from SpatioTemporalLib.numerics.relaxation.variable_flip_angle import fit_flip_angles

ANGLES = np.array([2.0, 5.0, 12.0, 20.0])
T1 = np.array([0.2, 0.8, 1.4, 4.0])
INVERSION_TIMES = np.array([0.05, 0.2, 0.5, 1.0, 2.0, 4.0])


def stack_of(values, settings, setting="flip_angle", unit="deg", **facts):
    values = np.asarray(values, float).reshape(len(settings), 1, 1, -1)
    geometry = st.Geometry.from_spacing(values.shape[1:])
    return st.ImageStack(
        values,
        settings,
        geometry,
        setting,
        unit,
        name="stack",
        acquisition=st.Acquisition(repetition_time=0.005, **facts),
    )


def echoes(b1=1.0):
    return np.stack([spoiled_gradient_echo_signal(1 / T1, angle * b1, 0.005, 1000.0) for angle in ANGLES])


def names_of_status(result):
    return [result.fit_status.labels[int(v)].name for v in result.fit_status.values.ravel()]


@pytest.mark.parametrize("method", ["nonlinear", "linear", "weighted_linear"])
def test_every_method_recovers_t1_without_noise(method):
    result = st.run("kinetics.variable_flip_angle_t1", stack=stack_of(echoes(), ANGLES), method=method)
    np.testing.assert_allclose(result.t1.values.ravel(), T1, rtol=1e-5)
    np.testing.assert_allclose(result.s0.values.ravel(), 1000, rtol=1e-5)


@pytest.mark.parametrize("method", ["nonlinear", "linear", "weighted_linear"])
def test_every_method_corrects_the_flip_angle_by_the_field(method):
    b1 = np.array([0.8, 0.95, 1.1, 1.25])
    stack = stack_of(echoes(b1), ANGLES)
    b1_map = st.Map(b1.reshape(1, 1, 1, -1)[0], stack.geometry, "1")
    result = st.run("kinetics.variable_flip_angle_t1", stack=stack, b1_map=b1_map, method=method)
    np.testing.assert_allclose(result.t1.values.ravel(), T1, rtol=1e-5)
    uncorrected = st.run("kinetics.variable_flip_angle_t1", stack=stack, method=method).t1.values.ravel()
    # An angle 20 % too small makes T1 seem about 1 / 0.8 squared shorter.
    assert uncorrected[0] == pytest.approx(0.2 * 0.8**2, rel=0.03)


def test_voxel_without_a_field_has_a_reason():
    stack = stack_of(echoes(), ANGLES)
    b1_map = st.Map(np.array([[[1.0, 0.0, np.nan, 1.0]]]), stack.geometry, "1")
    result = st.run("kinetics.variable_flip_angle_t1", stack=stack, b1_map=b1_map)
    assert np.isnan(result.t1.values.ravel()).tolist() == [False, True, True, False]
    assert names_of_status(result)[1].startswith("signal or T1 not a finite")


def test_weights_make_the_straight_line_less_noisy_and_only_the_signal_itself_is_unbiased():
    rng = np.random.default_rng(1)
    angles = np.array([1.0, 2.0, 5.0, 12.0, 20.0])
    clean = spoiled_gradient_echo_signal(1 / 1.2, angles[:, None], 0.005, 1000.0)
    stack = stack_of(clean + rng.normal(0, 1.0, (5, 8000)), angles)
    t1 = {
        method: st.run("kinetics.variable_flip_angle_t1", stack=stack, method=method).t1.values
        for method in ("nonlinear", "linear", "weighted_linear")
    }
    assert t1["weighted_linear"].std() < 0.95 * t1["linear"].std()
    assert t1["weighted_linear"].std() == pytest.approx(t1["nonlinear"].std(), rel=0.03)
    assert abs(np.median(t1["nonlinear"]) - 1.2) < 0.5 * abs(np.median(t1["linear"]) - 1.2)


def test_fit_with_a_field_is_never_above_the_best_of_twenty_starts(worst_error):
    rng = np.random.default_rng(2)
    angles = ANGLES[:, None] * rng.uniform(0.7, 1.3, 40)
    t1 = np.exp(rng.uniform(np.log(0.1), np.log(5), 40))
    signals = spoiled_gradient_echo_signal(1 / t1, angles, 0.005, 1000.0) + rng.normal(0, 3, angles.shape)
    found = fit_flip_angles(signals, angles, 0.005, t1_bounds=(0.01, 10.0))

    def residuals(parameters, which):
        log_t1, s0 = parameters[:, :, None]
        return s0 * spoiled_gradient_echo_signal(np.exp(-log_t1), angles.T[which], 0.005) - signals.T[which]

    low, high = [np.log(0.01), 0], [np.log(10), 1e4]
    best = smallest_sums_of_squares(residuals, uniform_starts(rng, low, high, 40), low, high)
    excess = worst_excess(found.sse, best, (signals**2).sum(axis=0))
    worst_error("flip angles with B1: excess over 20 starts", excess, EXCESS)
    assert excess <= EXCESS


def test_saturation_recovery_recovers_t1_and_its_error():
    times = np.array([0.1, 0.3, 0.7, 1.5, 3.0, 6.0])
    clean = 900 * (1 - np.exp(-times[:, None] / T1))
    result = st.run("kinetics.saturation_recovery_t1", stack=stack_of(clean, times, "repetition_time", "s"))
    np.testing.assert_allclose(result.t1.values.ravel(), T1, rtol=1e-5)
    np.testing.assert_allclose(result.s0.values.ravel(), 900, rtol=1e-5)
    rng = np.random.default_rng(3)
    noisy = 900 * (1 - np.exp(-times[:, None] / 1.4)) + rng.normal(0, 4, (6, 3000))
    repeated = st.run("kinetics.saturation_recovery_t1", stack=stack_of(noisy, times, "repetition_time", "s"))
    assert repeated.t1.values.std() == pytest.approx(np.sqrt(np.mean(repeated.t1_se.values**2)), rel=0.06)


@pytest.mark.parametrize("signal", ["magnitude", "real"])
def test_inversion_recovery_takes_times_in_any_order_and_any_inversion(signal):
    order = np.array([3, 0, 5, 1, 4, 2])
    values = 1000 - 1850 * np.exp(-INVERSION_TIMES[:, None] / T1)
    values = np.abs(values) if signal == "magnitude" else values
    stack = stack_of(values[order], INVERSION_TIMES[order], "inversion_time", "s")
    result = st.run("kinetics.inversion_recovery_t1", stack=stack, signal=signal)
    np.testing.assert_allclose(result.t1.values.ravel(), T1, rtol=1e-5)
    np.testing.assert_allclose(result.b.values.ravel(), 1850, rtol=1e-5)


def test_complex_inversion_recovery_may_have_any_phase():
    rng = np.random.default_rng(5)
    t1 = np.exp(rng.uniform(np.log(0.3), np.log(3), 40))
    clean = 1000 - 1850 * np.exp(-INVERSION_TIMES[:, None] / t1)
    turned = clean * np.exp(1j * rng.uniform(-np.pi, np.pi, 40))
    parts = [stack_of(part, INVERSION_TIMES, "inversion_time", "s") for part in (turned.real, turned.imag)]
    result = st.run("kinetics.inversion_recovery_t1", stack=parts[0], imaginary_stack=parts[1])
    np.testing.assert_allclose(result.t1.values.ravel(), t1, rtol=1e-5)
    np.testing.assert_allclose(result.a.values.ravel(), 1000, rtol=1e-5)


def test_complex_images_are_less_noisy_than_their_magnitude_and_have_no_bias():
    rng = np.random.default_rng(6)
    clean = (600 - 1150 * np.exp(-INVERSION_TIMES / 1.2))[:, None] * np.exp(0.7j)
    noisy = clean + 40 * (rng.normal(size=(6, 4000)) + 1j * rng.normal(size=(6, 4000)))
    parts = [stack_of(part, INVERSION_TIMES, "inversion_time", "s") for part in (noisy.real, noisy.imag, np.abs(noisy))]
    both = st.run("kinetics.inversion_recovery_t1", stack=parts[0], imaginary_stack=parts[1]).t1.values
    magnitude = st.run("kinetics.inversion_recovery_t1", stack=parts[2]).t1.values
    assert np.nanmedian(both) == pytest.approx(1.2, rel=0.01)
    assert np.nanstd(both) < np.nanstd(magnitude)


def test_imaginary_part_of_other_times_is_refused():
    real = stack_of(np.ones((6, 2)), INVERSION_TIMES, "inversion_time", "s")
    other = stack_of(np.ones((6, 2)), INVERSION_TIMES + 0.1, "inversion_time", "s")
    with pytest.raises(st.InputError, match="the imaginary part has the inversion_time"):
        st.run("kinetics.inversion_recovery_t1", stack=real, imaginary_stack=other)


def test_look_locker_follows_the_pulses_and_corrects_for_them():
    """Magnetisation followed through every pulse, from which the analysis has to find the T1 put in."""
    spacing, angle = 0.01, np.deg2rad(6)
    times = spacing * np.arange(1, 300)
    magnetisation, signals = -np.ones_like(T1), []
    for _ in times:
        magnetisation = 1 - (1 - magnetisation) * np.exp(-spacing / T1)
        signals.append(500 * magnetisation * np.sin(angle))
        magnetisation = magnetisation * np.cos(angle)
    stack = stack_of(np.abs(signals)[::10], times[::10], "inversion_time", "s")
    result = st.run("kinetics.look_locker_t1", stack=stack)
    # The correction neglects terms of the order of the spacing over T1.
    np.testing.assert_allclose(result.t1.values.ravel(), T1, rtol=0.03)
    star = 1 / (1 / T1 - np.log(np.cos(angle)) / spacing)
    np.testing.assert_allclose(result.t1_star.values.ravel(), star, rtol=1e-4)


def test_look_locker_error_is_the_spread_of_repeated_fits():
    rng = np.random.default_rng(4)
    times = np.linspace(0.05, 3, 20)
    noisy = (700 - 1300 * np.exp(-times / 0.7))[:, None] + rng.normal(0, 5, (20, 3000))
    result = st.run("kinetics.look_locker_t1", stack=stack_of(noisy, times, "inversion_time", "s"), signal="real")
    assert result.t1.values.std() == pytest.approx(np.sqrt(np.mean(result.t1_se.values**2)), rel=0.06)
    assert np.mean(result.t1.values) == pytest.approx(0.7 * (1300 / 700 - 1), rel=0.01)


@pytest.mark.parametrize(
    "analysis, setting, unit, settings",
    [
        ("kinetics.saturation_recovery_t1", "repetition_time", "s", [0.5, 0.5]),
        ("kinetics.inversion_recovery_t1", "inversion_time", "s", [0.1, 0.2, 0.3]),
        ("kinetics.look_locker_t1", "inversion_time", "s", [0.1, 0.2, 0.3]),
    ],
)
def test_too_few_settings_are_refused(analysis, setting, unit, settings):
    stack = stack_of(np.ones((len(settings), 2)), settings, setting, unit)
    with pytest.raises(st.InputError, match="or more are needed") as caught:
        st.run(analysis, stack=stack)
    assert caught.value.code == "E-SETTINGS"


def test_stack_of_another_setting_is_refused():
    with pytest.raises(st.InputError, match="should differ in inversion_time") as caught:
        st.run("kinetics.inversion_recovery_t1", stack=stack_of(echoes(), ANGLES))
    assert caught.value.code == "E-SETTING"


def test_inversion_time_shorter_than_the_readout_is_refused():
    inversions = stack_of(echoes()[:2], [0.1, 1.0], "inversion_time", "s", flip_angle=5.0)
    with pytest.raises(st.InputError, match="more than the inversion time 0.1 s") as caught:
        st.run(
            "kinetics.despot1_hifi_t1",
            stack=stack_of(echoes(), ANGLES),
            inversion_stack=inversions,
            inversion_time_to="centre of k-space",
        )
    assert caught.value.code == "E-INVERSION-TIME"
