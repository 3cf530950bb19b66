"""What is asked of every analysis, found by the registry alone."""

import copy
import json
import subprocess
import sys
import time

import numpy as np
import pytest
from small_inputs import small_inputs, small_phantom

import SpatioTemporalLib as st
from SpatioTemporalLib.command_line.run import options_of
from SpatioTemporalLib.networks.registry import networks

EVERY = [pytest.param(a, id=a.id) for a in st.analyses().values()]


@pytest.fixture(scope="module", autouse=True)
def heavy_packages():
    """Imported before anything is timed: a program does that once."""
    networks()


def run_small(analysis, **more):
    return st.run(analysis.id, **{**small_inputs(analysis, small_phantom()), **more})


def test_every_file_of_analyses_can_be_imported():
    assert st.unavailable() == ()
    assert len(st.analyses()) >= 8


@pytest.mark.parametrize("analysis", EVERY)
def test_declaration_is_complete(analysis):
    assert analysis.title and analysis.summary and analysis.citation
    for parameter in analysis.parameters:
        assert parameter.help
        if parameter.default is not None:
            assert parameter.check(parameter.default) == parameter.default
        if parameter.type is float and parameter.range:
            assert parameter.range[0] < parameter.range[1]
    for output in analysis.outputs:
        assert output.help
        assert output.unit or output.kind in (st.LabelMap, st.Curve, st.Table, st.Report)


@pytest.mark.parametrize("analysis", EVERY)
def test_schema_is_json_and_lists_everything(analysis):
    schema = json.loads(json.dumps(analysis.schema()))
    assert list(schema["parameters"]) == [p.name for p in analysis.parameters]
    assert [o["name"] for o in schema["outputs"]] == [o.name for o in analysis.outputs]


@pytest.mark.parametrize("analysis", EVERY)
def test_smallest_run_is_quick_and_gives_what_is_declared(analysis):
    # The processor's time, which other programs on the machine do not lengthen.
    started = time.process_time()
    result = run_small(analysis)
    assert time.process_time() - started < 5
    assert {o.name for o in analysis.outputs if not o.optional and not o.several} <= set(result)
    for output in analysis.outputs:
        if output.several and not output.optional:
            assert any(name.startswith(f"{output.name}_") for name in result)
    for values in result.of_kind(st.Map).values():
        assert values.unit
        assert np.isfinite(values.values).any()


@pytest.mark.parametrize("analysis", EVERY)
def test_same_input_gives_the_same_output(analysis):
    first, second = run_small(analysis), run_small(analysis)
    for name, values in {**first.of_kind(st.Map), **first.of_kind(st.LabelMap)}.items():
        np.testing.assert_array_equal(values.values, second[name].values)
    assert first.provenance.inputs == second.provenance.inputs


@pytest.mark.parametrize("analysis", EVERY)
def test_threads_and_memory_budget_do_not_change_the_result(analysis):
    inputs = small_inputs(analysis, small_phantom())
    whole = st.run(analysis.id, context=st.Context(threads=1), **inputs)
    pieces = st.run(analysis.id, context=st.Context(threads=3, memory_budget=1), **inputs)
    for name, values in {**whole.of_kind(st.Map), **whole.of_kind(st.LabelMap)}.items():
        # float32 maps: blocks of another size may differ in the last bit of a matrix product.
        np.testing.assert_allclose(values.values, pieces[name].values, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("analysis", EVERY)
def test_inputs_are_left_unchanged(analysis):
    inputs = small_inputs(analysis, small_phantom())
    before = {name: copy.deepcopy(contents(value)) for name, value in inputs.items()}
    st.run(analysis.id, **inputs)
    for name, value in inputs.items():
        np.testing.assert_equal(contents(value), before[name])


def contents(value):
    if isinstance(value, st.FollowUp):
        return [[image.values for image in (visit.images | visit.masks).values()] for visit in value.visits]
    if isinstance(value, st.Point):
        return value.ras
    return value.columns if isinstance(value, st.Table) else getattr(value, "values", value)


@pytest.mark.parametrize("analysis", [p for p in EVERY if any(i.name == "mask" for i in p.values[0].inputs)])
def test_outside_the_mask_is_nan_or_background(analysis):
    phantom = small_phantom()
    mask = phantom.tissue.values.copy()
    mask[:, :2] = 0
    result = run_small(analysis, mask=st.LabelMap(mask, phantom.series.geometry, name="part"))
    for values in result.of_kind(st.Map).values():
        assert np.isnan(values.values[mask == 0]).all()
    anywhere = {output.name for output in analysis.outputs if output.anywhere}
    for name, labels in result.of_kind(st.LabelMap).items():
        assert name in anywhere or (labels.values[mask == 0] == 0).all()


@pytest.mark.parametrize("analysis", EVERY)
def test_command_line_help_lists_every_input_and_parameter(analysis):
    text = options_of(analysis).format_help()
    for item in (*analysis.inputs, *analysis.parameters):
        assert f"--{item.name.replace('_', '-')}" in text


@pytest.mark.parametrize("analysis", EVERY)
def test_a_run_can_be_cancelled(analysis):
    context = st.Context(report=lambda fraction, message: context.cancel())
    with pytest.raises(st.Cancelled):
        st.run(analysis.id, context=context, **small_inputs(analysis, small_phantom()))


@pytest.mark.parametrize("analysis", EVERY)
def test_missing_input_is_named(analysis):
    required = [item.name for item in analysis.inputs if not item.optional]
    with pytest.raises(st.InputError, match=required[0]) as caught:
        st.run(analysis.id)
    assert caught.value.code == "E-INPUT-MISSING"


def test_importing_the_analyses_is_cheap():
    program = (
        "import numpy, scipy.interpolate, scipy.ndimage, time; import SpatioTemporalLib as st; "
        "t = time.process_time(); st.analyses(); print(time.process_time() - t)"
    )
    seconds = [float(subprocess.check_output([sys.executable, "-c", program])) for _ in range(3)]
    assert min(seconds) < 0.3
