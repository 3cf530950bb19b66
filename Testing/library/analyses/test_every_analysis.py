"""What is asked of every analysis, found by the registry alone."""

import copy
import json
import subprocess
import sys
from functools import cache

import numpy as np
import pytest
from library.small.inputs import small_inputs, small_phantom

import SpatioTemporalLib as st
from SpatioTemporalLib.command_line.verbs.run import options_of
from SpatioTemporalLib.data import Events, Graph

EVERY = [pytest.param(a, id=a.id) for a in st.analyses().values()]


def run_small(analysis, **more):
    return st.run(analysis.id, **{**small_inputs(analysis, small_phantom()), **more})


@cache
def first_run(analysis):
    """The result of the smallest run, made once for all tests, with what the inputs held before and after it."""
    inputs = small_inputs(analysis, small_phantom())
    before = {name: copy.deepcopy(contents(value)) for name, value in inputs.items()}
    result = st.run(analysis.id, **inputs)
    return result, before, {name: contents(value) for name, value in inputs.items()}


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
        assert output.unit or output.kind in (st.LabelMap, st.LabelSeries, st.Curve, st.Table, st.Report, Graph)


@pytest.mark.parametrize("analysis", EVERY)
def test_schema_is_json_and_lists_everything(analysis):
    schema = json.loads(json.dumps(analysis.schema()))
    assert list(schema["parameters"]) == [p.name for p in analysis.parameters]
    assert [o["name"] for o in schema["outputs"]] == [o.name for o in analysis.outputs]


@pytest.mark.parametrize("analysis", EVERY)
def test_smallest_run_gives_what_is_declared(analysis):
    result = first_run(analysis)[0]
    assert {o.name for o in analysis.outputs if not o.optional and not o.several} <= set(result)
    for output in analysis.outputs:
        if output.several and not output.optional:
            assert any(name.startswith(f"{output.name}_") for name in result)
    for values in result.of_kind(st.Map).values():
        assert values.unit
        assert np.isfinite(values.values).any()


@pytest.mark.parametrize("analysis", EVERY)
def test_same_input_gives_the_same_output(analysis):
    first, second = first_run(analysis)[0], run_small(analysis)
    for name, values in {**first.of_kind(st.Map), **first.of_kind(st.LabelMap)}.items():
        np.testing.assert_array_equal(values.values, second[name].values)
    assert first.provenance.inputs == second.provenance.inputs


@pytest.mark.parametrize("analysis", EVERY)
def test_threads_and_memory_budget_do_not_change_the_result(analysis):
    whole = first_run(analysis)[0]
    pieces = run_small(analysis, context=st.Context(threads=3, memory_budget=1))
    for name, values in {**whole.of_kind(st.Map), **whole.of_kind(st.LabelMap)}.items():
        # float32 maps: blocks of another size may differ in the last bit of a matrix product.
        np.testing.assert_allclose(values.values, pieces[name].values, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("analysis", EVERY)
def test_inputs_are_left_unchanged(analysis):
    _, before, after = first_run(analysis)
    for name, values in after.items():
        np.testing.assert_equal(values, before[name])


def contents(value):
    if isinstance(value, st.FollowUp):
        return [[image.values for image in (visit.images | visit.masks).values()] for visit in value.visits]
    if isinstance(value, Events):
        return [value.onsets, value.durations, value.conditions]
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


# Packages that take a second to import; NumPy and the parts of SciPy that the library is made of are not among them.
SLOW_TO_IMPORT = ("torch", "monai", "matplotlib", "SimpleITK", "pydicom", "highdicom", "vtk", "slicer", "scipy.stats")


def test_importing_the_analyses_is_cheap():
    program = "import json, sys; import SpatioTemporalLib as st; st.analyses(); print(json.dumps(list(sys.modules)))"
    loaded = set(json.loads(subprocess.check_output([sys.executable, "-c", program])))
    assert not loaded.intersection(SLOW_TO_IMPORT)
