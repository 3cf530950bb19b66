"""What the system refuses is said in words, and is nobody's fault."""

import errno
import os

import pytest
from library.command_line.commands import refused, run
from library.small.inputs import small_phantom

import SpatioTemporalLib as st
from SpatioTemporalLib.command_line.terminal.system_faults import fault_of_the_system


@pytest.fixture
def series(tmp_path):
    return st.write_series(tmp_path / "dce.seq.nrrd", small_phantom().series)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EROFS, errno.EMFILE, errno.EIO])
def test_refusals_of_the_system_name_the_place_and_what_to_do(number):
    told = fault_of_the_system(OSError(number, os.strerror(number), "/data/out"))
    assert told.startswith(f"/data/out: {os.strerror(number).lower()}. ") and "[E-SYSTEM]" in told


@pytest.mark.parametrize(
    "error",
    [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")],
)
def test_memory_that_is_not_there_is_told(error):
    assert "not enough memory" in fault_of_the_system(error)


def test_other_errors_are_faults_of_the_program():
    assert fault_of_the_system(RuntimeError("index 3 is out of range")) == ""
    assert fault_of_the_system(OSError("no number")) == ""


def test_memory_that_runs_out_in_a_run_ends_in_words(capsys, series, tmp_path, monkeypatch):
    def exhausted(*arguments, **more):
        raise MemoryError("Unable to allocate 7.5 GiB for an array")

    monkeypatch.setattr("SpatioTemporalLib.command_line.verbs.run.run_analysis", exhausted)
    told = refused(capsys, "run", "kinetics.bolus_arrival", "--series", series, "--out", tmp_path / "out")
    assert "7.5 GiB" in told and "E-MEMORY" in told and not (tmp_path / "out").exists()


@pytest.mark.parametrize("place", ["file", "file/below", "/proc/nowhere/out", "n" * 300])
@pytest.mark.parametrize("verb", ["run", "simulate", "demo", "convert"])
def test_places_that_cannot_be_written_to_are_told_before_anything_is_computed(
    capsys, series, tmp_path, monkeypatch, verb, place
):
    def computing(*arguments, **more):
        raise AssertionError("something was computed")

    monkeypatch.setattr("SpatioTemporalLib.command_line.verbs.run.run_analysis", computing)
    monkeypatch.setattr("SpatioTemporalLib.command_line.verbs.demo._written", computing)
    (tmp_path / "file").write_text("mine")
    out = tmp_path / place
    command = {
        "run": ["run", "kinetics.bolus_arrival", "--series", series, "--out", out],
        "simulate": ["simulate", "nodules", "--count", "1", "--out", out],
        "demo": ["demo", "--out", out],
        "convert": ["convert", series, out.with_name(f"{out.name}.nii.gz") if place != "file" else out / "a.nii.gz"],
    }
    told = refused(capsys, *command[verb])
    assert "details" not in told or "E-SYSTEM" in told
    assert (tmp_path / "file").read_text() == "mine"


def test_a_folder_that_vanishes_while_a_run_computes_is_told(capsys, series, tmp_path, monkeypatch):
    import shutil

    from SpatioTemporalLib import run as run_analysis

    place = tmp_path / "place"
    place.mkdir()

    def vanishing(*arguments, **more):
        shutil.rmtree(place)
        return run_analysis(*arguments, **more)

    monkeypatch.setattr("SpatioTemporalLib.command_line.verbs.run.run_analysis", vanishing)
    code, _, err = run(capsys, "run", "kinetics.bolus_arrival", "--series", series, "--out", place / "out")
    assert code == 2 and "Traceback" not in err and "[E-" in err
