"""Population input functions against each other's published facts; the OSIPI curves are in references/."""

import numpy as np
import pytest

from SpatioTemporalLib.numerics.bolus.population_input_functions import POPULATIONS, population_concentration
from SpatioTemporalLib.numerics.signal.exponential_convolution import exponential_convolution

TIMES = np.arange(0, 300, 0.05)
EVERY = sorted(POPULATIONS)


@pytest.mark.parametrize("name", EVERY)
def test_is_zero_before_arrival_then_positive_and_scales_with_the_dose(name):
    curve = population_concentration(name, TIMES, arrival=20.0)
    assert (curve[TIMES < 20] == 0).all()
    assert (curve[TIMES > 21] > 0).all()
    np.testing.assert_allclose(population_concentration(name, TIMES, arrival=20.0, dose=0.2), 2 * curve)


@pytest.mark.parametrize("name", EVERY)
def test_arrival_shifts_the_curve(name):
    shifted = population_concentration(name, TIMES + 12.5, arrival=12.5)
    np.testing.assert_allclose(shifted, population_concentration(name, TIMES), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", EVERY)
def test_stays_finite_and_falls_for_an_hour(name):
    late = population_concentration(name, np.arange(600.0, 3600.0, 10.0))
    assert np.isfinite(late).all() and (np.diff(late) < 0).all()


def test_weinmann_and_fritz_hansen_begin_with_the_sum_of_their_amplitudes():
    assert population_concentration("weinmann", [0.0])[0] == pytest.approx(0.1 * (3.99 + 4.78))
    assert population_concentration("fritz_hansen", [0.0])[0] == pytest.approx(2.4 + 0.62)


def test_orton_is_its_bolus_convolved_with_an_impulse_and_an_exponential():
    fine = np.arange(0, 120, 0.002)
    bolus = np.where(fine <= 60 * 2 * np.pi / 22.8, 2.84 * (1 - np.cos(22.8 * fine / 60)), 0.0)
    wanted = np.arange(0.0, 119.0, 1.3)
    whole = np.interp(wanted, fine, bolus) + 1.36 / 60 * exponential_convolution(fine, bolus, 0.171 / 60, wanted)
    # 1e-6: the bolus is taken as linear between points of 2 ms.
    np.testing.assert_allclose(population_concentration("orton", wanted), whole, atol=1e-6)


def test_orton_describes_the_average_of_parker_to_which_it_was_fitted():
    parker, orton = (population_concentration(name, TIMES) for name in ("parker", "orton"))
    assert orton.max() == pytest.approx(parker.max(), rel=0.05)
    tail = TIMES > 60
    np.testing.assert_allclose(orton[tail], parker[tail], rtol=0.05)
    assert np.trapezoid(orton, TIMES) == pytest.approx(np.trapezoid(parker, TIMES), rel=0.05)


def test_georgiou_with_the_printed_digits_stays_within_their_rounding():
    from SpatioTemporalLib.numerics.bolus import population_input_functions as functions

    printed = {
        "GEORGIOU_AMPLITUDES": (0.37, 0.33, 10.06),
        "GEORGIOU_RATES": (0.11, 1.17, 16.02),
    }
    for name, values in printed.items():
        assert np.round(getattr(functions, name), 2).tolist() == list(values)
    assert functions.GEORGIOU_SHAPE == pytest.approx(5.26, abs=0.01)
    assert functions.GEORGIOU_SCALE == pytest.approx(0.032, abs=5e-4)
    assert functions.GEORGIOU_PASSAGE == pytest.approx(0.129, abs=5e-4)
