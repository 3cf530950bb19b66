"""``spatiotemporal batch``: an analysis, or a pipeline of several, for a table of cases."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
import time

from ...batch.coordinator import BatchOutcome, BatchSettings, collect_done, run_batch, run_row
from ...batch.plan import BROKEN, CHANGED, BatchPlan, plan_batch
from ...batch.work.cluster_script import KINDS, write_array_script
from ...batch.work.engines import LocalEngine, dask_engine, local_workers
from ...batch.work.job_queue import JobResources, queue_engine
from ...context import Context
from ...errors import InputError
from ...io.output.folder import working_folder
from ..terminal.parser import Parser
from ..terminal.progress import ProgressBar

FAILED = 2
SAID_EVERY = 0.2  # s
MEMORY_OF_AN_ELEMENT, MEMORY_BESIDE = 8192, 512  # MiB
JOBS = 8


def add_to(verbs) -> None:
    parser = verbs.add_parser("batch", help="run an analysis for many cases", add_help=False)
    # Before a name; behind it stands the help of what is run.
    parser.add_argument("-h", "--help", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("rest", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    parser.set_defaults(function=lambda arguments: batch(["--help"] if arguments.help else arguments.rest))


def _parser() -> Parser:
    parser = Parser(
        prog="spatiotemporal batch",
        usage="spatiotemporal batch NAME --cases FILE --out DIR [--workers N] [--PARAMETER VALUE ...]",
        description="Runs an analysis, or a pipeline (.json), for every row of a table, each case in a process of its "
        "own. Columns are named as its inputs and parameters; paths are relative to the table. What is not an option "
        "of batch is one of the analysis and holds for all cases. Cases that are done are not computed again.",
        epilog="Exit code 0 when all cases are done, 2 when some failed.",
    )
    parser.add_argument("name", metavar="NAME", help="id of an analysis, or a file with a pipeline")
    parser.add_argument(
        "--cases", required=True, metavar="FILE", help="table with one row a case, or a folder, BIDS or DICOM"
    )
    parser.add_argument("--out", required=True, metavar="DIR", help="folder for the cases, tables and index.html")
    parser.add_argument(
        "--preview", action="store_true", help="say what would run and what is missing, and run nothing"
    )
    parser.add_argument("--overwrite", action="store_true", help="compute cases again that were done otherwise")
    parser.add_argument("--json", action="store_true", help="say everything as lines of JSON, for programs")
    parser.add_argument("--end-with-input", action="store_true", help="stop when standard input is closed, likewise")
    how = parser.add_argument_group("how it runs")
    how.add_argument("--workers", type=int, default=0, help="cases side by side (default: as memory and cores allow)")
    how.add_argument("--memory", type=int, default=0, metavar="MIB", help="that a case may take (default: no limit)")
    how.add_argument("--time", type=float, default=0.0, metavar="S", help="that a case may take (default: no limit)")
    how.add_argument("--threads", type=int, default=1, help="of each case (default 1)")
    _add_clusters(parser.add_argument_group("clusters"))
    return parser


def _add_clusters(group) -> None:
    group.add_argument("--dask", action="store_true", help="by a Dask cluster of this machine (needs distributed)")
    group.add_argument("--scheduler", default="", metavar="ADDRESS", help="by a Dask cluster that is there")
    for kind, name in (("slurm", "SLURM"), ("pbs", "PBS")):
        group.add_argument(f"--{kind}", action="store_true", help=f"by jobs of {name}, --workers of them")
    group.add_argument("--queue", default="", metavar="NAME", help="of these jobs (SLURM's partition)")
    group.add_argument("--walltime", type=float, default=4.0, metavar="H", help="hours of each job (default 4)")
    for part, text in (("ca", "certificate of the authority"), ("cert", "own certificate"), ("key", "own key")):
        group.add_argument(f"--tls-{part}", default="", metavar="PEM", help=f"{text}, for a cluster elsewhere")
    group.add_argument("--export-array", metavar="SCRIPT", help="write a script for an array of jobs, and run nothing")
    group.add_argument("--array-kind", choices=KINDS, default=KINDS[0], help=f"of that script (default {KINDS[0]})")
    group.add_argument("--element", type=int, metavar="N", help="compute case N alone, counted from 0")
    group.add_argument("--collect", action="store_true", help="write tables and page of what is done, and run nothing")


def batch(words: list[str]) -> int:
    """Carry out what the words after ``batch`` say."""
    parser = _parser()
    own, others = _parted(parser, words)
    arguments = parser.parse_args(own)
    arguments.others = others
    told = _Lines() if arguments.json else _Words(arguments.out)
    context = Context(report=told.progress)
    plan = plan_batch(arguments.name, arguments.cases, arguments.out, common=others, context=context)
    settings = BatchSettings(
        arguments.workers, arguments.memory, arguments.time, arguments.threads, arguments.overwrite
    )
    if arguments.end_with_input:
        _end_with_input()
    if arguments.element is not None:
        answer = run_row(plan, arguments.element, settings)
        print("done before" if answer.get("already") else f"done in {answer['seconds']:.1f} s")
        return 0
    told.plan(plan)
    unfit = plan.count(BROKEN) + (0 if arguments.overwrite else plan.count(CHANGED))
    if arguments.preview:
        return FAILED if unfit else 0
    if arguments.export_array:
        return _exported(plan, arguments)
    if arguments.collect:
        collected, still = collect_done(plan)
        print(collected.page)
        return FAILED if still else 0
    engine = _engine(arguments)
    try:
        outcome = run_batch(plan, settings, engine=engine, context=context)
    finally:
        engine.close()
    told.outcome(outcome)
    return 0 if outcome.whole else FAILED


class _Words:
    """What is said to people."""

    def __init__(self, out: str):
        self._out, self.progress = out, ProgressBar()

    def plan(self, plan: BatchPlan) -> None:
        self.progress.clear()
        # What sorting files took is not told of the cases.
        self.progress.started = time.monotonic()
        print(plan)

    def outcome(self, outcome: BatchOutcome) -> None:
        print(outcome)
        print(f"{self._out}: index.html, results.csv, cases_out.csv, failures.csv, cases/")


class _Lines:
    """The same to programs, a line of JSON each."""

    def __init__(self):
        self._last = 0.0

    def plan(self, plan: BatchPlan) -> None:
        rows = [
            {"row": case.row, "case": case.name, "state": state, "problem": "; ".join(case.problems)}
            for case, state in zip(plan.cases, plan.states)
        ]
        self._say("plan", title=plan.pipeline.title, cases=rows, unused=plan.unused, left_out=plan.table.left_out)

    def progress(self, fraction: float, message: str) -> None:
        now = time.monotonic()
        if now - self._last >= SAID_EVERY or fraction >= 1:
            self._last = now
            self._say("progress", fraction=fraction, message=message)

    def outcome(self, outcome: BatchOutcome) -> None:
        failures = [
            {"row": row, "case": case, "code": code, "message": text} for row, case, code, text, _ in outcome.failures
        ]
        self._say(
            "outcome", computed=outcome.computed, already=outcome.already, failures=failures, stopped=outcome.stopped,
            page=str(outcome.collected.page),
        )  # fmt: skip

    @staticmethod
    def _say(event: str, **facts) -> None:
        print(json.dumps({"event": event, **facts}), flush=True)


def _end_with_input() -> None:
    """Stop in an orderly way when whoever started this is gone, or wants it to."""

    def read() -> None:
        while sys.stdin.buffer.read(4096):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=read, daemon=True).start()


def _parted(parser: Parser, words: list[str]) -> tuple[list[str], list[str]]:
    """Words for the batch itself, and those that go to the analysis of each case."""
    options = {option: action for action in parser._actions for option in action.option_strings}
    own, others, place = [], [], 0
    if words and not words[0].startswith("-"):
        own, place = [words[0]], 1
    while place < len(words):
        option, equals, _ = words[place].partition("=")
        count = 1
        if option in options:
            count = 1 if equals or options[option].nargs == 0 else 2
            own += words[place : place + count]
        else:
            others.append(words[place])
        place += count
    return own, others


def _engine(arguments):
    """The cluster that was asked for, or processes of this machine."""
    tls = (arguments.tls_ca, arguments.tls_cert, arguments.tls_key)
    if any(tls) and not (all(tls) and arguments.scheduler):
        text = "--tls-ca, --tls-cert and --tls-key belong together, and to --scheduler"
        raise InputError("E-BATCH-CLUSTER", text, fix="Give all of them.")
    workers = arguments.workers or local_workers(arguments.memory * 2**20)
    ways = [w for w in ("dask", "scheduler", "slurm", "pbs") if getattr(arguments, w)]
    if len(ways) > 1:
        text = f"--{ways[0]} and --{ways[1]} exclude one another"
        raise InputError("E-BATCH-CLUSTER", text, fix="Give one of them.")
    if arguments.slurm or arguments.pbs:
        # What a case may take, and the process that looks after it.
        memory = (arguments.memory or MEMORY_OF_AN_ELEMENT) + MEMORY_BESIDE
        resources = JobResources(arguments.threads, memory, arguments.walltime, arguments.queue)
        return queue_engine(ways[0], resources, arguments.workers or JOBS, working_folder(arguments.out, "batch"))
    if not ways:
        return LocalEngine(workers)
    return dask_engine(arguments.scheduler, workers=workers, tls=tls)


def _exported(plan: BatchPlan, arguments) -> int:
    words = [arguments.name, "--cases", arguments.cases, "--out", arguments.out, *arguments.others]
    words += ["--overwrite"] if arguments.overwrite else []
    words += ["--threads", str(arguments.threads)] if arguments.threads > 1 else []
    memory = arguments.memory or MEMORY_OF_AN_ELEMENT
    hours = arguments.time / 3600 or 4.0
    path = write_array_script(
        arguments.export_array, words, len(plan.cases), kind=arguments.array_kind, memory=memory, hours=hours
    )
    print(f"{path}: an array of {len(plan.cases)} jobs", file=sys.stderr)
    return 0
