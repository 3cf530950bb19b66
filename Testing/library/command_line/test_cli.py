"""The command line as a user meets it."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import psutil
import pytest
from library.small.inputs import flip_angle_stack, small_phantom

import SpatioTemporalLib as st
from SpatioTemporalLib import cli


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A phantom's series, masks and T1 map as files."""
    folder = tmp_path_factory.mktemp("files")
    phantom = small_phantom()
    st.write_series(folder / "dce.seq.nrrd", phantom.series)
    st.write_labels(folder / "tissue.nii.gz", phantom.tissue)
    st.write_labels(folder / "artery.nii.gz", phantom.artery)
    t1 = st.Map(np.full(phantom.series.geometry.shape, 1.4), phantom.series.geometry, "s", "t1")
    st.write_map(folder / "t1.nii.gz", t1)
    return folder


def run(capsys, *arguments):
    code = cli.main([str(a) for a in arguments])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def test_list_shows_every_analysis(capsys):
    code, out, _ = run(capsys, "list")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == list(st.analyses())


def test_list_as_json_is_the_schemas(capsys):
    assert [s["id"] for s in json.loads(run(capsys, "list", "--json")[1])] == list(st.analyses())


def test_describe_says_units_ranges_and_reference(capsys):
    _, out, _ = run(capsys, "describe", "kinetics.extended_tofts")
    assert "hematocrit = 0.42, 0 to 0.7" in out
    assert "ktrans (Map [1/min])" in out
    assert "arrival = automatic, -600 to 3600 s (advanced)" in out
    assert "Reference: Tofts et al." in out


def test_describe_as_json_is_the_schema(capsys):
    schema = json.loads(run(capsys, "describe", "kinetics.patlak", "--json")[1])
    assert schema["parameters"]["ktrans_max"]["unit"] == "1/min"


def test_unknown_analysis_is_one_line_and_exit_code_2(capsys):
    code, out, err = run(capsys, "describe", "kinetics.toft")
    assert (code, out) == (2, "")
    assert len(err.strip().splitlines()) == 1 and "kinetics.tofts" in err


def test_run_writes_images_tables_pictures_and_provenance(capsys, files, tmp_path):
    code, out, err = run(
        capsys, "run", "kinetics.extended_tofts", "--series", files / "dce.seq.nrrd", "--mask", files / "tissue.nii.gz",
        "--aif-mask", files / "artery.nii.gz", "--t1-map", files / "t1.nii.gz", "--hematocrit", "0.4", "--set",
        "t1_blood=1.6", "--out", tmp_path / "result",
    )  # fmt: skip
    assert code == 0, err
    folder = tmp_path / "result"
    summary = json.loads((folder / "result.json").read_text())
    assert summary["provenance"]["parameters"]["hematocrit"] == 0.4
    assert summary["provenance"]["parameters"]["t1_blood"] == 1.6
    assert summary["outputs"]["ktrans"]["unit"] == "1/min"
    for output in summary["outputs"].values():
        assert (folder / output["file"]).stat().st_size > 0
    assert (folder / "maps.png").read_bytes()[:4] == b"\x89PNG"
    assert st.read_map(folder / "ktrans.nii.gz").unit == "1/min"
    assert st.read_table(folder / "statistics.csv").columns["quantity"][0] == "ktrans"
    assert "ktrans [1/min]: median" in out


def test_run_on_the_command_line_equals_run_from_python(capsys, files, tmp_path):
    run(capsys, "run", "kinetics.tofts", "--series", files / "dce.seq.nrrd", "--out", tmp_path / "r")
    from_python = st.run("kinetics.tofts", series=st.read_series(files / "dce.seq.nrrd"))
    np.testing.assert_array_equal(st.read_map(tmp_path / "r" / "ktrans.nii.gz").values, from_python.ktrans.values)


def test_scene_is_written_where_slicer_core_is_installed(capsys, files, tmp_path):
    scene = tmp_path / "scene.mrb"
    code, _, err = run(
        capsys, "run", "kinetics.tofts", "--series", files / "dce.seq.nrrd", "--out", tmp_path / "r", "--scene", scene
    )  # fmt: skip
    assert code == 0, err
    assert scene.read_bytes()[:2] == b"PK"


def test_dicom_objects_are_written_when_asked_for(capsys, files, tmp_path):
    code, out, err = run(
        capsys, "run", "kinetics.patlak", "--series", files / "dce.seq.nrrd", "--out", tmp_path / "r", "--dicom"
    )  # fmt: skip
    assert code == 0, err
    assert (tmp_path / "r" / "dicom" / "ktrans.dcm").stat().st_size > 1000


def test_stack_is_given_as_several_files(capsys, tmp_path):
    stack = flip_angle_stack(st.Geometry.from_spacing((1, 3, 4)))
    names = []
    for angle, values in zip(stack.settings, stack.values):
        names.append(tmp_path / f"angle{angle:g}.nii.gz")
        st.write_map(names[-1], st.Map(values, stack.geometry, "a.u."))
    code, _, err = run(
        capsys, "run", "kinetics.variable_flip_angle_t1", "--stack", *names, "--settings", "2,5,12,20",
        "--repetition-time", "0.005", "--out", tmp_path / "t1",
    )  # fmt: skip
    assert code == 0, err
    np.testing.assert_allclose(
        st.read_map(tmp_path / "t1" / "t1.nii.gz").values.ravel()[[0, -1]], [0.5, 2.0], rtol=1e-4
    )


def test_each_of_two_stacks_has_its_own_settings(capsys, tmp_path):
    geometry = st.Geometry.from_spacing((1, 1, 1))
    files = {}
    for name, signals in (("stack", (413.0, 604.0, 445.0)), ("inversion-stack", (249.0, 585.0))):
        files[name] = [tmp_path / f"{name}{n}.nii.gz" for n in range(len(signals))]
        for file, value in zip(files[name], signals):
            st.write_map(file, st.Map(np.full((1, 1, 1), value), geometry, "a.u."))
    code, _, err = run(
        capsys, "run", "kinetics.despot1_hifi_t1", "--stack", *files["stack"], "--settings", "stack=2,5,12",
        "--inversion-stack", *files["inversion-stack"], "--settings", "inversion_stack=0.168,1.068",
        "--repetition-time", "0.0054", "--inversion-flip-angle", "5", "--out", tmp_path / "hifi",
    )  # fmt: skip
    assert code == 0, err
    assert st.read_map(tmp_path / "hifi" / "t1.nii.gz").values.item() == pytest.approx(1.0218, abs=1e-4)


def test_earlier_results_are_kept_unless_overwriting_is_allowed(capsys, files, tmp_path):
    arguments = ["run", "kinetics.patlak", "--series", files / "dce.seq.nrrd", "--out", tmp_path / "r"]
    assert run(capsys, *arguments)[0] == 0
    before = (tmp_path / "r" / "result.json").read_bytes()
    code, _, err = run(capsys, *arguments)
    assert code == 2 and "--overwrite" in err
    assert (tmp_path / "r" / "result.json").read_bytes() == before
    assert run(capsys, *arguments, "--overwrite")[0] == 0


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["--hematocrit", "1.5"], "hematocrit = 1.5 is outside 0..0.7"),
        (["--set", "hematocrit"], "has no value"),
        (["--set", "colour=red"], "no parameter 'colour'"),
        (["--mask", "nowhere.nii.gz"], "nowhere.nii.gz"),
        (["--times", "0,one,2"], "not a list of numbers"),
        (["--scene", "scene.xyz"], "Known endings: .mrb"),
    ],
)
def test_wrong_arguments_are_one_line_without_traceback(capsys, files, tmp_path, arguments, words):
    code, _, err = run(
        capsys, "run", "kinetics.tofts", "--series", files / "dce.seq.nrrd", "--out", tmp_path / "r", *arguments
    )  # fmt: skip
    assert code == 2
    assert words in err and "Traceback" not in err and len(err.strip().splitlines()) == 1
    assert not (tmp_path / "r").exists()


def test_fault_of_ours_is_exit_code_3_with_a_log(capsys, files, tmp_path, monkeypatch):
    def broken(*arguments, **keywords):
        raise RuntimeError("on purpose")

    monkeypatch.setattr("SpatioTemporalLib.command_line.verbs.run.run_analysis", broken)
    code, _, err = run(capsys, "run", "kinetics.tofts", "--series", files / "dce.seq.nrrd", "--out", tmp_path / "r")
    assert code == 3 and "Traceback" not in err
    log = err.strip().split()[-1]
    with open(log) as stream:
        assert "on purpose" in stream.read()
    os.unlink(log)


def test_convert_keeps_times_and_geometry(capsys, files, tmp_path):
    code, out, _ = run(capsys, "convert", files / "dce.seq.nrrd", tmp_path / "dce.nii.gz")
    assert code == 0 and "times from" in out
    source, target = st.read_series(files / "dce.seq.nrrd"), st.read_series(tmp_path / "dce.nii.gz")
    np.testing.assert_array_equal(target.times, source.times)
    assert target.geometry == source.geometry
    assert target.acquisition.repetition_time == source.acquisition.repetition_time


def test_doctor_names_packages_memory_and_devices(capsys):
    _, out, _ = run(capsys, "doctor")
    for word in ("numpy", "slicer-core", "memory", "devices: cpu"):
        assert word in out


def wait_until_open(process, file):
    """Wait until a process has mapped a file: its run, which takes most of a minute, is then under way."""
    end = time.monotonic() + 60
    while not any(m.path == str(file) for m in psutil.Process(process.pid).memory_maps()):
        assert time.monotonic() < end and process.poll() is None
        time.sleep(0.05)


def test_interrupt_leaves_no_file_behind(tmp_path):
    times = np.arange(40) * 5.0
    values = np.random.default_rng(0).uniform(50, 60, (40, 16, 192, 192)).astype(np.float32)
    values[10:] += 40
    series = st.Series(values, times, st.Geometry.from_spacing(values.shape[1:]),
                       acquisition=st.Acquisition(flip_angle=15, repetition_time=0.005))  # fmt: skip
    st.write_series(tmp_path / "large.nii", series)
    command = [
        "run",
        "kinetics.extended_tofts",
        "--series",
        tmp_path / "large.nii",
        "--out",
        tmp_path / "r",
        "--delay",
        "fit",
    ]
    process = subprocess.Popen(
        [sys.executable, "-m", "SpatioTemporalLib", *map(str, command)], stderr=subprocess.PIPE, stdout=subprocess.PIPE
    )
    wait_until_open(process, tmp_path / "large.nii")
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert b"interrupted" in err
    assert not (tmp_path / "r").exists() or not list((tmp_path / "r").iterdir())
