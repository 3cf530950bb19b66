"""Computing on torch tensors gives what numpy gives; memory that runs out is met with smaller blocks."""

import numpy as np
import pytest
import torch
from library.small.inputs import small_phantom

import SpatioTemporalLib as st
from SpatioTemporalLib.steps.voxels.device_blocks import halving, on_device

# A name that torch takes for the processor and that is not the numpy path.
TORCH_ON_CPU = "cpu:0"


@pytest.mark.parametrize(
    "analysis",
    [
        "kinetics.tofts",
        "kinetics.extended_tofts",
        "kinetics.patlak",
        "kinetics.two_compartment_exchange",
        "kinetics.two_compartment_uptake",
        "kinetics.one_compartment",
    ],
)
@pytest.mark.parametrize("unit", ["a.u.", "mmol/L"])
def test_tensors_give_the_numbers_of_numpy(analysis, unit):
    phantom = small_phantom()
    series, mask = phantom.series, phantom.tissue
    if unit == "mmol/L":
        series = st.run("kinetics.concentration", series=series).concentration
    values = series.values.copy()
    values[3, 0, 1, 1] = np.nan
    values[20, 0, 2, 2] = 1e6
    series = st.Series(values, series.times, series.geometry, unit=unit, acquisition=series.acquisition)
    arguments = {"series": series, "mask": mask, "arrival": 30.0, "baseline_frames": 7}
    by_numpy = st.run(analysis, **arguments)
    by_torch = st.run(analysis, context=st.Context(device=TORCH_ON_CPU), **arguments)
    assert by_torch.provenance.device == TORCH_ON_CPU
    assert by_numpy.provenance.device == "cpu"
    np.testing.assert_array_equal(by_torch.fit_status.values, by_numpy.fit_status.values)
    for name, values in by_numpy.of_kind(st.Map).items():
        if name.endswith("_se"):
            continue
        # Maps are float32. Where parameters are hardly determined, rounding moves the point where a descent stops
        # by a part of their standard error, and not the sum of squares.
        error = np.nan_to_num(by_numpy[f"{name}_se"].values, nan=np.inf) if f"{name}_se" in by_numpy else 0.0
        allowed = 1e-6 + 1e-5 * np.abs(np.nan_to_num(values.values)) + 0.05 * error
        determined = (by_numpy.fit_status.values == 1) | (name in ("rmse", "r2"))
        known = [np.isfinite(result[name].values) for result in (by_torch, by_numpy)]
        np.testing.assert_array_equal(*(finite[determined] for finite in known))
        difference = np.where(determined & known[1], by_torch[name].values - values.values, 0.0)
        assert (np.abs(difference) <= allowed).all(), name


def test_methods_that_know_only_numpy_stay_on_the_processor():
    phantom = small_phantom()
    context = st.Context(device=TORCH_ON_CPU)
    result = st.run("kinetics.enhancement", series=phantom.series, context=context)
    assert result.provenance.device == "cpu"


def test_curves_arrive_unchanged_whatever_their_byte_order_and_layout():
    curves = np.arange(24, dtype=">i2").reshape(4, 6)[:, ::2]
    tensor = on_device(curves, "cpu")
    assert tensor.dtype == torch.int16
    np.testing.assert_array_equal(tensor.numpy(), curves)


def test_blocks_are_halved_until_they_fit():
    sizes = []

    def compute(block):
        sizes.append(len(block))
        if len(block) > 3:
            raise torch.OutOfMemoryError("too large")
        return block, {}

    parts = halving(compute, np.arange(10))
    assert [p.tolist() for p, _ in parts] == [[0, 1, 2], [3, 4], [5, 6, 7], [8, 9]]
    assert sizes == [10, 5, 3, 2, 5, 3, 2]


def test_memory_that_never_suffices_is_an_error_after_three_halvings():
    def compute(block):
        raise torch.OutOfMemoryError("always")

    with pytest.raises(torch.OutOfMemoryError):
        halving(compute, np.arange(100))


@pytest.mark.parametrize("device", ["gpu", "cuda:99", "meta:x"])
def test_device_that_is_not_there_is_refused_in_words(device):
    phantom = small_phantom()
    with pytest.raises(st.ParameterError, match=f"{device}.*Use cpu") as caught:
        st.run("kinetics.tofts", series=phantom.series, context=st.Context(device=device))
    assert caught.value.code == "E-DEVICE"
