"""Curves, tables and series of curves in text files, judged by the words and numbers that stand there."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from library.fuzzing.engine import Kind
from library.fuzzing.plainly import stands_in
from library.fuzzing.reading import Reading, reading_of

from SpatioTemporalLib import read_curve, read_series, read_table

CURVES = "time [s],Cp [mM],other [mM]\n0,1.5,2\n1.5,3,4.25\n3,5,6\n4.5,4,\n6,3.5,7\n"
EUROPEAN = "\ufefftime [min];Cp [mM]\r\n0,0;1,5\r\n0,5;3,25\r\n1,0;5\r\n2,0;4\r\n"
TABLE = 'name,sex,Ktrans [1/min],count\n"a, b",f,0.25,3\nc,m,1.5e-2,4\n007,,nan,5\n# a comment\n"say ""so""",f,2,6\n'


def kinds() -> list[Kind]:
    return [
        _kind("curve", CURVES, lambda path: read_curve(path, "Cp")),
        _kind("european curve", EUROPEAN, read_curve),
        _kind("series of curves", CURVES, read_series),
        _kind("table", TABLE, read_table),
    ]


def _kind(name: str, content: str, read) -> Kind:
    return Kind(
        name,
        [("a.csv", content.encode())],
        lambda folder: reading_of(read(folder / "a.csv")),
        lambda folder, found, differ: says_the_same(folder / "a.csv", found, differ),
    )


def says_the_same(path: Path, found: Reading, differ: list[str]) -> bool:
    """Whether all that was read stands in the text, and no row of it was lost."""
    text = path.read_bytes().decode("utf-8-sig", "replace")
    if "columns" in found.facts:
        return _same_table(text, found)
    facts = {
        name: found.facts[name] for name in differ if name not in ("affine", "source", "durations", "unit", "name")
    }
    rows = [line for line in text.replace("\r", "\n").split("\n") if line.strip() and line[0] != "#"]
    # Rows without a value of this curve are left out, no others.
    count = len(found.facts["times"])
    return count <= len(rows) - 1 and stands_in(text, facts, found)


def _same_table(text: str, found: Reading) -> bool:
    lines = [line for line in text.split("\n") if line.strip() and not line.startswith("#")]
    rows = [row for row in csv.reader(io.StringIO("\n".join(lines), newline="")) if row]
    # Lone carriage returns end a row too, and quotes may hold the signs that are left out above.
    odd = "\r" in text or any(len(row) != len(rows[0]) for row in rows)
    counts = {len(column) for column in found.facts["columns"].values()}
    return (odd or counts == {len(rows) - 1}) and stands_in(text, {"columns": found.facts["columns"]}, found)
