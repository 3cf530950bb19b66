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
    sys.path[:0] = [str(ROOT), *(str(ROOT / p) for p in ("SpatioTemporal", "Testing"))]

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
    return outcomes_of(module, seed, {kind: (first, count)})[kind]


def outcomes_of(module: str, seed: int, wanted: dict[str, tuple[int, int]]) -> dict[str, list[Outcome]]:
    """The same of several kinds of a module, by one process as long as none of them ends it.

    wanted : the first input and how many, by the name of the kind.
    """
    found: dict[str, list[Outcome]] = {kind: [] for kind in wanted}
    while todo := [
        (kind, first + len(found[kind]), count - len(found[kind]))
        for kind, (first, count) in wanted.items()
        if len(found[kind]) < count
    ]:
        _in_a_process(module, seed, todo, found)
    return found


def _in_a_process(module: str, seed: int, todo: list[tuple[str, int, int]], found: dict[str, list[Outcome]]) -> None:
    """Add what one process finds; where it ends or stands still, that is what came of the input it was at."""
    command = [sys.executable, str(Path(__file__)), module, str(seed), json.dumps(todo)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment)
        hung = threading.Event()
        left = {kind: (first, count) for kind, first, count in todo}
        for line in _lines(process, hung):
            word, _, rest = line.partition(" ")
            if word == "outcome":
                kind, facts = json.loads(rest)
                found[kind].append(Outcome(**facts))
                left[kind] = left[kind][0] + 1, left[kind][1] - 1
        code = process.wait()
        errors.seek(0)
        words = errors.read().decode(errors="replace")[-300:]
        if code == 3:
            raise RuntimeError(f"{module}: {words}")
        at = next((kind for kind, (_, count) in left.items() if count), None)
        if at is not None:
            what = "hang" if hung.is_set() else "crash"
            found[at].append(Outcome(left[at][0], what, f"exit code {code}: {words}"))


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


def _main(module: str, seed: int, todo: list[tuple[str, int, int]]) -> int:
    kinds = {kind.name: kind for kind in kinds_of(module)}
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
    for name, first, count in todo:
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch) / "case"
            try:
                true = whole(kinds[name], folder)
                assert not outcome_differs(kinds[name], folder, true), "reading the same files twice gives two answers"
            except Exception as error:  # noqa: BLE001 - said to whoever declared the kind
                print(f"{name}: the undamaged case cannot be read: {type(error).__name__}: {error}", file=sys.stderr)
                return 3
            for number in range(first, first + count):
                outcome = outcome_of(kinds[name], folder, true, seed, number)
                print("outcome", json.dumps([name, outcome.__dict__]), flush=True)
    return 0


def outcome_differs(kind: Kind, folder: Path, true: object) -> bool:
    """Whether a second reading of the whole files differs from the first."""
    from library.fuzzing.reading import differences

    return bool(differences(true, whole(kind, folder)))


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3])))
