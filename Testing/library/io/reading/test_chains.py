"""The result of one run as an input of the next."""

import json
import shutil

import numpy as np
import pytest
from library.command_line.commands import refused, run
from library.small.inputs import flip_angle_stack, small_phantom

import SpatioTemporalLib as st
from SpatioTemporalLib.io.output.results import write_result
from SpatioTemporalLib.io.reading.earlier_result import file_of_earlier_result, is_earlier_result


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A series, and the results of a T1 map and of an artery that was looked for in it."""
    folder = tmp_path_factory.mktemp("chain")
    phantom = small_phantom()
    st.write_series(folder / "dce.seq.nrrd", phantom.series)
    write_result(
        st.run("kinetics.variable_flip_angle_t1", stack=flip_angle_stack(phantom.series.geometry)), folder / "t1"
    )
    write_result(st.run("kinetics.arterial_input_function", series=phantom.series), folder / "artery")
    write_result(st.run("kinetics.tofts", series=phantom.series, aif_mask=phantom.artery), folder / "tofts")
    return folder


def test_a_folder_stands_for_the_output_that_is_meant(capsys, place, tmp_path):
    series = place / "dce.seq.nrrd"
    command = ["run", "kinetics.tofts", "--series", series, "--t1-map", place / "t1", "--aif-mask", place / "artery"]
    code, out, err = run(capsys, *command, "--out", tmp_path / "chained")
    assert code == 0, err
    assert f"t1_map: {place / 't1' / 't1.nii.gz'}" in out and f"{place / 'artery' / 'artery.nii.gz'}" in out
    named = ["--t1-map", place / "t1" / "t1.nii.gz", "--aif-mask", place / "artery" / "artery.nii.gz"]
    assert run(capsys, *command[:4], *named, "--out", tmp_path / "named")[0] == 0
    chained, by_file = (st.read_map(tmp_path / name / "ktrans.nii.gz").values for name in ("chained", "named"))
    np.testing.assert_array_equal(chained, by_file)


def test_one_of_several_outputs_is_named_behind_a_colon(place):
    assert file_of_earlier_result(f"{place / 't1'}:s0", "Map", ("t1",)).name == "s0.nii.gz"
    assert not is_earlier_result(place / "dce.seq.nrrd") and not is_earlier_result(place)


def test_the_plasma_curve_of_a_fit_is_not_taken_for_blood(capsys, place, tmp_path):
    command = ["run", "kinetics.tofts", "--series", place / "dce.seq.nrrd", "--out", tmp_path / "o", "--aif"]
    told = refused(capsys, *command, place / "tofts")
    assert "no outputs that could be meant" in told and "E-RESULT" in told
    code, out, _ = run(capsys, *command, place / "artery")
    assert code == 0 and "aif: " in out


def test_what_is_not_there_is_told_with_what_is(capsys, place, tmp_path):
    series = place / "dce.seq.nrrd"
    command = ["run", "kinetics.tofts", "--series", series, "--out", tmp_path / "o", "--t1-map"]
    assert "has no output nothing; it has t1" in refused(capsys, *command, f"{place / 't1'}:nothing")
    assert "could be meant" in refused(capsys, *command, place / "artery")


@pytest.mark.parametrize(
    "content",
    ["[]", "no json", '{"outputs": 3}', '{"outputs": {"t1": 3}}', '{"outputs": {"t1": {"kind": "Map"}}}',
     '{"outputs": {"t1": {"kind": "Map", "file": "../dce.seq.nrrd"}}}', "[" * 5000],
)  # fmt: skip
def test_a_damaged_summary_is_told(place, tmp_path, content):
    (tmp_path / "result.json").write_text(content)
    with pytest.raises(st.InputError, match="E-RESULT"):
        file_of_earlier_result(tmp_path, "Map", ("t1",))


DAMAGED = ["s0.nii.gz", "result.json", "t1.json", "t1.nii.gz/", "a" * 5000, "a\0b", "."]


@pytest.mark.parametrize("file", DAMAGED, ids=range(len(DAMAGED)))
def test_a_summary_that_gives_an_output_another_file_is_told(place, tmp_path, file):
    folder = shutil.copytree(place / "t1", tmp_path / "t1")
    summary = json.loads((folder / "result.json").read_text())
    summary["outputs"]["t1"]["file"] = file
    (folder / "result.json").write_text(json.dumps(summary))
    with pytest.raises(st.InputError, match="E-RESULT") as told:
        file_of_earlier_result(folder, "Map", ("t1",))
    assert len(str(told.value)) < 400


def test_a_summary_without_end_is_not_read_whole(tmp_path):
    with open(tmp_path / "result.json", "wb") as file:
        file.truncate(2**27)
    with pytest.raises(st.InputError, match="at most"):
        file_of_earlier_result(tmp_path, "Map", ("t1",))


def test_very_many_outputs_are_not_all_told(tmp_path):
    outputs = {f"output{n}": {"kind": "Map", "file": "x"} for n in range(10_000)}
    (tmp_path / "result.json").write_text(json.dumps({"outputs": outputs}))
    with pytest.raises(st.InputError, match="E-RESULT") as told:
        file_of_earlier_result(tmp_path, "Map", ("t1",))
    assert len(str(told.value)) < 1500


def test_an_output_of_another_kind_is_not_taken(place):
    with pytest.raises(st.InputError, match="no output fit_status of the kind Map"):
        file_of_earlier_result(f"{place / 't1'}:fit_status", "Map", ("t1",))


def test_names_that_no_file_can_have_are_told_as_files(capsys, place, tmp_path):
    command = ["run", "kinetics.tofts", "--series", place / "dce.seq.nrrd", "--out", tmp_path / "o", "--t1-map"]
    assert "E-FILE-ACCESS" in refused(capsys, *command, "a" * 5000)


@pytest.mark.parametrize("given", ["t1", "t1:t1", "t1/t1.nii.gz", "t1/../t1", "link"])
def test_a_result_is_not_replaced_by_what_is_made_from_it(capsys, place, tmp_path, given):
    folder = shutil.copytree(place / "t1", tmp_path / "t1")
    (tmp_path / "link").symlink_to(folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    command = ["run", "kinetics.tofts", "--series", place / "dce.seq.nrrd", "--t1-map", f"{tmp_path}/{given}"]
    assert "E-OUTPUT-INPUT" in refused(capsys, *command, "--out", folder, "--overwrite")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_what_is_not_of_the_result_may_lie_beside_it(capsys, place, tmp_path):
    folder = shutil.copytree(place / "tofts", tmp_path / "tofts")
    shutil.copy(place / "dce.seq.nrrd", folder)
    command = ["run", "kinetics.tofts", "--series", folder / "dce.seq.nrrd", "--out", folder, "--overwrite"]
    assert run(capsys, *command)[0] == 0 and (folder / "dce.seq.nrrd").is_file()


def test_every_declared_result_is_an_output_of_some_analysis():
    outputs = {o.name for a in st.analyses().values() for o in a.outputs}
    whole = {f"{a.id}:{o.name}" for a in st.analyses().values() for o in a.outputs}
    for analysis in st.analyses().values():
        for item in analysis.inputs:
            assert set(item.results) <= outputs | whole, f"{analysis.id}: {json.dumps(item.results)}"
