"""Batches that are run: the right table, failures with reasons, and nothing computed twice whatever dies."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import redirect_stdout

import psutil
import pytest
from library.batch.toy import sums, toy_installed, write_cases

from SpatioTemporalLib import cli
from SpatioTemporalLib.batch import BatchSettings, plan_batch, run_batch
from SpatioTemporalLib.batch.events import read_events
from SpatioTemporalLib.batch.table.pipeline import read_pipeline, write_pipeline
from SpatioTemporalLib.context import Context
from SpatioTemporalLib.errors import Cancelled, InputError


def left_over(out):
    """What processes that were killed might have left."""
    return [path.name for path in out.rglob(".*") if path.name not in (".spatiotemporal.json",)]


def by_the_command(toy, folder, count):
    """Cases of which the second and the last but one cannot be done: exit code, results, and what was printed."""
    cases, printed = write_cases(folder, count, harm={count - 2: "fault"}), io.StringIO()
    (folder / "numbers1.csv").write_text("other\n1\n")
    with redirect_stdout(printed):
        code = cli.main(["batch", toy, "--cases", str(cases), "--out", str(folder / "out"), "--workers", "2"])
    return code, folder / "out", printed.getvalue()


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """Five cases, for tests that leave them as they are."""
    with pytest.MonkeyPatch.context() as patched, toy_installed(tmp_path_factory.mktemp("toy"), patched) as name:
        yield by_the_command(name, tmp_path_factory.mktemp("done"), 5)


def test_the_table_is_right_and_failures_have_their_reasons(done):
    code, out, printed = done
    assert code == 2 and "3 cases computed, 0 done before, 2 failed" in printed
    assert (out / "results.csv").read_text() == sums(5, without=(1, 3))
    failures = (out / "failures.csv").read_text().splitlines()
    assert failures[1].startswith("3,c001,") and failures[2].startswith("5,c003,E-INTERNAL")
    assert "an unforeseen thing" in failures[2]
    page = (out / "index.html").read_text()
    assert "an unforeseen thing" in page and "c004" in page and "research only" in page
    assert not left_over(out)
    assert "c001" not in (out / "events.jsonl").read_text()


def test_what_is_done_is_not_computed_again_and_failures_are_tried_again(toy, tmp_path):
    _, out, _ = by_the_command(toy, tmp_path, 4)
    before = (out / "results.csv").read_bytes()
    (tmp_path / "numbers1.csv").write_text("value\n4\n")
    outcome = run_batch(plan_batch(toy, tmp_path / "cases.csv", out))
    assert (outcome.computed, outcome.already, len(outcome.failures)) == (1, 2, 1)
    assert (out / "results.csv").read_bytes() != before and b"c001,sum,1,4.0" in (out / "results.csv").read_bytes()


def test_the_next_analysis_can_take_what_came_out(done, toy, tmp_path):
    written = (done[1] / "cases_out.csv").read_text()
    again = done[1] / "again.csv"
    assert written.splitlines()[0].split(",") == ["case", "numbers", "harm", "result", "statistics"]
    again.write_text(written.replace("numbers,harm,result", "old,other,numbers"))
    outcome = run_batch(plan_batch(toy, again, tmp_path / "second", common=("--factor", "2")))
    table = (tmp_path / "second" / "results.csv").read_text().splitlines()
    # Facts go along; paths of what it was made from do not.
    assert outcome.whole and table[0] == "case,other,quantity,unit,value" and table[-1] == "c004,,sum,1,26.0"


def test_changed_files_are_not_replaced_without_leave(toy, tmp_path):
    cases, out = write_cases(tmp_path, 2), tmp_path / "out"
    assert run_batch(plan_batch(toy, cases, out)).whole
    # Written again as it was: another time, the same content.
    (tmp_path / "numbers0.csv").write_text("value\n0\n0\n1\n")
    (tmp_path / "numbers1.csv").write_text("value\n70\n")
    plan = plan_batch(toy, cases, out)
    assert plan.states == ["was done otherwise"] * 2
    outcome = run_batch(plan)
    assert outcome.already == 1 and outcome.failures[0][2] == "E-BATCH-CHANGED"
    assert (out / "cases/c001/statistics.csv").read_text().endswith("sum,1,4.0\n")
    outcome = run_batch(plan_batch(toy, cases, out), BatchSettings(overwrite=True))
    assert outcome.whole and "c001,sum,1,70.0" in (out / "results.csv").read_text()


def test_a_case_that_kills_its_process_is_given_up_after_three_times(toy, tmp_path):
    cases = write_cases(tmp_path, 4, harm={1: "die"})
    outcome = run_batch(plan_batch(toy, cases, tmp_path / "out"), BatchSettings(workers=2))
    assert outcome.computed == 3 and [f[2] for f in outcome.failures] == ["E-BATCH-DIED"]
    events = Counter(e["event"] for e in read_events(tmp_path / "out"))
    assert events["retried"] == 2 and events["finished"] == 3 and not left_over(tmp_path / "out")


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="memory of others is told by /proc")
def test_a_case_that_takes_too_much_memory_or_time_is_ended(toy, tmp_path):
    cases = write_cases(tmp_path, 3, harm={0: "hog"}, sleep={1: "60"})
    outcome = run_batch(plan_batch(toy, cases, tmp_path / "out"), BatchSettings(workers=3, memory=400, seconds=15))
    assert sorted(f[2] for f in outcome.failures) == ["E-BATCH-MEMORY", "E-BATCH-TIME"] and outcome.computed == 1
    assert "400 MiB were allowed" in str(outcome)


def test_a_full_disk_ends_the_whole_batch(toy, tmp_path):
    cases = write_cases(tmp_path, 6, harm={0: "full"})
    outcome = run_batch(plan_batch(toy, cases, tmp_path / "out"), BatchSettings(workers=1))
    assert "the disk is full" in outcome.stopped and outcome.computed == 0 and len(outcome.failures) == 1


def test_cancelling_leaves_nothing_half_written_and_no_process(toy, tmp_path):
    cases, out = write_cases(tmp_path, 6, sleep=dict.fromkeys(range(2, 6), "30")), tmp_path / "out"
    context = Context()

    def report(fraction, message):
        if message.startswith("2 of 6"):
            context.cancel()

    context.report = report
    began = time.monotonic()
    with pytest.raises(Cancelled):
        run_batch(plan_batch(toy, cases, out), BatchSettings(workers=2), context=context)
    assert time.monotonic() - began < 25
    assert sorted(p.name for p in (out / "cases").iterdir()) == ["c000", "c001"] and not left_over(out)
    assert not [p for p in psutil.Process().children(recursive=True) if "batch.work.unit" in " ".join(p.cmdline())]
    cases = write_cases(tmp_path, 6)
    outcome = run_batch(plan_batch(toy, cases, out), BatchSettings(workers=2))
    assert outcome.already == 2 and (out / "results.csv").read_text() == sums(6)


def test_killed_at_any_moment_it_goes_on_and_computes_nothing_twice(toy, tmp_path):
    diary = tmp_path / "diary.txt"
    count = 10
    cases = write_cases(tmp_path, count, diary=dict.fromkeys(range(count), str(diary)))
    command = [sys.executable, "-m", "SpatioTemporalLib", "batch", toy, "--cases", str(cases), "--workers", "2"]
    out = tmp_path / "out"
    for wait in (1.5, 2.5, 4.0):
        process = subprocess.Popen([*command, "--out", str(out)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(wait)
        process.send_signal(signal.SIGKILL)
        process.wait()
    end = time.monotonic() + 120
    while time.monotonic() < end:
        ended = subprocess.run([*command, "--out", str(out)], capture_output=True, text=True, check=False)
        if ended.returncode == 0:
            break
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert (out / "results.csv").read_text() == sums(count) and not left_over(out)
    finished = Counter(e["row"] for e in read_events(out) if e["event"] == "finished" and not e["already"])
    assert max(finished.values(), default=0) <= 1
    plain = run_batch(plan_batch(toy, cases, tmp_path / "plain"), BatchSettings(workers=2))
    assert plain.whole
    for name in ("results.csv", "failures.csv", "cases_out.csv"):
        assert (tmp_path / "plain" / name).read_bytes() == (out / name).read_bytes()


def test_two_batches_in_one_folder_do_not_meet(toy, tmp_path):
    cases, out = write_cases(tmp_path, 1, sleep={0: "20"}), tmp_path / "out"
    command = [sys.executable, "-m", "SpatioTemporalLib", "batch", toy, "--cases", str(cases), "--out", str(out)]
    first = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        end = time.monotonic() + 30
        while not (out / ".running.lock").exists() and time.monotonic() < end:
            time.sleep(0.05)
        with pytest.raises(InputError, match="E-BATCH-RUNNING"):
            run_batch(plan_batch(toy, cases, out))
    finally:
        first.terminate()
        first.wait()


def test_a_folder_that_cannot_be_written_to_is_told(toy, tmp_path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(InputError, match="E-OUTPUT-FILE"):
        run_batch(plan_batch(toy, write_cases(tmp_path, 1), tmp_path / "out"))


def test_a_pipeline_takes_what_earlier_steps_gave(toy, tmp_path):
    steps = [
        {"name": "first", "analysis": toy, "parameters": {"factor": 2}},
        {"name": "second", "analysis": toy, "inputs": {"numbers": "first"}, "parameters": {"factor": 10}},
    ]
    (tmp_path / "pipeline.json").write_text(json.dumps({"steps": steps}))
    pipeline = read_pipeline(tmp_path / "pipeline.json")
    assert read_pipeline(write_pipeline(tmp_path / "again.json", pipeline)) == pipeline
    outcome = run_batch(plan_batch(tmp_path / "pipeline.json", write_cases(tmp_path, 2), tmp_path / "out"))
    assert outcome.whole, outcome
    assert (tmp_path / "out/tables/second.statistics.csv").read_text().splitlines()[2] == "c001,sum,1,80.0"
    assert (tmp_path / "out/cases/c001/first/result.json").is_file()


@pytest.mark.parametrize(
    "content, told",
    [
        ("[1]", "holds no list of steps"),
        ('{"steps": [{"name": "a"}]}', "names no analysis"),
        ('{"steps": [{"name": "a", "analysis": "toy.sum", "inputs": {"image": "x"}}]}', "has image"),
        ('{"steps": [{"name": "../a", "analysis": "toy.sum"}]}', "no name of a folder"),
        ("nonsense", "no JSON"),
    ],
)
def test_a_pipeline_that_is_none_is_refused(toy, tmp_path, content, told):
    (tmp_path / "pipeline.json").write_text(content)
    with pytest.raises(InputError, match=told):
        read_pipeline(tmp_path / "pipeline.json")


def test_elements_of_an_array_give_the_same_as_one_batch(toy, tmp_path, capsys):
    cases = write_cases(tmp_path, 2)
    words = ["batch", toy, "--cases", str(cases), "--out", str(tmp_path / "out")]
    assert cli.main([*words, "--export-array", str(tmp_path / "array.sh")]) == 0
    script = (tmp_path / "array.sh").read_text()
    assert "#SBATCH --array=0-1%32" in script and '--element "$SLURM_ARRAY_TASK_ID"' in script
    for element in ("0", "1"):
        assert cli.main([*words, "--element", element]) == 0
    assert cli.main([*words, "--collect"]) == 0
    assert (tmp_path / "out/results.csv").read_text() == sums(2)
