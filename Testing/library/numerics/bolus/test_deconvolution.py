"""Deconvolution against residue functions that are known."""

import numpy as np
import pytest

from SpatioTemporalLib.numerics.bolus.deconvolution import (
    circulant_residues,
    oscillation_index,
    standard_residues,
    tikhonov_residues,
)
from SpatioTemporalLib.numerics.bolus.first_pass import perfusion, uniform_axis
from SpatioTemporalLib.numerics.signal.exponential_convolution import exponential_convolution

TIMES = np.arange(0, 90, 1.0)
ARTERY = np.where(TIMES > 10, ((TIMES - 10) / 1.5) ** 3 * np.exp(-(TIMES - 10) / 1.5), 0.0)
FLOW, TRANSIT = np.array([0.004, 0.008, 0.012]), np.array([8.0, 6.0, 4.0])


def tissue(delay=0.0):
    """Curves of flow times an exponential residue, exact for an artery linear between frames."""
    curves = exponential_convolution(TIMES + delay, ARTERY, 1 / TRANSIT, TIMES)
    return (FLOW[:, None] * curves).T


METHODS = {
    "sSVD": lambda curves: standard_residues(ARTERY, curves, 1.0, threshold=0.02),
    "oSVD": lambda curves: circulant_residues(ARTERY, curves, 1.0, oscillation=0.5),
    "Tikhonov": lambda curves: tikhonov_residues(ARTERY, curves, 1.0, regularisation=0.01),
}


@pytest.mark.parametrize("method", METHODS)
def test_flow_transit_and_volume_are_recovered_without_noise(method):
    got = perfusion(METHODS[method](tissue()), tissue(), ARTERY, TIMES, 1.0, causal=method == "sSVD")
    # The step of an exponential residue at zero is smoothed by whatever is left out, the more the shorter the transit.
    np.testing.assert_allclose(got.flow, FLOW, rtol=0.25)
    assert (got.flow < FLOW).all()
    # What has not left the tissue after 80 s is missing from its area.
    np.testing.assert_allclose(got.volume, FLOW * TRANSIT, rtol=1e-3)
    assert (np.abs(got.delay) <= 2).all()


@pytest.mark.parametrize("method", ["oSVD", "Tikhonov"])
@pytest.mark.parametrize("delay", [-4.0, 5.0])
def test_delay_changes_tmax_and_not_flow(method, delay):
    still = perfusion(METHODS[method](tissue()), tissue(), ARTERY, TIMES, 1.0, causal=False)
    moved = perfusion(METHODS[method](tissue(delay)), tissue(delay), ARTERY, TIMES, 1.0, causal=False)
    np.testing.assert_allclose(moved.delay - still.delay, delay)
    np.testing.assert_allclose(moved.flow, still.flow, rtol=0.02)


def test_flow_of_the_standard_method_depends_on_the_delay():
    still, moved = (standard_residues(ARTERY, tissue(delay), 1.0, threshold=0.2).max(axis=0) for delay in (0.0, -4.0))
    assert (np.abs(moved / still - 1) > 0.1).all()


def test_residues_are_limited_in_their_oscillation():
    rng = np.random.default_rng(0)
    noisy = tissue() + 0.0005 * rng.normal(size=(len(TIMES), 3))
    residues = circulant_residues(ARTERY, noisy, 1.0, oscillation=0.035)
    assert (oscillation_index(residues) <= 0.035).all()
    assert (oscillation_index(METHODS["oSVD"](noisy)) > 0.035).any()


def test_oscillation_index_of_a_sawtooth():
    saw = np.tile([0.0, 1.0], 50)[:, None]
    # Every inner point bends by two: 98 of 100 points.
    np.testing.assert_allclose(oscillation_index(saw), 2 * 98 / 100)


def test_uneven_times_are_resampled_linearly():
    times = np.array([0.0, 1.0, 2.0, 3.0, 4.0, 6.0, 7.0])
    axis = uniform_axis(times)
    assert axis.step == 1.0
    np.testing.assert_allclose(axis.resampled(2 * times[:, None])[:, 0], 2 * np.arange(8.0))
    assert uniform_axis(TIMES).weights is None
