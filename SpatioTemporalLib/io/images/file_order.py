"""The order of files that are one volume each, as people number them."""

from __future__ import annotations

import re
from pathlib import Path

from ...errors import Finding, Severity

NUMBER = re.compile(r"(\d+)")


def natural(path: Path) -> tuple:
    """A key that sorts ``v_2`` before ``v_10``."""
    words = NUMBER.split(str(path).lower())
    return tuple((1, int(word), "") if word.isdigit() else (0, 0, word) for word in words)


def in_natural_order(paths: list[Path], *, timed: bool, what: str = "time") -> tuple[list[Path], list[Finding]]:
    """Files that a shell pattern put in the order of letters, in the order of their numbers, and that they were.

    Files in any other order were ordered by somebody, and stay.

    timed : each file was given a time of its own, or `what` it has, so that none may move.
    """
    by_number = sorted(paths, key=natural)
    if by_number == paths or sorted(paths, key=str) != paths:
        return paths, []
    moved = next(n for n, (a, b) in enumerate(zip(paths, by_number)) if a != b)
    were = f"{paths[moved].name} came where {by_number[moved].name} would by the numbers in the names"
    if timed:
        text = f"the files are in the order of letters: {were}; they were left so, because each has its given {what}"
        return paths, [Finding("W-FILE-ORDER", Severity.WARN, text, paths[0].name)]
    text = f"the files were in the order of letters, as a shell pattern gives them: {were}; they were put in that order"
    return by_number, [Finding("R-FILE-ORDER", Severity.REPAIR, text, paths[0].name)]
