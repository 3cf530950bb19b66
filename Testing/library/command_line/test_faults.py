"""Commands that are killed, or run into a full disk, at many moments: whole results or none, and a rerun works."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from library.command_line.faulty_system import run_command
from library.small.cohort import train_options
from library.small.inputs import small_phantom

import SpatioTemporalLib as st
from SpatioTemporalLib import cli
from SpatioTemporalLib.io.output.manifest import MANIFEST, changed_files, files_below, read_manifest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes cannot be copied on this system")
FAULTS = ("kill", "full")
# Moments of a command at which it is struck, spread over all of them and every one at the end.
SPREAD, LAST = 3, 4


@pytest.fixture(scope="module")
def series(tmp_path_factory):
    path = tmp_path_factory.mktemp("series") / "dce.seq.nrrd"
    st.write_series(path, small_phantom().series)
    # Every process that is made from this one has imported then what a run imports.
    assert cli.main(["run", "kinetics.bolus_arrival", "--series", str(path), "--out", str(path.parent / "out")]) == 0
    return path


@pytest.fixture(autouse=True)
def without_pictures(monkeypatch):
    """They take longer than everything else, and are written as the rest is."""
    monkeypatch.setattr("SpatioTemporalLib.command_line.verbs.run._figures", lambda *arguments: [])


def moments(count):
    spread = np.linspace(0, count - 1, SPREAD).astype(int).tolist()
    return sorted({*spread, *range(max(0, count - LAST), count)})


def whole(folder):
    """Whether everything is there that the list of a folder names, as it was written, and nothing besides."""
    known = read_manifest(folder)
    there = {name for name in files_below(folder) if name != MANIFEST}
    return known is not None and there == set(known.files) and not changed_files(folder, known)


def require_end(code, fault, moment, count, *, whole):
    """Require that the fault ended the command as it should, and give back whether all was done nevertheless."""
    # On a full disk names can be given still.
    done = fault == "full" and code == 0 and whole()
    assert done or code == (-9 if fault == "kill" else 2), f"{fault} at {moment} of {count} gave {code}"
    return done


def strike(command, out, fault, count, *, before=None, expected=None):
    for moment in moments(count):
        shutil.rmtree(out.parent, ignore_errors=True)
        out.parent.mkdir()
        if before is not None:
            shutil.copytree(before, out)
        code, _ = run_command(command, out.parent, fault=fault, at=moment)
        done = require_end(code, fault, moment, count, whole=lambda: whole(out))
        if fault == "full" and not done:
            left = [name for name in files_below(out.parent) if Path(name).name != MANIFEST]
            was = sorted(f"out/{name}" for name in files_below(before) if name != MANIFEST) if before else []
            assert left == was, f"{fault} at {moment} of {count} left {left}"
        again = command if before or not (out / MANIFEST).exists() else [*command, "--overwrite"]
        assert run_command(again, out.parent)[0] == 0, f"after {fault} at {moment} of {count} it does not run again"
        assert whole(out), f"after {fault} at {moment} of {count}"
        assert [p.name for p in out.parent.iterdir()] == ["out"] and not list(out.glob(".unfinished-*"))
        if expected is not None:
            assert set(read_manifest(out).files) == expected


@pytest.mark.parametrize("fault", FAULTS)
def test_run_leaves_a_whole_result_or_none(fault, series, tmp_path):
    out = tmp_path / "place" / "out"
    out.parent.mkdir()
    command = ["run", "kinetics.bolus_arrival", "--series", series, "--out", out]
    code, count = run_command(command, out.parent)
    assert code == 0 and count > 20 and whole(out)
    strike(command, out, fault, count, expected=set(read_manifest(out).files))


@pytest.mark.parametrize("fault", FAULTS)
def test_run_replaces_an_earlier_result_or_leaves_it(fault, series, tmp_path):
    out, before = tmp_path / "place" / "out", tmp_path / "before"
    out.parent.mkdir()
    command = ["run", "kinetics.bolus_arrival", "--series", series, "--out", out, "--overwrite"]
    assert run_command(["run", "kinetics.patlak", "--series", series, "--out", before], tmp_path)[0] == 0
    shutil.copytree(before, out)
    code, count = run_command(command, out.parent)
    assert code == 0 and whole(out)
    strike(command, out, fault, count, before=before, expected=set(read_manifest(out).files))


@pytest.mark.parametrize("fault", FAULTS)
def test_simulate_leaves_a_whole_cohort_or_none(fault, tmp_path):
    out = tmp_path / "place" / "out"
    out.parent.mkdir()
    command = ["simulate", "nodules", "--count", "1", "--extent", "20,20,20", "--out", out]
    code, count = run_command(command, out.parent)
    assert code == 0
    strike(command, out, fault, count)


@pytest.mark.parametrize("fault", FAULTS)
def test_convert_leaves_a_whole_series_or_none(fault, series, tmp_path):
    place = tmp_path / "place"
    place.mkdir()
    command = ["convert", series, place / "dce.nii.gz"]
    code, count = run_command(command, place)
    assert code == 0
    for moment in range(count):
        shutil.rmtree(place)
        place.mkdir()
        code, _ = run_command(command, place, fault=fault, at=moment)
        require_end(code, fault, moment, count, whole=lambda: (place / "dce.json").exists())
        assert run_command([*command, "--overwrite"], place)[0] == 0
        np.testing.assert_array_equal(st.read_series(place / "dce.nii.gz").values, st.read_series(series).values)


@pytest.mark.parametrize("fault", FAULTS)
def test_training_goes_on_after_it_was_cut_off(fault, cohort_folder, regions, tmp_path):
    pytest.importorskip("torch")
    out = tmp_path / "place" / "out"
    out.parent.mkdir()
    command = [*train_options(cohort_folder, out), *regions]
    code, count = run_command(command, out.parent)
    assert code == 0 and whole(out)
    for moment in np.linspace(0, count - 1, SPREAD).astype(int):
        shutil.rmtree(out.parent)
        out.parent.mkdir()
        code, _ = run_command(command, out.parent, fault=fault, at=moment)
        require_end(code, fault, moment, count, whole=lambda: whole(out))
        again = [*command, "--overwrite"] if (out / MANIFEST).exists() else command
        assert run_command(again, out.parent)[0] == 0 and whole(out)


@pytest.mark.parametrize("fault", FAULTS)
def test_evaluation_leaves_a_whole_result_or_none(fault, trained_bundle, other_cohort_folder, tmp_path):
    pytest.importorskip("torch")
    out = tmp_path / "place" / "out"
    out.parent.mkdir()
    command = ["evaluate", trained_bundle, "--cohort", other_cohort_folder, "--split", "all", "--out", out]
    code, count = run_command(command, out.parent)
    assert code == 0 and whole(out)
    for moment in np.linspace(0, count - 1, SPREAD).astype(int):
        shutil.rmtree(out.parent)
        out.parent.mkdir()
        code, _ = run_command(command, out.parent, fault=fault, at=moment)
        done = require_end(code, fault, moment, count, whole=lambda: whole(out))
        assert fault == "kill" or done or not list(out.parent.iterdir())
        again = [*command, "--overwrite"] if (out / MANIFEST).exists() else command
        assert run_command(again, out.parent)[0] == 0 and whole(out)
