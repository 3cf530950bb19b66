"""Inputs in files that others change during a run: never a result of no file, never the end of the process."""

from __future__ import annotations

import os

import numpy as np
import pytest

import SpatioTemporalLib as st
from SpatioTemporalLib.declare import Input, Output, analysis
from SpatioTemporalLib.inputs.files import InputFiles, held
from SpatioTemporalLib.inputs.identity import identity

TIMES = np.arange(6.0)


@analysis(
    id="test.blockwise",
    title="Blockwise",
    citation="own definition",
    inputs=[Input("series", st.Series, help="Any.")],
    outputs=[Output("mean", st.Map, "a.u.", help="Mean.")],
)
def blockwise(series, *, parameters, context):
    """Reads a slice at a time."""
    mean = np.empty(series.geometry.shape, np.float32)
    for k in range(len(mean)):
        context.progress(k / len(mean), "a slice")
        mean[k] = series.values[:, k].mean(axis=0)
    return {"mean": mean}


@pytest.fixture(autouse=True)
def known(monkeypatch):
    monkeypatch.setitem(st.analyses(), "test.blockwise", blockwise.declaration)


@pytest.fixture
def file(tmp_path):
    np.save(tmp_path / "a.npy", np.random.default_rng(0).random((6, 64, 8, 8)).astype(np.float32))
    return tmp_path / "a.npy"


def mapped(file) -> st.Series:
    return st.Series(np.load(file, mmap_mode="r"), TIMES, st.Geometry.from_spacing((64, 8, 8)), name="mapped")


def run_while(file, change, budget: int) -> st.Result:
    """The result of a run in the middle of which the file is changed."""
    done = []

    def report(fraction, message):
        if fraction > 0.4 and not done:
            done.append(fraction)
            change(file)

    return st.run("test.blockwise", series=mapped(file), context=st.Context(report=report, memory_budget=budget))


def cut_off(file):
    os.truncate(file, 200)


def overwrite(file):
    data = bytearray(file.read_bytes())
    data[-1000:] = bytes(1000)
    with open(file, "r+b") as stream:
        stream.write(data)


def replace(file):
    other = file.with_suffix(".new")
    other.write_bytes(file.read_bytes())
    os.replace(other, file)


CHANGES = [
    (cut_off, "was cut off from"),
    (overwrite, "was changed"),
    (replace, "was changed"),
    (os.remove, "was removed"),
]


@pytest.mark.parametrize("change, says", CHANGES)
def test_a_file_too_large_for_the_memory_that_changes_is_told(file, change, says):
    with pytest.raises(st.InputError, match=f"a.npy: the file {says}.*E-INPUT-CHANGED"):
        run_while(file, change, 1000)


@pytest.mark.parametrize("change", [change for change, _ in CHANGES])
def test_a_file_that_fits_may_change_and_provenance_names_what_was_computed_with(file, change):
    expected = st.run("test.blockwise", series=st.Series(np.load(file), TIMES, mapped(file).geometry, name="mapped"))
    result = run_while(file, change, 2**20)
    assert np.array_equal(result["mean"].values, expected["mean"].values)
    assert result.provenance.inputs == expected.provenance.inputs


def test_a_file_that_is_left_alone_gives_the_same_either_way(file):
    in_memory, on_disk = (run_while(file, lambda file: None, budget) for budget in (2**20, 1000))
    assert np.array_equal(in_memory["mean"].values, on_disk["mean"].values)
    assert in_memory.provenance.inputs == on_disk.provenance.inputs


def test_files_are_found_behind_views_and_in_visits(file):
    series = mapped(file)
    view = np.asarray(series.values)[2:, ::2].transpose(0, 2, 1, 3)[0]
    image = st.Map(view, st.Geometry.from_spacing(view.shape), "HU", "ct")
    mask = st.LabelMap(np.zeros(view.shape, np.uint8), image.geometry)
    visits = st.FollowUp("p", (st.Visit(0, {"ct": image}, {"m": mask}), st.Visit(9, {"ct": image})))
    assert list(InputFiles({"visits": visits, "other": None}).states) == [file]
    copied = held({"visits": visits, "other": None}, 2**20)
    assert InputFiles(copied).states == {} and copied["other"] is None
    assert np.array_equal(copied["visits"].visits[1].images["ct"].values, view)
    assert copied["visits"].visits[0].masks["m"] is mask


def test_a_file_that_is_gone_before_the_run_is_told(file):
    series = mapped(file)
    os.remove(file)
    with pytest.raises(st.InputError, match="is gone.*E-INPUT-CHANGED"):
        st.run("test.blockwise", series=series)


def test_files_of_ones_own_stay_mapped(file):
    seen = []

    def report(fraction, message):
        seen.append(fraction)

    context = st.Context(report=report, own_files=True)
    assert np.isfinite(st.run("test.blockwise", series=mapped(file), context=context)["mean"].values).all()
    assert seen and context.watch.__name__ == "_unwatched"


def test_a_file_that_changes_while_it_is_recognised_is_told(file):
    series, looked = mapped(file), []

    def look():
        looked.append(None)
        if len(looked) == 3:
            cut_off(file)
        files.require_unchanged()

    files = InputFiles({"series": series})
    with pytest.raises(st.InputError, match="E-INPUT-CHANGED"):
        identity(series, look)
    assert len(looked) == 3
