"""Results do not hang on the last digits: of the data, of the order of the voxels, of the blocks they are computed in.

Another processor sums in another order. What a status, a gap or a choice between two results rests on must not change
with that.
"""

from dataclasses import replace

import numpy as np
import pytest
from library.small.inputs import DESIGN, small_inputs

import SpatioTemporalLib as st
from SpatioTemporalLib.simulation.tofts_phantom import tofts_phantom

ON_IMAGES = [a for a in st.analyses().values() if any(i.kind in (st.Series, st.ImageStack) for i in a.inputs)]
MOST_VOXELS = 6
# Values that are shown have four digits. What a fit leaves uncertain anyway may move by a part of its standard error.
SHOWN, PART_OF_ERROR, PART_OF_RANGE = 1e-3, 0.02, 1e-5
# The shifted, interpolated inputs of these have kinks, where descents end a little apart.
KINKED = {f"kinetics.{name}" for name in ("dual_input_liver", "adiabatic_tissue_homogeneity", "tissue_homogeneity")}
KINKED |= {"kinetics.distributed_parameter"}
SHOWN_OF_KINKED, PART_OF_ERROR_OF_KINKED = 5e-3, 0.2
ROUNDING = 1e-8  # of the data
# A network looks at each voxel's surroundings, which are others when seen from the other side.
SEES_SURROUNDINGS = {"segmentation.by_network"}
OTHER_VALUES_FIT_AS_WELL = 4  # rates or flow not identified


@pytest.fixture(scope="module", params=[0.01, 0.0], ids=["noise", "exact"])
def phantom(request):
    return tofts_phantom(replace(DESIGN, noise=request.param), np.random.default_rng(0))


def inputs_of(analysis, phantom):
    inputs = {n: double(v) for n, v in small_inputs(analysis, phantom).items()}
    # A segmentation needs its region whole, and regions need theirs.
    names = {item.name for item in analysis.inputs}
    if "mask" in names and "regions" not in names and not analysis.id.startswith("segmentation."):
        inputs["mask"] = few_of(inputs.get("mask", phantom.tissue))
    return inputs


def double(value):
    if isinstance(value, (st.Series, st.ImageStack)):
        return replace(value, values=np.asarray(value.values, dtype=float))
    return value


def few_of(mask):
    values = np.zeros_like(mask.values)
    places = np.flatnonzero(mask.values)
    kept = places[:: max(1, places.size // MOST_VOXELS)]
    values.flat[kept] = mask.values.flat[kept]
    return replace(mask, values=values)


def nudged(value, rng):
    if isinstance(value, (st.Series, st.ImageStack, st.Curve)):
        values = np.asarray(value.values, dtype=float)
        return replace(value, values=values * (1 + 1e-13 * rng.standard_normal(values.shape)))
    return value


def turned(value):
    """The image seen from the other side: the same voxels in another order."""
    if isinstance(value, (st.Series, st.ImageStack, st.Map, st.LabelMap)):
        return replace(value, values=value.values[..., ::-1, ::-1])
    return value


def run(analysis, inputs, **surroundings):
    return st.run(analysis.id, context=st.Context(**{"threads": 1, **surroundings}), **inputs)


def require_same(analysis, first, second, data):
    for name, labels in first.of_kind(st.LabelMap).items():
        if name == "artery" and is_exact(data):
            continue  # Of equal voxels any may be taken.
        np.testing.assert_array_equal(labels.values, second[name].values, err_msg=name)
    for name, one in first.of_kind(st.Map).items():
        other = second[name].values
        np.testing.assert_array_equal(np.isnan(one.values), np.isnan(other), err_msg=name)
        allowed = allowance(analysis, name, first) + ROUNDING * np.abs(data).max()
        finite = np.isfinite(one.values) & np.isfinite(other)
        if name.endswith("_se") and analysis.id in KINKED:
            continue
        if "fit_status" in first:
            finite &= first["fit_status"].values != OTHER_VALUES_FIT_AS_WELL
        away = np.abs(one.values - other)[finite]
        assert (away <= allowed[finite]).all(), f"{name}: {one.values[finite][away.argmax()]} moved by {away.max()}"


def allowance(analysis, name, result):
    values = np.abs(result[name].values)
    # A standard error is compared on the scale of what it is the error of.
    scale = np.abs(result[name.removesuffix("_se")].values) if name.endswith("_se") else values
    largest = np.nanmax(np.where(np.isfinite(scale), scale, 0.0), initial=0.0)
    error = result[f"{name}_se"].values if f"{name}_se" in result else np.zeros_like(values)
    error = np.where(np.isfinite(error), error, 0.0)
    kinked = analysis.id in KINKED
    relative, part = (SHOWN_OF_KINKED, PART_OF_ERROR_OF_KINKED) if kinked else (SHOWN, PART_OF_ERROR)
    return relative * values + PART_OF_RANGE * largest + part * error


def is_exact(data):
    return len(np.unique(data[-1])) < data[-1].size / 2


@pytest.mark.parametrize("analysis", [pytest.param(a, id=a.id) for a in ON_IMAGES])
def test_statuses_gaps_and_values_stay(analysis, phantom):
    inputs = inputs_of(analysis, phantom)
    first = run(analysis, inputs)
    rng = np.random.default_rng(1)
    turn = (lambda value: value) if analysis.id in SEES_SURROUNDINGS else turned
    changed = {n: turn(nudged(v, rng)) for n, v in inputs.items()}
    seen = run(analysis, changed, memory_budget=1)
    back = replace(seen, outputs={n: turn(v) for n, v in seen.outputs.items()})
    require_same(
        analysis, first, back, next(v.values for v in inputs.values() if isinstance(v, (st.Series, st.ImageStack)))
    )
