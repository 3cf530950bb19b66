"""``python -m SpatioTemporalLib.batch.work.unit``: one case, in a process of its own.

Reads an order, one line of JSON, from standard input and writes JSON, one object a line: ``progress`` now and then, and
in the end ``finished`` or ``failed``. The case's folder appears whole or not at all, with a record of what it was made
from. The end of standard input ends the process: it never outlives the one that it works for.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from ...command_line.verbs import run as verb
from ...context import Context
from ...errors import InputError, MissingPackageError, SpatioTemporalError
from ...io.output.folder import output_folder
from ...io.output.results import SUMMARY
from ...registry import get
from ...run import run
from ...system.plain_text import for_message
from ...version import __version__
from ...workers.owner_watch import guard_input, watch_parent
from ..table.options import EARLIER, StepOptions
from ..table.pipeline import Step
from .case_lock import alone
from .gathering import gathered
from .identity import OTHERWISE, RECORD, contents, files_read, marks, record_of, whole_key

PROGRESS_EVERY = 0.5  # s
STOPS_ALL = {"E-BATCH-GONE", "E-DISK-FULL", "E-WRITE"}


def carried_out(order: dict, tell: Callable[[dict], None]) -> dict:
    """Run the steps of a case and give what became of it.

    Parameters
    ----------
    order : dict
        ``version``, ``key``, ``steps`` (name, analysis, words), ``files``, ``gathered``, ``target``, ``threads``,
        ``overwrite``.
    tell : callable
        Gets what is said while it runs.
    """
    started, target = time.monotonic(), Path(order["target"])
    if order["version"] != __version__:
        text = f"version {__version__} is installed here, {order['version']} gave the order"
        raise InputError("E-BATCH-VERSION", text, fix="Install the same version on every machine.")
    with alone(target):
        files = files_read(order["files"])
        before, content = marks(files), contents(files)
        key = whole_key(order["key"], content)
        old = record_of(target)
        if old is not None and old["key"] == key:
            return {"event": "finished", "already": True, "findings": old.get("findings", 0)}
        if old is not None and not order["overwrite"]:
            raise InputError(
                "E-BATCH-CHANGED",
                OTHERWISE,
                where=target.name,
                fix="Choose another folder for the results, or allow replacing them (--overwrite).",
            )
        with output_folder(target, "result", overwrite=order["overwrite"]) as new:
            with gathered(order["gathered"], new) as places:
                findings = _run_steps(order, new, tell, places)
            record = {"key": key, "order": order["key"], "marks": before, "findings": findings}
            record["steps"] = [[name, analysis] for name, analysis, _ in order["steps"]]
            (new / RECORD).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return {"event": "finished", "seconds": time.monotonic() - started, "findings": findings, **_peak()}


def _run_steps(order: dict, new: Path, tell: Callable[[dict], None], places: dict[str, str]) -> int:
    """How many warnings there were."""
    findings, count, last = 0, len(order["steps"]), 0.0
    for number, (name, analysis_id, words) in enumerate(order["steps"]):
        folder = new if count == 1 else new / name
        folder.mkdir(exist_ok=True)
        own = [_earlier(_placed(word, places), new) for word in words]
        given = StepOptions(Step(name, analysis_id), ()).parsed(own, str(folder))

        def report(fraction: float, message: str, number: int = number) -> None:
            nonlocal last
            if time.monotonic() - last >= PROGRESS_EVERY:
                last = time.monotonic()
                tell({"event": "progress", "fraction": (number + fraction) / count, "message": message})

        context = Context(report=report, threads=order["threads"], seed=given.seed, device=given.device)
        analysis = get(analysis_id)
        inputs = verb.read_inputs(analysis, given)
        result = run(analysis_id, context=context, **inputs, **verb.given_parameters(analysis, given))
        verb.written(result, folder, inputs, given, None)
        findings += sum(finding.severity.value != "note" for finding in result.findings)
    return findings


def _placed(word: str, places: dict[str, str]) -> str:
    """A word with what stands for files in it replaced by where these are now."""
    return ",".join(places.get(part, part) for part in word.split(",")) if places else word


def _earlier(word: str, new: Path) -> str:
    """A word that names an earlier step as the folder of its result."""
    if not word.startswith(EARLIER):
        return word
    step, colon, output = word.removeprefix(EARLIER).partition(":")
    return f"{new / step}{colon}{output}" if (new / step / SUMMARY).is_file() else word


def _peak() -> dict[str, float]:
    try:
        import resource
    except ImportError:  # Windows
        return {}
    scale = 2**20 if sys.platform == "darwin" else 2**10
    return {"peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / scale}


def failure(error: BaseException) -> dict:
    """What went wrong, for the log, the table and the page."""
    if isinstance(error, InputError):
        return _failed(error.code, str(error), stop=error.code in STOPS_ALL)
    if isinstance(error, MissingPackageError):
        return _failed("E-PACKAGE", str(error))
    if isinstance(error, MemoryError):
        return _failed("E-MEMORY", "there was not enough memory for this case; give fewer --workers")
    if isinstance(error, SpatioTemporalError):
        return _failed("E-RUN", str(error))
    return _failed("E-INTERNAL", f"a fault in the program: {type(error).__name__}: {for_message(error, 300)}")


def _failed(code: str, message: str, *, stop: bool = False) -> dict:
    return {"event": "failed", "code": code, "message": message, "stop": stop}


def main() -> int:
    guard_input()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    watch_parent(lambda: os.kill(os.getpid(), signal.SIGTERM))
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8", buffering=1)
    # What analyses print goes with the warnings: answers are alone.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def tell(event: dict) -> None:
        answers.write(json.dumps(event) + "\n")

    order = json.loads(sys.stdin.buffer.readline())
    try:
        tell(carried_out(order, tell))
    except Exception as error:  # noqa: BLE001 - whatever happens to one case, the others go on
        tell(failure(error))
    return 0


if __name__ == "__main__":
    sys.exit(main())
