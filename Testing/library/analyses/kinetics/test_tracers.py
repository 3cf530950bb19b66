"""PET tracers on tissues made by their differential equations."""

import numpy as np
import pytest
from library.analyses.kinetics.tracer_tissue import EDGES, GRID, INPUT, LENGTHS, PLASMA, TIMES, tissue
from library.numerics.least_squares.best_of_starts import EXCESS, smallest_sums_of_squares, uniform_starts

import SpatioTemporalLib as st
from SpatioTemporalLib.numerics.kinetics.tracer_models import two_tissue_curves, two_tissue_slopes
from SpatioTemporalLib.numerics.signal.frame_sampling import over_intervals
from SpatioTemporalLib.numerics.signal.tabulated_exponentials import tabulate_exponentials

F18 = 6586.2  # s


def series_of(curves, unit="kBq/mL"):
    return st.Series.from_curves(TIMES, np.stack(curves, axis=1), unit=unit, name="tissue")


def run(analysis, curves, **more):
    return st.run(f"kinetics.{analysis}", series=series_of(curves), plasma=INPUT, **more)


def values(result, *names):
    return np.stack([result[name].values.reshape(-1) for name in names])


REVERSIBLE = [(0.1, 0.15, 0.05, 0.02, 0.04), (0.5, 0.4, 0.1, 0.03, 0.05)]
IRREVERSIBLE = [(0.1, 0.13, 0.06, 0.0, 0.03), (0.3, 0.5, 0.15, 0.0, 0.06)]
SINGLE = [(0.3, 0.2, 0.0, 0.0, 0.05), (0.08, 0.03, 0.0, 0.0, 0.02)]


def test_two_tissues_recover_the_rates_of_the_differential_equations(worst_error):
    result = run("two_tissue", [tissue(*rates) for rates in REVERSIBLE])
    found = values(result, "k1", "k2", "k3", "k4", "vb").T
    worst_error("rates of two tissues, relative", np.abs(found / REVERSIBLE - 1).max(), 1e-4)
    np.testing.assert_allclose(found, REVERSIBLE, rtol=1e-4)
    expected = [k1 / k2 * (1 + k3 / k4) for k1, k2, k3, k4, _ in REVERSIBLE]
    np.testing.assert_allclose(result.vt.values.reshape(-1), expected, rtol=1e-4)
    assert (result.fit_status.values == 1).all() and "ki" not in result


def test_without_binding_its_release_is_left_out_and_the_distribution_volume_is_not():
    noise = 0.3 * np.random.default_rng(0).normal(size=(60, len(TIMES)))
    result = run("two_tissue", list(tissue(*SINGLE[0]) + noise))
    k1, k2, k3, k4, volume = values(result, "k1", "k2", "k3", "k4", "vt")
    without = k3 == 0
    assert without.any()
    assert np.isnan(k4[without]).all() and np.isfinite(k4[~without]).all()
    np.testing.assert_allclose(volume[without], k1[without] / k2[without], rtol=1e-5)


def test_trapping_gives_the_net_influx():
    result = run("two_tissue", [tissue(*rates) for rates in IRREVERSIBLE], reversible=False)
    expected = [k1 * k3 / (k2 + k3) for k1, k2, k3, _, _ in IRREVERSIBLE]
    np.testing.assert_allclose(result.ki.values.reshape(-1), expected, rtol=1e-4)
    assert "k4" not in result and "vt" not in result


def test_slopes_of_two_tissues_are_those_of_the_curves():
    table = tabulate_exponentials(INPUT.times, INPUT.values, over_intervals(TIMES))
    blood = np.linspace(1.0, 2.0, len(TIMES))
    parameters = np.array([*REVERSIBLE, *IRREVERSIBLE]).T / np.array([[60.0]] * 4 + [[1.0]])
    curves, slopes = two_tissue_slopes(table, blood, parameters)
    np.testing.assert_allclose(curves, two_tissue_curves(table, blood, parameters), rtol=1e-12)
    for n in range(5):
        step = np.zeros((5, 1))
        step[n] = 1e-5 * parameters[n].mean()
        # One-sided: k4 is zero for two of them and cannot fall.
        ahead, further = (two_tissue_curves(table, blood, parameters + m * step) for m in (1, 2))
        differences = (4 * ahead - further - 3 * curves) / (2 * step[n])
        assert np.abs(differences - slopes[n]).max() < 1e-5 * np.abs(slopes[n]).max()


def test_one_tissue_recovers_the_rates_of_the_differential_equations(worst_error):
    result = run("one_tissue", [tissue(*rates) for rates in SINGLE])
    found = values(result, "k1", "k2", "vb").T
    truth = np.array(SINGLE)[:, [0, 1, 4]]
    worst_error("rates of one tissue, relative", np.abs(found / truth - 1).max(), 1e-4)
    np.testing.assert_allclose(found, truth, rtol=1e-4)
    np.testing.assert_allclose(result.vt.values.reshape(-1), truth[:, 0] / truth[:, 1], rtol=1e-4)


def test_blood_may_differ_from_plasma():
    blood = st.Curve(GRID, 0.7 * PLASMA, "kBq/mL", "blood")
    k1, k2, vb = 0.3, 0.2, 0.05
    curve = (1 - vb) * tissue(k1, k2) + 0.7 * tissue(0.0, k2, vb=vb)
    result = run("one_tissue", [curve], blood=blood)
    np.testing.assert_allclose(values(result, "k1", "k2", "vb")[:, 0], (k1, k2, vb), rtol=1e-4)


def test_frames_not_corrected_for_decay_are_corrected():
    rate = np.log(2) / F18
    corrected = tissue(*SINGLE[0])
    decay = (np.exp(-rate * EDGES[:-1]) - np.exp(-rate * EDGES[1:])) / (rate * LENGTHS)
    series = series_of([1000 * corrected * decay], "Bq/mL")
    plasma = st.Curve(GRID, PLASMA * np.exp(-rate * GRID), "kBq/mL", "plasma")
    result = st.run("kinetics.one_tissue", series=series, plasma=plasma, decay="uncorrected", isotope="F-18")
    assert result.k1.values.item() == pytest.approx(SINGLE[0][0], rel=1e-3)
    assert result.k2.values.item() == pytest.approx(SINGLE[0][1], rel=1e-3)


def noisy(curve, count, seed=0):
    """Counting noise: its variance is that of activity over duration, decay undone."""
    spread = np.sqrt(np.maximum(curve, 0.1 * curve.max()) * np.exp(np.log(2) / F18 * TIMES) / LENGTHS)
    spread *= 0.05 * curve.max() / spread.mean()
    return (curve[:, None] + spread[:, None] * np.random.default_rng(seed).normal(size=(len(curve), count))).T


@pytest.mark.parametrize(
    "analysis, rates, names",
    [
        ("one_tissue", SINGLE[0], {"k1": 0.3, "k2": 0.2, "vt": 1.5}),
        ("two_tissue", REVERSIBLE[1], {"k1": 0.5, "vb": 0.05}),
    ],
)
def test_standard_errors_cover_the_errors(analysis, rates, names):
    count = 300
    result = run(analysis, list(noisy(tissue(*rates), count)))
    for name, truth in names.items():
        away = (result[name].values - truth) / result[f"{name}_se"].values
        # Of a normal error two thirds lie within one standard error; 300 repeats leave 2.7 %.
        assert (np.abs(away) < 1).mean() == pytest.approx(0.68, abs=0.1), name


def test_weights_by_counts_make_estimates_more_certain():
    curves = list(noisy(tissue(*SINGLE[0]), 300))
    counts, equal = (run("one_tissue", curves, frame_weights=weights) for weights in ("counts", "equal"))
    for name in ("k1", "k2"):
        assert counts[name].values.std() < 0.96 * equal[name].values.std()


@pytest.mark.parametrize("snr", [np.inf, 50.0, 5.0])
def test_sum_of_squares_of_two_tissues_is_that_of_the_best_of_many_bounded_fits(snr, worst_error):
    sampling = over_intervals(TIMES)
    table = tabulate_exponentials(INPUT.times, INPUT.values, sampling)
    blood = sampling.frames(np.interp(sampling.times, INPUT.times, INPUT.values))
    rng = np.random.default_rng(1)
    curves = np.stack([tissue(*rates) for rates in (REVERSIBLE[0], IRREVERSIBLE[0], SINGLE[0])])
    curves = curves + (0 if np.isinf(snr) else curves.max(axis=1, keepdims=True) / snr) * rng.normal(size=curves.shape)
    result = run("two_tissue", list(curves), frame_weights="equal")
    ours = result.rmse.values.reshape(-1).astype(float) ** 2 * len(TIMES)
    high = np.array([5, 5, 2, 1, 0.5])

    def residuals(p, which):
        return two_tissue_curves(table, blood, p / np.array([[60], [60], [60], [60], [1]])) - curves[which]

    likely = np.log([[0.02, 0.02, 0.005, 0.003, 0.01], [2, 2, 0.5, 0.3, 0.2]])
    best = smallest_sums_of_squares(residuals, np.exp(uniform_starts(rng, *likely, len(curves))), 0 * high, high)
    # Maps are stored as float32: a root mean square is good to 6e-8 of itself, and zero to 1e-12 of the power.
    excess = ((ours - best) / (best + 1e-6 * (curves**2).sum(axis=1) * 1e-4)).max()
    # Where descents stop is a matter of last digits, and one of these comes to rest near the limit.
    worst_error("excess over the best of 20 bounded fits, two tissues", excess, 2 * EXCESS)
    assert excess <= 2 * EXCESS


def test_patlak_plot_finds_the_net_influx_of_a_trapped_tracer():
    k1, k2, k3 = 0.1, 0.3, 0.1
    result = run("patlak_plot", [tissue(k1, k2, k3)])
    # The line is an asymptote, which frames of an hour reach to within a part in a hundred.
    assert result.ki.values.item() == pytest.approx(k1 * k3 / (k2 + k3), rel=0.01)
    assert result.intercept.values.item() == pytest.approx(k1 * k2 / (k2 + k3) ** 2, rel=0.1)


def test_logan_plot_finds_the_distribution_volume():
    result = run("logan_plot", [tissue(0.3, 0.2, 0.0, 0.0), tissue(0.4, 0.3, 0.3, 0.2)])
    np.testing.assert_allclose(result.vt.values.reshape(-1), [1.5, 0.4 / 0.3 * 2.5], rtol=0.01)


# R1 and BPnd of two tissues and the reference whose k2' is 0.15 / min.
R1, BP = np.array([1.2, 0.8]), np.array([2.0, -0.3])
REFERENCE = (0.1, 0.15)


def reference_series(count=1, noise=0.0):
    targets = [tissue(r * REFERENCE[0], r * REFERENCE[1] / (1 + b)) for r, b in zip(R1, BP)]
    curves = np.repeat(np.stack([tissue(*REFERENCE), *targets], axis=1), count, axis=1)
    curves = curves + noise * np.random.default_rng(0).normal(size=curves.shape)
    series = st.Series.from_curves(TIMES, curves, unit="kBq/mL", name="tissue")
    labels = np.zeros(series.geometry.shape, int)
    labels[..., :count] = 1
    return series, st.LabelMap(labels, series.geometry, name="cerebellum"), labels == 0


def test_reference_tissue_gives_binding_and_delivery(worst_error):
    series, reference, targets = reference_series()
    result = st.run("kinetics.simplified_reference_tissue", series=series, reference_mask=reference)
    error = np.abs(result.bp.values[targets] - BP).max()
    worst_error("BPnd by the simplified reference tissue model", error, 1e-3)
    # What is left is the reference's curve between frames.
    assert error < 1e-3
    np.testing.assert_allclose(result.r1.values[targets], R1, rtol=1e-3)
    np.testing.assert_allclose(result.k2.values[targets], R1 * REFERENCE[1], rtol=1e-3)


def test_logan_plot_of_a_reference_agrees():
    series, reference, targets = reference_series()
    result = st.run("kinetics.logan_reference_plot", series=series, reference_mask=reference, reference_k2=REFERENCE[1])
    np.testing.assert_allclose(result.dvr.values[targets], 1 + BP, rtol=1e-3)


def test_what_cannot_be_used_is_named():
    curves = [tissue(*SINGLE[0])]
    cases = [
        ({"series": series_of(curves, "a.u."), "plasma": INPUT}, "E-INPUT-UNIT"),
        ({"series": series_of(curves), "plasma": st.Curve(GRID, PLASMA, "mmol/L", "plasma")}, "E-INPUT-UNIT"),
        ({"series": series_of(curves), "plasma": st.Curve(GRID, 0 * PLASMA, "kBq/mL", "plasma")}, "E-AIF-FLAT"),
        ({"series": series_of([-c for c in curves]), "plasma": INPUT}, "E-NO-COUNTS"),
    ]
    for inputs, code in cases:
        with pytest.raises(st.InputError) as caught:
            st.run("kinetics.one_tissue", **inputs)
        assert caught.value.code == code
    with pytest.raises(st.InputError, match="0 frames lie after") as caught:
        run("patlak_plot", curves, linear_from=500.0)
    assert caught.value.code == "E-FRAMES"


@pytest.mark.parametrize("analysis", ["one_tissue", "two_tissue", "logan_plot"])
def test_voxels_without_tracer_are_said_to_have_none(analysis):
    result = run(analysis, [tissue(*SINGLE[0]), 0 * TIMES])
    names = {value: label.name for value, label in result.fit_status.labels.items()}
    assert names[int(result.fit_status.values.reshape(-1)[1])] == "no uptake"
