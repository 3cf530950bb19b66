"""JSON from anywhere: no JSON, JSON of endless depth, and numbers that are none, told in words."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable

from ...system.plain_text import for_message

MOST_TEXT, MOST_DEPTH = 2**26, 40


def parsed(text: str, *, most: int = MOST_TEXT) -> object:
    """The value that a text is the JSON of.

    Raises
    ------
    ValueError
        In words, when it is none, or longer or nested deeper than anything that is stored.
    """
    if len(text) > most:
        raise ValueError(f"is {len(text)} characters long, at most {most} are read")
    try:
        value = json.loads(text)
    except RecursionError as error:
        raise ValueError("is nested too deeply") from error
    except ValueError as error:
        raise ValueError(f"is no valid JSON ({for_message(error)}): {for_message(text[:400], 40)!r}") from error
    # Within Python's own depth a value can be read, and then neither be printed nor compared.
    level = [value]
    for _ in range(MOST_DEPTH):
        level = [inner for outer in level for inner in _inside(outer) if isinstance(inner, (dict, list))]
        if not level:
            return value
    raise ValueError("is nested too deeply")


def is_number(value: object) -> bool:
    """Whether a value is one finite number; True is none, nor is what overflows."""
    try:
        return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:
        return False


def is_list_of_numbers(value: object) -> bool:
    return isinstance(value, list) and all(map(is_number, value))


def _inside(value: object) -> Iterable:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()
