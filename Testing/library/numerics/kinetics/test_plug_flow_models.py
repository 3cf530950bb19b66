"""The plug flow models against closed forms, limits, and the differential equations solved by finite differences."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import i1e

from SpatioTemporalLib.numerics.bolus.population_input_functions import parker_blood_concentration
from SpatioTemporalLib.numerics.kinetics.delayed_curves import delayed_input
from SpatioTemporalLib.numerics.kinetics.plug_flow_models import plug_flow_curves, plug_flow_slopes
from SpatioTemporalLib.numerics.kinetics.two_compartment.models import two_compartment_concentration
from SpatioTemporalLib.numerics.signal.exponential_convolution import exponential_convolution, running_integral
from SpatioTemporalLib.numerics.signal.frame_sampling import at_instants, over_intervals

TIMES = np.arange(0, 200, 2.0)
PLASMA = parker_blood_concentration(TIMES, arrival=20) / 0.58
KINDS = ("adiabatic", "distributed", "homogeneous")
CURVES = {kind: plug_flow_curves(kind, TIMES, PLASMA, at_instants(TIMES)) for kind in KINDS}
# Flow and PS in 1/s, ve, vp.
TISSUES = [(40 / 6000, 0.2 / 60, 0.2, 0.06), (15 / 6000, 0.05 / 60, 0.4, 0.03), (90 / 6000, 0.9 / 60, 0.1, 0.1)]


def curve(kind, tissue):
    return CURVES[kind](np.array(tissue, float)[:, None])[0]


def relative(a, b):
    return np.abs(a - b).max() / np.abs(b).max()


def adiabatic_closed_form(flow, ps, ve, vp):
    """The input convolved with the residue of St Lawrence & Lee, the delays given to the input's own times."""
    transit, extracted = vp / flow, 1 - np.exp(-ps / flow)
    late = TIMES + transit
    leaving = running_integral(late, PLASMA, TIMES)
    left = exponential_convolution(late, PLASMA, extracted * flow / ve, TIMES)
    return flow * (running_integral(TIMES, PLASMA, TIMES) - leaving + extracted * left)


def distributed_closed_form(flow, ps, ve, vp):
    """The input convolved with the residue in its form with the modified Bessel function, by adaptive quadrature."""
    transit, exchange, rate = vp / flow, ps / flow, ps / ve

    def leaving(u):
        argument = 2 * np.sqrt(exchange * rate * u)
        return np.exp(argument - exchange - rate * u) * np.sqrt(exchange * rate / u) * i1e(argument)

    def integral(t):
        return running_integral(TIMES, PLASMA, np.array([TIMES[0], max(t, TIMES[0] + 1e-9)]))[1]

    def late(x, since):
        return 2 * x * leaving(x * x) * integral(since - x * x)

    wanted = TIMES[::10]
    left = []
    for t in wanted:
        # With u = x^2 the integrand is smooth at zero.
        reach = np.sqrt(max(t - transit, 0.0))
        bends = np.sqrt(np.maximum(t - transit - TIMES[TIMES < t - transit], 0.0))
        points = np.sort(bends)[:-1] if bends.size > 1 else None
        visited = quad(late, 0, reach, (t - transit,), points=points, limit=500, epsabs=1e-9)[0]
        passed = np.exp(-exchange) * integral(t - transit) if t > transit else 0.0
        left.append(flow * (integral(t) - passed - visited))
    return wanted, np.array(left)


def finite_differences(flow, ps, ve, vp, mixed, cells):
    """Tissue curve by following the plasma cell by cell along the capillary, to second order in the step.

    mixed : whether the interstitium is one compartment or one for each cell.
    """
    step = vp / flow / cells
    count = int(TIMES[-1] / step) + 2
    plasma, tissue = np.zeros(cells), np.zeros(1 if mixed else cells)
    entering = np.interp(np.arange(count) * step, TIMES, PLASMA)
    content = np.zeros(count)

    def exchanged(plasma, tissue, duration):
        mean = plasma.mean() if mixed else plasma
        half = tissue + duration / 2 * ps / ve * (mean - tissue)
        new_plasma = half + (plasma - half) * np.exp(-ps / vp * duration)
        mean = (new_plasma.mean() + mean) / 2 if mixed else (new_plasma + plasma) / 2
        return new_plasma, tissue + duration * ps / ve * (mean - half)

    for n in range(1, count):
        plasma, tissue = exchanged(plasma, tissue, step / 2)
        plasma = np.concatenate([[(entering[n] + entering[n - 1]) / 2], plasma[:-1]])
        plasma, tissue = exchanged(plasma, tissue, step / 2)
        content[n] = vp * plasma.mean() + ve * tissue.mean()
    return np.interp(TIMES, np.arange(count) * step, content)


@pytest.mark.parametrize("tissue", TISSUES)
def test_adiabatic_model_is_its_closed_form(tissue, worst_error):
    error = relative(curve("adiabatic", tissue), adiabatic_closed_form(*tissue))
    worst_error("AATH curve against its closed form, relative", error, 1e-6)
    assert error < 1e-6


@pytest.mark.parametrize("tissue", TISSUES)
def test_distributed_model_is_its_closed_form(tissue, worst_error):
    wanted, reference = distributed_closed_form(*tissue)
    error = relative(np.interp(wanted, TIMES, curve("distributed", tissue)), reference)
    worst_error("distributed parameter curve against Bessel's closed form, relative", error, 1e-6)
    assert error < 1e-6


@pytest.mark.parametrize("kind, mixed", [("homogeneous", True), ("distributed", False)])
@pytest.mark.parametrize("tissue", TISSUES)
def test_curves_solve_the_differential_equations(kind, mixed, tissue, worst_error):
    coarse, fine = (finite_differences(*tissue, mixed, cells) for cells in (40, 80))
    error = relative(curve(kind, tissue), fine + (fine - coarse) / 3)
    worst_error(f"{kind} plug flow against finite differences, relative", error, 1e-4)
    # What the extrapolated differences themselves are good to.
    assert error < 1e-4


@pytest.mark.parametrize("kind", KINDS)
def test_without_exchange_the_input_passes_through(kind):
    passing = running_integral(TIMES, PLASMA, TIMES) - running_integral(TIMES + 6.0, PLASMA, TIMES)
    assert relative(curve(kind, (0.01, 0.0, 0.2, 0.06)), 0.01 * passing) < 1e-9


@pytest.mark.parametrize("kind", ["distributed", "homogeneous"])
def test_slow_exchange_is_that_of_two_compartments(kind):
    # A short transit makes plug flow and mixing alike, little extraction both kinds of extraction.
    flow, ps, ve, vp = 150 / 6000, 0.005 / 60, 0.3, 0.0005
    mixed = two_compartment_concentration(TIMES, PLASMA, TIMES, fp=flow * 6000, ps=ps * 60, ve=ve, vp=vp)
    assert relative(curve(kind, (flow, ps, ve, vp)), mixed) < 0.01


@pytest.mark.parametrize("kind", KINDS)
def test_limits_give_no_nan(kind):
    edges = np.array(
        [
            (0, 0, 0, 0),
            (0, 0.08, 1, 1),
            (0.03, 0, 0, 0),
            (0.03, 0.08, 0, 1),
            (0.03, 0.08, 1, 0),
            (0.03, 0, 1, 1),
            (1e-7, 0.08, 1e-7, 1),
        ],
        float,
    ).T
    assert np.isfinite(CURVES[kind](edges)).all()
    assert np.abs(CURVES[kind](edges)[0]).max() < 1e-4


def test_uneven_times_agree_with_a_fine_grid():
    uneven = np.concatenate([np.arange(0, 60, 1.5), np.arange(60, 200, 7.0)])
    plasma = np.interp(uneven, TIMES, PLASMA)
    for kind in KINDS:
        here = plug_flow_curves(kind, uneven, plasma, at_instants(uneven))
        fine_times = np.union1d(np.linspace(0, 194, 389), uneven)
        fine = plug_flow_curves(kind, uneven, plasma, at_instants(fine_times))
        tissue = np.array(TISSUES[0])[:, None]
        np.testing.assert_allclose(here(tissue)[0], fine(tissue)[0][np.isin(fine_times, uneven)], atol=1e-6)


def test_dense_inputs_are_thinned_without_loss():
    dense = np.arange(0, 200, 0.1)
    plasma = parker_blood_concentration(dense, arrival=20) / 0.58
    delayed = delayed_input(dense, plasma, TIMES)
    assert len(delayed.nodes) < len(dense)
    values, slopes = delayed.exponential(np.array([0.02]))
    shifted = delayed.at_delay(values, slopes, np.array([3.3]))[0]
    exact = exponential_convolution(dense + 3.3, plasma, 0.02, TIMES)
    assert relative(shifted, exact) < 1e-5


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("sampling", [at_instants(TIMES), over_intervals(TIMES)], ids=["instants", "averages"])
def test_derivatives_are_those_of_the_curves(sampling, kind):
    curves = plug_flow_curves(kind, TIMES, PLASMA, sampling)
    tissues = np.array(TISSUES).T
    found, derivatives = plug_flow_slopes(kind, TIMES, PLASMA, sampling)(tissues)
    np.testing.assert_allclose(found, curves(tissues), rtol=1e-12, atol=1e-15)
    for n, size in enumerate(tissues.mean(axis=1)):
        step = np.zeros((4, 1))
        step[n] = 1e-5 * size
        differences = (curves(tissues + step) - curves(tissues - step)) / (2 * step[n])
        # Where delayed samples meet frames the derivative bends, and differences see both sides.
        assert relative(derivatives[n], differences) < 1e-4
