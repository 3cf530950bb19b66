"""One case in a process of its own, watched: its memory, its time, and whether it is to stop."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ...errors import InputError
from ...workers.process_family import POSIX, ProcessFamily
from .case_lock import sweep_case

POLL, LOOK_EVERY = 0.01, 0.25  # s
GRACE = 2.0  # s
# Blocks of voxels, and cases side by side, already keep every core busy.
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True)
class Limits:
    """memory : bytes a case may take, 0 for no limit. seconds : likewise. stop_file : ends it when it appears."""

    memory: int = 0
    seconds: float = 0.0
    stop_file: str = ""


def run_order(
    order: dict,
    limits: Limits = Limits(),
    stopped: Callable[[], bool] = lambda: False,
    tell: Callable[[dict], None] = lambda event: None,
) -> dict:
    """Carry out an order and give what became of it: ``finished``, ``failed``, ``killed`` or ``cancelled``.

    Raises
    ------
    InputError
        ``E-WORKER-START`` when no process can be started.
    """
    folder = Path(tempfile.mkdtemp(prefix="spatiotemporal-case-"))
    family = None
    try:
        family = ProcessFamily(_command(), _environment(order), folder)
        with suppress(OSError):
            family.say(json.dumps(order))
        return _watched(family, order, limits, stopped, tell)
    except OSError as error:
        text = f"the process that computes cannot be started ({os.strerror(error.errno or 0).lower()})"
        raise InputError("E-WORKER-START", text, fix="Check that there is room in the temporary folder.") from error
    finally:
        if family is not None:
            family.end()
        sweep_case(Path(order["target"]))
        shutil.rmtree(folder, ignore_errors=True)


def _watched(family: ProcessFamily, order: dict, limits: Limits, stopped, tell) -> dict:
    began, looked, answer = time.monotonic(), 0.0, None
    while True:
        alive = family.alive
        for line in family.heard():
            event = json.loads(line)
            if event.get("event") == "progress":
                tell(event)
            else:
                answer = event
        if answer is not None:
            return answer
        if not alive:
            return {"event": "killed", "message": family.cause()}
        now = time.monotonic()
        if now - looked >= LOOK_EVERY:
            looked = now
            if stopped() or (limits.stop_file and os.path.exists(limits.stop_file)):
                _ask_to_end(family)
                return {"event": "cancelled"}
            reason = _over(family, limits, now - began)
            if reason:
                return reason
        time.sleep(POLL)


def _over(family: ProcessFamily, limits: Limits, seconds: float) -> dict | None:
    taken = resident_memory(family.own) if limits.memory else 0
    if taken > limits.memory:
        allowed = limits.memory / 2**20
        text = f"took {taken / 2**20:.0f} MiB of memory, {allowed:.0f} MiB were allowed; allow more by --memory"
        return {"event": "failed", "code": "E-BATCH-MEMORY", "message": text, "stop": False}
    if limits.seconds and seconds > limits.seconds:
        text = f"took more than {limits.seconds:g} s, which is what was allowed; allow more by --time"
        return {"event": "failed", "code": "E-BATCH-TIME", "message": text, "stop": False}
    return None


def _ask_to_end(family: ProcessFamily) -> None:
    """Let it clean up behind itself, for a moment."""
    if POSIX:
        with suppress(OSError):
            os.killpg(family.launched.pid, signal.SIGTERM)
    end = time.monotonic() + GRACE
    while family.alive and time.monotonic() < end:
        time.sleep(POLL)


def resident_memory(process: int) -> int:
    """Bytes of memory that a process holds now; 0 where the system does not tell."""
    # Not there on other systems, nor when the process has just ended.
    with suppress(OSError, ValueError, IndexError), open(f"/proc/{process}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    if sys.platform != "darwin":
        return 0
    told = subprocess.run(["ps", "-o", "rss=", "-p", str(process)], capture_output=True, text=True, check=False)
    return 1024 * int(told.stdout.strip() or 0)


def _command() -> list[str]:
    return [sys.executable, "-m", "SpatioTemporalLib.batch.work.unit"]


def _environment(order: dict) -> dict[str, str]:
    here = str(Path(__file__).resolve().parents[3])
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", **dict.fromkeys(THREADS, str(order["threads"]))}
    environment["PYTHONPATH"] = os.pathsep.join([here, *filter(None, [os.environ.get("PYTHONPATH")])])
    return environment
