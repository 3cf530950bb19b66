"""Hostile and broken files are refused, told of, or read as they plainly say: never silently wrong, never an end."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from library.fuzzing.batch import kinds_of, modules, outcomes, outcomes_of
from library.fuzzing.engine import FAULTS, Kind, outcome_of, whole
from library.fuzzing.mutation import mutated
from library.fuzzing.reading import Reading

from SpatioTemporalLib.errors import InputError

SEED = 20261127


@pytest.mark.parametrize("module", modules())
def test_every_damaged_file_is_refused_or_told_or_read_as_it_says(module):
    kinds = kinds_of(module)
    all_found = outcomes_of(module, SEED, {kind.name: (0, kind.inputs) for kind in kinds})
    for kind in kinds:
        found = all_found[kind.name]
        faults = [f"{o.number} {o.outcome}: {o.detail[:300]}" for o in found if o.outcome in FAULTS]
        assert not faults, f"{module}, {kind.name}:\n" + "\n".join(faults)
        assert len(found) == kind.inputs
        assert any(o.outcome == "refused" for o in found), f"{kind.name}: nothing was refused"


def of_length(folder: Path) -> Reading:
    """A reader with every fault that is looked for, by the length of what it reads."""
    data = (folder / "a.txt").read_bytes()
    if len(data) == 3:
        raise InputError("E-TEST", "is short", fix="Make it longer.")
    if len(data) == 4:
        raise ValueError("foreign")
    if len(data) == 5:
        time.sleep(60)
    if len(data) == 6:
        raise InputError("E-MEMORY", "no memory", fix="None.") from MemoryError()
    return Reading({"length": len(data)}, ("odd",) if len(data) == 7 else ())


@pytest.mark.parametrize(
    "length, outcome", [(3, "refused"), (4, "foreign"), (5, "hang"), (6, "memory"), (7, "told"), (8, "silent")]
)
def test_engine_tells_outcomes_apart(length, outcome, tmp_path, monkeypatch):
    monkeypatch.setattr("library.fuzzing.engine.SECONDS_FOR_ONE", 1)
    monkeypatch.setattr("library.fuzzing.engine.mutated", lambda *_: ([("a.txt", b"x" * length)], "set"))
    kind = Kind("lengths", [("a.txt", b"x" * 10)], of_length)
    true = whole(kind, tmp_path / "case")
    assert outcome_of(kind, tmp_path / "case", true, 1, 0).outcome == outcome


def test_engine_asks_the_kind_what_is_legal(tmp_path, monkeypatch):
    monkeypatch.setattr("library.fuzzing.engine.mutated", lambda *_: ([("a.txt", b"x" * 8)], "set"))
    kind = Kind(
        "lengths", [("a.txt", b"x" * 10)], of_length, legal=lambda folder, found, differ: found.facts["length"] == 8
    )
    assert outcome_of(kind, tmp_path / "case", whole(kind, tmp_path / "case"), 1, 0).outcome == "legal"


def test_ends_and_standstills_of_the_process_are_counted(monkeypatch, tmp_path):
    program = tmp_path / "child.py"
    program.write_text(
        "import os, sys, json, time\n"
        "[[kind, first, count]] = json.loads(sys.argv[3])\n"
        "if first == 0:\n"
        "    print('outcome', json.dumps([kind, {'number': 0, 'outcome': 'told', 'detail': ''}]), flush=True)\n"
        "    os.abort()\n"
        "if first == 2:\n"
        "    time.sleep(60)\n"
        "print('outcome', json.dumps([kind, {'number': first, 'outcome': 'legal', 'detail': ''}]), flush=True)\n"
    )
    monkeypatch.setattr("library.fuzzing.batch.SECONDS_OF_SILENCE", 2)
    monkeypatch.setattr("library.fuzzing.batch.__file__", os.fspath(program))
    # The input after those that came is the one that ended the process.
    assert [o.outcome for o in outcomes("none", "none", 1, 0, 3)] == ["told", "crash", "hang"]


def test_damage_is_the_same_for_the_same_number():
    files = [("a.txt", b"one 1 two 2 three 3 four 4 five 5 six 6 seven 7\n")]
    assert mutated(files, ["a.txt"], "k 1 1") == mutated(files, ["a.txt"], "k 1 1")
    assert len({mutated(files, ["a.txt"], f"k 1 {n}")[0][0][1] for n in range(50)}) > 25
