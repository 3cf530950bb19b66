"""Inputs read in a process of their own, with a limit on memory and time, so that nothing ends the one that counts."""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import resource
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
if __name__ == "__main__":
    sys.path[:0] = [str(ROOT), *(str(ROOT / p) for p in ("SpatioTemporal", "Testing", "Testing/library"))]

import library.fuzzing.kinds  # noqa: E402
from library.fuzzing.engine import SECONDS_FOR_ONE, Kind, Outcome, outcome_of, whole  # noqa: E402

MEMORY_LIMIT = 4 * 2**30
# For what does not let itself be interrupted; the engine's own alarm comes first.
SECONDS_OF_SILENCE = 3 * SECONDS_FOR_ONE


def modules() -> list[str]:
    """Names of the modules that declare kinds."""
    return sorted(found.name for found in pkgutil.iter_modules(library.fuzzing.kinds.__path__))


def kinds_of(module: str) -> list[Kind]:
    """The kinds that a module declares."""
    return importlib.import_module(f"library.fuzzing.kinds.{module}").kinds()


def outcomes(module: str, kind: str, seed: int, first: int, count: int) -> list[Outcome]:
    """What came of inputs `first` to `first + count`, ends and standstills of the process included."""
    found: list[Outcome] = []
    while len(found) < count:
        begun = first + len(found)
        known = len(found)
        found += _in_a_process(module, kind, seed, begun, count - len(found))
        if len(found) == known:
            raise RuntimeError(f"{module} {kind}: the process gave nothing; run batch.py by hand")
    return found


def _in_a_process(module: str, kind: str, seed: int, first: int, count: int) -> list[Outcome]:
    command = [sys.executable, str(Path(__file__)), module, kind, str(seed), str(first), str(count)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment)
        found, hung = [], threading.Event()
        for line in _lines(process, hung):
            word, _, rest = line.partition(" ")
            if word == "outcome":
                found.append(Outcome(**json.loads(rest)))
        code = process.wait()
        if len(found) < count:
            errors.seek(0)
            words = errors.read().decode(errors="replace")[-300:]
            if code == 3:
                raise RuntimeError(f"{module} {kind}: {words}")
            what = "hang" if hung.is_set() else "crash"
            found.append(Outcome(first + len(found), what, f"exit code {code}: {words}"))
        return found


def _lines(process: subprocess.Popen, hung: threading.Event) -> Iterator[str]:
    """Lines as they come; a process that is silent for too long is ended."""

    def end():
        hung.set()
        process.kill()

    while True:
        clock = threading.Timer(SECONDS_OF_SILENCE, end)
        clock.start()
        line = process.stdout.readline()
        clock.cancel()
        if not line:
            return
        yield line


def _main(module: str, name: str, seed: int, first: int, count: int) -> int:
    try:
        kind = next(kind for kind in kinds_of(module) if kind.name == name)
        scratch = tempfile.TemporaryDirectory()
        folder = Path(scratch.name) / "case"
        true = whole(kind, folder)
        assert not outcome_differs(kind, folder, true), "reading the same files twice gives two answers"
    except Exception as error:  # noqa: BLE001 - said to whoever declared the kind
        print(f"the undamaged case cannot be read: {type(error).__name__}: {error}", file=sys.stderr)
        return 3
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
    with scratch:
        for number in range(first, first + count):
            outcome = outcome_of(kind, folder, true, seed, number)
            print("outcome", json.dumps(outcome.__dict__), flush=True)
    return 0


def outcome_differs(kind: Kind, folder: Path, true: object) -> bool:
    """Whether a second reading of the whole files differs from the first."""
    from library.fuzzing.reading import differences

    return bool(differences(true, whole(kind, folder)))


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:6])))
