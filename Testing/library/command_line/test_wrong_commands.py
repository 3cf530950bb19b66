"""What is mistyped, missing or no longer read ends in one line, or in none, and computes nothing."""

import os
import subprocess
import sys

import pytest
from library.command_line.commands import refused, run
from library.small.inputs import small_phantom

import SpatioTemporalLib as st
from SpatioTemporalLib import cli


@pytest.fixture(scope="module")
def series(tmp_path_factory):
    file = tmp_path_factory.mktemp("series") / "dce.seq.nrrd"
    st.write_series(file, small_phantom().series)
    return file


@pytest.fixture
def nothing_runs(monkeypatch):
    """Let any analysis that is begun fail the test."""
    monkeypatch.setattr(
        "SpatioTemporalLib.command_line.verbs.run.run_analysis", lambda *a, **k: pytest.fail("computed")
    )


@pytest.mark.parametrize("words", [["run", "--help"], ["run", "-h"], ["run"]])
def test_help_of_run_lists_what_can_be_run(capsys, words):
    code, out, err = run(capsys, *words)
    assert code == 0 and not err
    assert out.startswith("usage: spatiotemporal run NAME") and all(id in out for id in st.analyses())


@pytest.mark.parametrize("verb", [verb.__name__.split(".")[-1] for verb in cli.VERBS])
def test_every_verb_has_help(capsys, verb):
    try:
        code = cli.main(["list" if verb == "listing" else verb, "--help"])
    except SystemExit as ended:
        code = ended.code
    assert code == 0 and capsys.readouterr().out.startswith("usage: spatiotemporal")


MISTYPED = [
    (["runn"], "run?"),
    (["demo", "folow-up"], "follow-up?"),
    (["check", "kinetic"], "kinetics?"),
    (["describe", "kinetics.toft"], "kinetics.tofts"),
    (["run", "kinetics.tofts", "--hematokrit", "0.4"], "--hematocrit?"),
    (["run", "kinetics.tofts", "--t1map", "t1.nii"], "--t1-map"),
    (["run", "kinetics.tofts", "--aif_mask", "a.nii"], "--aif-mask?"),
    (["run", "kinetics.tofts", "--Series=x.nii"], "--series?"),
    (["run", "kinetics.tofts", "--output", "r"], "--out"),
    (["run", "--series", "x.nii", "kinetics.tofts"], "follow its name"),
    (["convert", "a.nii", "b.nii", "--tims", "1,2"], "--times?"),
    (["train", "csfnet", "--cohort", "c", "--out", "o", "--epochs-count", "3"], "--epochs"),
    (["evaluate", "demo", "--cohorte", "c", "--out", "o"], "--cohort?"),
    (["simulate", "nodule", "--out", "o"], "nodules?"),
    (["list", "--jsno"], "--json?"),
    (["doctor", "--all"], "--help"),
    (["list", "kinetics"], "'kinetics' is one word more"),
    (["run", "kinetics.tofts", "--out", "r", "x.nii"], "'x.nii' is one word more"),
    (["run", "kinetics.tofts", "--out", "r", "--seed", "one"], "--seed"),
    (["run", "kinetics.tofts", "--series", "x.nii"], "--out"),
    (["convert", "a.nii"], "TARGET"),
    ([], "VERB"),
]


@pytest.mark.parametrize("words, told", MISTYPED, ids=[" ".join(words) for words, _ in MISTYPED])
def test_what_is_mistyped_is_told_in_one_line_with_the_nearest_name(capsys, nothing_runs, words, told):
    line = refused(capsys, *words)
    assert told in line and len(line) < 250


def test_beginning_of_an_option_is_enough(capsys, series, tmp_path):
    code, _, err = run(capsys, "run", "kinetics.enhancement", "--ser", series, "--out", tmp_path / "r")
    assert code == 0, err


@pytest.mark.parametrize("words", [["list"], ["--help"], ["run", "--help"], ["describe", "kinetics.tofts"], ["doctor"]])
def test_output_that_nobody_reads_is_a_quiet_end(words):
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as pipe:
        ended = subprocess.run(
            [sys.executable, "-m", "SpatioTemporalLib", *words], stdout=pipe, stderr=subprocess.PIPE, check=False
        )
    # argparse itself is silent about help that nobody reads.
    assert ended.returncode == (0 if words == ["--help"] else 141) and ended.stderr == b""


def test_results_are_written_though_nobody_reads_about_them(series, tmp_path, monkeypatch):
    class Gone:
        def write(self, text):
            raise BrokenPipeError

        def flush(self):
            raise BrokenPipeError

        def fileno(self):
            raise ValueError

    def quiet(*arguments, **keywords):
        return None

    command = ["run", "kinetics.enhancement", "--series", str(series), "--out", str(tmp_path / "r")]
    # What is said before computing is still read; then the reader goes.
    real = st.run

    def run_then_gone(*arguments, **keywords):
        result = real(*arguments, **keywords)
        monkeypatch.setattr(sys, "stdout", Gone())
        return result

    monkeypatch.setattr("SpatioTemporalLib.command_line.verbs.run.run_analysis", run_then_gone)
    with pytest.raises(SystemExit) as ended:
        cli.main(command)
    assert ended.value.code == 141
    assert (tmp_path / "r" / "result.json").exists()


def test_run_says_where_the_times_came_from(capsys, series, tmp_path):
    _, out, _ = run(capsys, "run", "kinetics.enhancement", "--series", series, "--out", tmp_path / "r")
    source = st.read_series(series).time_source
    assert f"times from {source}" in out.splitlines()[0]
    assert source not in ("", "given")
    _, out, _ = run(
        capsys, "run", "kinetics.enhancement", "--series", series, "--frame-interval", "7", "--out", tmp_path / "s"
    )  # fmt: skip
    assert "every 7 s" in out.splitlines()[0] and source not in out.splitlines()[0]


@pytest.mark.parametrize("what", ["missing.dcm", "not_dicom.txt", "empty"])
def test_reference_of_dicom_objects_is_looked_at_before_computing(capsys, nothing_runs, series, tmp_path, what):
    (tmp_path / "not_dicom.txt").write_text("no image")
    (tmp_path / "empty").mkdir()
    told = refused(
        capsys, "run", "kinetics.enhancement", "--series", series, "--out", tmp_path / "r",
        "--dicom-reference", tmp_path / what,
    )  # fmt: skip
    assert what in told and not (tmp_path / "r").exists()


def test_results_in_the_current_folder_are_told_of_by_its_name(capsys, nothing_runs, series, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "result.json").write_text("{}")
    told = refused(capsys, "run", "kinetics.enhancement", "--series", series, "--out", ".")
    assert f"{tmp_path}: holds what is not ours: result.json" in told and ".:" not in told


WITHOUT_SENSE = [
    (["--series", ""], "--series has no name"),
    (["--series", "a.nii", "--series", "b.nii"], "--series was given twice"),
    (["--series", "a.nii", "--unit", "t1map=s"], "t1_map"),
    (["--series", "a.nii", "--unit", "artery=mM"], "no input"),
]


@pytest.mark.parametrize(("words", "said"), WITHOUT_SENSE)
def test_options_without_sense_are_refused_before_any_file_is_read(capsys, tmp_path, nothing_runs, words, said):
    message = refused(capsys, "run", "kinetics.tofts", *words, "--out", tmp_path / "o")
    assert said in message


def test_a_unit_is_taken_for_an_input_written_with_a_dash(capsys, tmp_path, series, nothing_runs):
    message = refused(
        capsys, "run", "kinetics.tofts", "--series", series, "--unit", "t1-map=s", "--mask", "no.nii", "--out", tmp_path
    )
    assert "no.nii" in message


def test_a_command_whose_output_was_closed_before_it_began_ends_quietly():
    command = f'"{sys.executable}" -m SpatioTemporalLib doctor --help >&-'
    done = subprocess.run(command, shell=True, capture_output=True, text=True, env={**os.environ})
    assert "Traceback" not in done.stderr


def test_a_run_whose_streams_were_all_closed_writes_its_result(tmp_path, series):
    command = (
        f'"{sys.executable}" -m SpatioTemporalLib run kinetics.bolus_arrival --series "{series}" '
        f'--out "{tmp_path / "o"}" <&- >&- 2>&-'
    )
    assert subprocess.run(command, shell=True, env={**os.environ}).returncode == 0
    assert (tmp_path / "o" / "result.json").is_file()


@pytest.mark.parametrize("target", ["", ".", "/", "x.txt"])
def test_a_target_that_is_no_image_is_refused_before_the_source_is_read(capsys, target):
    assert "E-FILE-KIND" in refused(capsys, "convert", "no_such_file.nii", target)


def test_a_folder_where_a_file_would_be_written_is_refused_and_nothing_beside_it_replaced(capsys, tmp_path, series):
    (tmp_path / "dce.nii.gz").mkdir()
    (tmp_path / "dce.json").write_text("{}")
    assert "E-OUTPUT-FILE" in refused(capsys, "convert", series, tmp_path / "dce.nii.gz", "--overwrite")
    assert (tmp_path / "dce.json").read_text() == "{}"


def test_a_link_that_leads_nowhere_is_not_replaced_without_leave(capsys, tmp_path, series):
    link = tmp_path / "dce.seq.nrrd"
    link.symlink_to("drive_that_is_not_connected.seq.nrrd")
    assert "E-OUTPUT-EXISTS" in refused(capsys, "convert", series, link)
    assert link.is_symlink()


def test_a_scene_that_would_replace_a_folder_is_refused_before_any_file_is_read(capsys, tmp_path, series, nothing_runs):
    (tmp_path / "x.mrb").mkdir()
    options = ["--out", tmp_path / "o", "--scene", tmp_path / "x.mrb", "--overwrite"]
    assert "E-OUTPUT-FILE" in refused(capsys, "run", "kinetics.tofts", "--series", series, *options)


def test_a_scene_that_cannot_be_written_is_told_before_any_file_is_read(capsys, tmp_path, series, nothing_runs):
    (tmp_path / "file").touch()
    options = ["--out", tmp_path / "o", "--scene", tmp_path / "file" / "x.mrb"]
    assert "E-WRITE" in refused(capsys, "run", "kinetics.tofts", "--series", series, *options)
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize("option", ["--series", "--mask", "--out", "--scene"])
def test_links_that_lead_to_themselves_are_told(capsys, tmp_path, series, nothing_runs, option):
    loop = tmp_path / "loop.mrb"
    loop.symlink_to(loop.name)
    given = {"--series": series, "--out": tmp_path / "o"} | {option: loop}
    told = refused(capsys, "run", "kinetics.tofts", *(word for pair in given.items() for word in pair))
    assert any(code in told for code in ("E-FILE-ACCESS", "E-OUTPUT-FILE", "E-OUTPUT-EXISTS")), told
    assert loop.is_symlink()
