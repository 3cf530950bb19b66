"""Numbers as files write them, and nothing else: no underlines, no digits of other scripts, no infinity.

Python's own `int` and `float` take "1_000" for a thousand and "1e400" for infinity.
"""

from __future__ import annotations

import json
import math
import re

WHOLE = re.compile(r"[+-]?[0-9]{1,18}")
NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,5})?")
LONGEST = 400


def whole(text: str) -> int | None:
    """The whole number that a text is, of at most 18 digits; None for anything else."""
    return int(text) if WHOLE.fullmatch(text) else None


def number(text: str) -> float | None:
    """The finite number that a text is, None for anything else."""
    if len(text) > LONGEST or not NUMBER.fullmatch(text):
        return None
    value = float(text)
    return value if math.isfinite(value) else None


def json_value(text: str) -> object:
    """What a JSON text says.

    Raises
    ------
    ValueError
        For text that is no JSON, names that stand twice with different values,
        numbers that are not finite or have no end, and lists within lists without end.
    """
    try:
        return json.loads(
            text, object_pairs_hook=_entries, parse_constant=_no_number, parse_float=_finite, parse_int=_bounded
        )
    except RecursionError:
        raise ValueError("it is nested without end") from None


def _entries(pairs: list[tuple[str, object]]) -> dict[str, object]:
    entries: dict[str, object] = {}
    for name, value in pairs:
        if name in entries and entries[name] != value:
            raise ValueError(f"it says {name[:40]!r} twice, with different values")
        entries[name] = value
    return entries


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number")


def _finite(text: str) -> float:
    value = float(text) if len(text) <= LONGEST else math.inf
    if not math.isfinite(value):
        raise ValueError(f"{text[:20]} is no finite number")
    return value


def _bounded(text: str) -> int:
    if len(text) > 19:
        raise ValueError(f"{text[:20]}… is too large")
    return int(text)
