import numpy as np
import pytest
from library.numerics.least_squares.best_of_starts import EXCESS, smallest_sums_of_squares, uniform_starts, worst_excess

import SpatioTemporalLib as st

TIMES = np.arange(0, 20, 0.4)


def refilling(plateau, rate, start=0.0):
    return np.where(TIMES >= start, plateau * -np.expm1(-rate * (TIMES - start)), 2 * plateau)


def analysed(curves, **parameters):
    series = st.Series.from_curves(TIMES, np.atleast_2d(curves).T, name="cine")
    return st.run("kinetics.replenishment", series=series, **parameters)


def test_plateau_rate_and_their_product_are_found():
    result = analysed([refilling(50, 0.3), refilling(20, 1.5)])
    np.testing.assert_allclose(result.plateau.values.ravel(), [50, 20], rtol=1e-5)
    np.testing.assert_allclose(result["rate"].values.ravel(), [0.3, 1.5], rtol=1e-5)
    np.testing.assert_allclose(result.flow_index.values.ravel(), [15, 30], rtol=1e-5)
    assert (result.plateau.unit, result["rate"].unit, result.flow_index.unit) == ("a.u.", "1/s", "a.u./s")


def test_frames_before_the_destruction_do_not_count():
    result = analysed(refilling(50, 0.3, start=4.0), destruction_time=4.0)
    assert result.flow_index.values.item() == pytest.approx(15, rel=1e-5)
    assert result.curves[0].times[0] == 4.0


def test_errors_are_the_spread_of_repeated_fits():
    rng = np.random.default_rng(1)
    result = analysed(refilling(50, 0.3) + rng.normal(0, 1.5, (3000, len(TIMES))))
    for name in ("plateau", "rate", "flow_index"):
        expected = np.sqrt(np.nanmean(result[f"{name}_se"].values ** 2))
        assert np.nanstd(result[name].values) == pytest.approx(expected, rel=0.06)


def test_never_above_the_best_of_twenty_starts(worst_error):
    rng = np.random.default_rng(2)
    curves = np.stack([refilling(50, r) + rng.normal(0, 8, len(TIMES)) for r in np.geomspace(0.02, 5, 30)])
    result = analysed(curves)
    fitted = np.isfinite(result.rmse.values.ravel())
    assert fitted.sum() > 20

    measured = curves[fitted]

    def residuals(parameters, which):
        plateau, log_rate = parameters[:, :, None]
        return plateau * -np.expm1(-np.exp(log_rate) * TIMES) - measured[which]

    bounds = [0, np.log(0.005)], [1e4, np.log(20)]
    best = smallest_sums_of_squares(residuals, uniform_starts(rng, *bounds, len(measured)), *bounds)
    ours = len(TIMES) * result.rmse.values.ravel()[fitted].astype(float) ** 2
    excess = worst_excess(ours, best, (measured**2).sum(axis=1))
    worst_error("replenishment: excess over 20 starts", excess, EXCESS)
    assert excess <= EXCESS


def test_straight_rise_has_no_plateau_and_a_reason():
    result = analysed([0.5 * TIMES, refilling(50, 0.3)])
    assert np.isnan(result.plateau.values.ravel()).tolist() == [True, False]
    assert "not identified" in result.fit_status.labels[int(result.fit_status.values.ravel()[0])].name


def test_series_without_any_refilling_is_refused():
    with pytest.raises(st.InputError, match="no voxel could be fitted") as caught:
        analysed(0.5 * TIMES)
    assert caught.value.code == "E-NOTHING-FITTED"


def test_destruction_after_the_series_is_refused():
    with pytest.raises(st.InputError, match="1 frame follows the destruction at 19.5 s") as caught:
        analysed(refilling(50, 0.3), destruction_time=19.5)
    assert caught.value.code == "E-FRAMES"
