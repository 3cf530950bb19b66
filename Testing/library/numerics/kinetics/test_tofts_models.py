import numpy as np

from SpatioTemporalLib.numerics.kinetics.tofts_models import extended_tofts_concentration, patlak_concentration

TIMES = np.array([0.0, 4.0, 9.0, 15.0, 30.0, 60.0, 120.0])
STEP = ([0.0, 120.0], [5.0, 5.0])


def test_tofts_has_the_closed_form_for_a_constant_input():
    got = extended_tofts_concentration(*STEP, TIMES, ktrans=0.3, ve=0.2)
    np.testing.assert_allclose(got, 5 * 0.2 * (1 - np.exp(-0.3 / 0.2 / 60 * TIMES)), rtol=1e-11, atol=1e-14)


def test_ve_zero_gives_the_plasma_term_alone():
    got = extended_tofts_concentration(*STEP, TIMES, ktrans=0.3, ve=0.0, vp=0.1)
    np.testing.assert_allclose(got, 0.5)


def test_large_ve_tends_to_patlak():
    tofts = extended_tofts_concentration(*STEP, TIMES, ktrans=0.01, ve=1e9, vp=0.05)
    np.testing.assert_allclose(tofts, patlak_concentration(*STEP, TIMES, ktrans=0.01, vp=0.05), rtol=1e-8)


def test_parameters_broadcast():
    got = extended_tofts_concentration(*STEP, TIMES, ktrans=np.full((4, 1), 0.1), ve=np.linspace(0, 0.5, 3), vp=0.0)
    assert got.shape == (4, 3, len(TIMES))
    assert np.isfinite(got).all()


def test_a_fast_exchange_follows_the_plasma():
    got = extended_tofts_concentration(*STEP, TIMES, ktrans=5000.0, ve=0.25)
    np.testing.assert_allclose(got[1:], 0.25 * 5, rtol=1e-6)
