"""Time axes as scanners give them: uneven, with holes, begun late, and not in step with the bolus."""

import numpy as np
import pytest

import SpatioTemporalLib as st
from SpatioTemporalLib.data.curve import Curve
from SpatioTemporalLib.numerics.bolus.population_input_functions import parker_blood_concentration
from SpatioTemporalLib.numerics.kinetics.tofts_models import extended_tofts_concentration
from SpatioTemporalLib.numerics.relaxation.spoiled_gradient_echo import spoiled_gradient_echo_signal

KTRANS, VE, VP = np.array([0.03, 0.1, 0.25, 0.5]), np.array([0.15, 0.3, 0.25, 0.4]), np.array([0.01, 0.02, 0.05, 0.1])
HEMATOCRIT = 0.42
FINE = np.arange(0, 300.5, 0.5)
EVEN = np.arange(0, 300, 3.0)
UNEVEN = np.concatenate([[0, 56.9], 56.9 + 18.24 * np.arange(1, 15)])  # first gap as in some breast protocols
LATE = np.arange(75.0, 300, 3.0)
AXES = {
    "every 3 s": EVEN,
    "long first gap, then 18.24 s": UNEVEN,
    "random": np.sort(np.random.default_rng(0).uniform(0, 300, 80)),
    "a frame missing": np.delete(EVEN, 17),
    "ten frames missing in the bolus": np.delete(EVEN, np.arange(13, 23)),
    "begun after arrival": LATE,
}


def blood(arrival):
    return np.where(FINE >= arrival, parker_blood_concentration(np.maximum(FINE - arrival, 0)), 0.0)


def fitted(times, *, arrival=40.0, model="kinetics.extended_tofts", **options):
    """Estimates from exact concentrations at these times, with the input known in between."""
    plasma = blood(arrival) / (1 - HEMATOCRIT)
    curves = extended_tofts_concentration(FINE, plasma, times, ktrans=KTRANS, ve=VE, vp=VP).T
    series = st.Series(
        curves[:, None, None, :], times, st.Geometry.from_spacing((1, 1, KTRANS.size)), unit="mmol/L", name="tissue"
    )
    aif = Curve(FINE, blood(arrival), "mmol/L", "blood")
    return st.run(model, series=series, aif=aif, hematocrit=HEMATOCRIT, **options)


def assert_exact(result, case, worst_error):
    truths = {"ktrans": KTRANS, "ve": VE, "vp": VP}
    errors = {name: np.abs(result[name].values.ravel() / truth - 1).max() for name, truth in truths.items()}
    worst_error(f"Ktrans, ve and vp, {case}", max(errors.values()), 1e-5)
    assert max(errors.values()) < 1e-5, errors


@pytest.mark.parametrize("axis", AXES)
def test_any_time_axis_gives_the_known_parameters(axis, worst_error):
    assert_exact(fitted(AXES[axis]), axis, worst_error)


@pytest.mark.parametrize("arrival", [40.0, 40.1, 41.4999, 42.9])
def test_arrival_between_frames_gives_the_known_parameters(arrival, worst_error):
    assert_exact(fitted(EVEN, arrival=arrival), "arrival between frames", worst_error)


@pytest.mark.parametrize("axis", ["every 3 s", "random", "ten frames missing in the bolus"])
def test_two_compartment_exchange_does_not_mind_uneven_times(axis, worst_error):
    result = fitted(AXES[axis], model="kinetics.two_compartment_exchange")
    # Extended Tofts is its limit of infinite flow, so that only exchange and volumes are determined.
    plasma_and_interstitium = result.ve.values.ravel() + result.vp.values.ravel()
    error = np.abs(plasma_and_interstitium / (VE + VP) - 1).max()
    worst_error(f"2CXM, {axis}: whole volume", error, 0.02)
    assert error < 0.02


def test_saturated_voxels_of_the_artery_do_not_change_the_answer(worst_error):
    """The first half of the artery's voxels saturate at the peak; the others say what the blood is."""
    facts = {"flip_angle": 12.0, "repetition_time": 0.004}
    known = {"t1_baseline": 1.4, "t1_blood": 1.65, "relaxivity": 4.5, "hematocrit": HEMATOCRIT}
    fine = blood(40.0)
    sampled = np.interp(EVEN, FINE, fine)
    tissue = extended_tofts_concentration(EVEN, sampled / (1 - HEMATOCRIT), EVEN, ktrans=KTRANS, ve=VE, vp=VP)
    r1 = np.concatenate([1 / 1.4 + 4.5 * tissue, np.tile(1 / 1.65 + 4.5 * sampled, (8, 1))])
    signal = spoiled_gradient_echo_signal(r1, s0=1000.0, **facts)
    ceiling = 1000 * np.sin(np.deg2rad(facts["flip_angle"]))
    peak = sampled.argmax()
    signal[4:8, peak - 1 : peak + 2] = 1.02 * ceiling
    geometry = st.Geometry.from_spacing((1, 1, 12))
    series = st.Series(signal.T[:, None, None, :], EVEN, geometry, acquisition=st.Acquisition(**facts), name="dce")
    artery, mask = np.zeros(geometry.shape, np.uint8), np.zeros(geometry.shape, np.uint8)
    artery[..., 4:], mask[..., :4] = 1, 1
    result = st.run(
        "kinetics.extended_tofts",
        series=series,
        mask=st.LabelMap(mask, geometry),
        aif_mask=st.LabelMap(artery, geometry),
        **known,
    )
    assert any("4 of 8 artery voxels" in finding.message for finding in result.findings)
    error = np.abs(result.ktrans.values[0, 0, :4] / KTRANS - 1).max()
    worst_error("Ktrans with half of the artery saturated", error, 1e-4)
    assert error < 1e-4
