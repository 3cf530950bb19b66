"""What happens to disks, folders and clocks while a batch runs: told in words, and the next run goes on."""

import errno
import os
import shutil
import time

import pytest
from library.batch.toy import sums, write_cases

from SpatioTemporalLib import cli
from SpatioTemporalLib.batch import BatchSettings, coordinator, plan_batch, run_batch
from SpatioTemporalLib.batch.work import unit
from SpatioTemporalLib.batch.work.identity import files_read
from SpatioTemporalLib.context import Context
from SpatioTemporalLib.errors import InputError


class InThisProcess:
    """Cases in this process, where a test can be beside them."""

    workers, elsewhere = 1, False

    def __init__(self, before=lambda order: None):
        self.before = before

    def answers(self, take, limits, stop, tell):
        while (order := take()) is not None:
            self.before(order)
            try:
                yield order, unit.carried_out(order, lambda event: None)
            except InputError as error:
                yield order, unit.failure(error)

    def close(self):
        """Nothing is held."""


def left_over(out):
    return [path for path in out.rglob(".*") if path.name != ".spatiotemporal.json"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no disk that is always full")
def test_a_full_disk_is_told_and_nothing_finished_is_lost(toy, tmp_path, monkeypatch):
    cases, out, logs = write_cases(tmp_path, 3), tmp_path / "out", []

    class Log(coordinator.EventLog):
        def __init__(self, folder):
            super().__init__(folder)
            logs.append(self)

    def fill(order):
        if order["row"] == 3:
            logs[0]._file = open("/dev/full", "ab")

    with monkeypatch.context() as patched, pytest.raises(InputError, match="the disk is full"):
        patched.setattr(coordinator, "EventLog", Log)
        run_batch(plan_batch(toy, cases, out), engine=InThisProcess(fill))
    assert not left_over(out)
    outcome = run_batch(plan_batch(toy, cases, out), engine=InThisProcess())
    assert outcome.already == 2 and (out / "results.csv").read_text() == sums(3)


@pytest.mark.parametrize("number, told", [(errno.EROFS, "read-only"), (errno.ENOSPC, "the disk is full")])
def test_a_disk_that_takes_no_case_ends_the_batch_at_the_first(toy, tmp_path, monkeypatch, number, told):
    cases, out = write_cases(tmp_path, 3), tmp_path / "out"

    def refuse(path, *more):
        raise OSError(number, os.strerror(number), str(path))

    with monkeypatch.context() as patched:
        patched.setattr("SpatioTemporalLib.batch.work.case_lock.OwnerLock", refuse)
        outcome = run_batch(plan_batch(toy, cases, out), engine=InThisProcess())
    assert told in outcome.stopped and len(outcome.failures) == 1 and not left_over(out)
    with monkeypatch.context() as patched, pytest.raises(InputError, match=told):
        patched.setattr(coordinator, "OwnerLock", refuse)
        run_batch(plan_batch(toy, cases, out), engine=InThisProcess())
    assert run_batch(plan_batch(toy, cases, out), engine=InThisProcess()).computed == 3


@pytest.mark.parametrize("by_a_file", [False, True])
def test_a_folder_that_goes_away_is_not_made_anew(toy, tmp_path, by_a_file):
    cases, out = write_cases(tmp_path, 3), tmp_path / "out"

    def move(order):
        if order["row"] == 3 and out.is_dir():
            shutil.move(out, tmp_path / "moved")
            if by_a_file:
                out.write_text("somebody else's")

    with pytest.raises(InputError, match="E-BATCH-GONE"):
        run_batch(plan_batch(toy, cases, out), engine=InThisProcess(move))
    assert out.read_text() == "somebody else's" if by_a_file else not out.exists()
    out.unlink(missing_ok=True)
    shutil.move(tmp_path / "moved", out)
    outcome = run_batch(plan_batch(toy, cases, out), engine=InThisProcess())
    assert (outcome.already, outcome.computed) == (1, 2) and (out / "results.csv").read_text() == sums(3)


def test_a_folder_that_goes_away_is_told_by_the_command(toy, tmp_path, capsys, monkeypatch):
    cases, out = write_cases(tmp_path, 2), tmp_path / "out"
    whole = Context.progress

    def progress(self, fraction, message=""):
        if message.startswith("1 of 2"):
            shutil.rmtree(out, ignore_errors=True)
        whole(self, fraction, message)

    monkeypatch.setattr(Context, "progress", progress)
    assert cli.main(["batch", toy, "--cases", str(cases), "--out", str(out), "--workers", "1"]) == 2
    told = capsys.readouterr().err
    assert "E-BATCH-GONE" in told and "Traceback" not in told


def test_a_clock_that_goes_backward_changes_nothing(toy, tmp_path, monkeypatch):
    cases, out = write_cases(tmp_path, 2), tmp_path / "out"
    start = time.time()
    monkeypatch.setattr(time, "time", lambda: start - 1e6)
    assert run_batch(plan_batch(toy, cases, out), BatchSettings(workers=1), engine=InThisProcess()).whole
    monkeypatch.setattr(time, "time", lambda: start - 1e8)
    assert plan_batch(toy, cases, out).states == ["is done"] * 2
    assert run_batch(plan_batch(toy, cases, out), engine=InThisProcess()).already == 2
    assert (out / "results.csv").read_text() == sums(2)


def test_values_of_files_that_changed_are_no_results(toy, tmp_path):
    cases, out = write_cases(tmp_path, 2), tmp_path / "out"
    run_batch(plan_batch(toy, cases, out), engine=InThisProcess())
    (tmp_path / "numbers1.csv").write_text("value\n70\n")
    outcome = run_batch(plan_batch(toy, cases, out), engine=InThisProcess())
    assert outcome.failures[0][2] == "E-BATCH-CHANGED"
    assert (out / "results.csv").read_text() == sums(1) and (out / "cases/c001/statistics.csv").is_file()


@pytest.mark.parametrize(
    "header, names",
    [
        ("a.nhdr", "NRRD0004\ndata file: voxels.raw\n"), ("a.nhdr", "NRRD0004\ndata file: LIST\nvoxels.raw\n"),
        ("a.mhd", "ObjectType = Image\nElementDataFile = voxels.raw\n"),
    ],
)  # fmt: skip
def test_voxels_of_another_name_than_their_header_are_watched(tmp_path, header, names):
    (tmp_path / header).write_text(names)
    (tmp_path / "voxels.raw").touch()
    assert {p.name for p in files_read([str(tmp_path / header)])} == {header, "voxels.raw"}


def test_a_list_in_a_table_with_semicolons_stays_one_and_a_decimal_comma_too(tmp_path):
    (tmp_path / "a.nii.gz").touch()
    text = "case;series;times;relaxivity;age\nx;a.nii.gz;0,60;4,5;61,5\n"
    (tmp_path / "cases.csv").write_text(text)
    plan = plan_batch("kinetics.concentration", tmp_path / "cases.csv", tmp_path / "out")
    assert "0,60" in plan.cases[0].steps[0] and "4.5" in plan.cases[0].steps[0]
    assert plan.table.columns["age"] == ["61.5"]
