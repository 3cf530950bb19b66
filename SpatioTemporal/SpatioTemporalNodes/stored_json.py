"""JSON kept in a scene: a scene comes from anywhere, so what it holds may be no JSON, or JSON of something else."""

from __future__ import annotations

import json
import math

from SpatioTemporalLib.errors import InputError
from SpatioTemporalLib.plain_text import for_message

MOST_TEXT, MOST_DEPTH = 2**26, 40
PANEL = "the panel's parameter node"


def parsed(text: str) -> object:
    """The value that a text is the JSON of.

    Raises
    ------
    ValueError
        In words, when it is none, or nested deeper than anything that is stored.
    """
    if len(text) > MOST_TEXT:
        raise ValueError(f"is {len(text)} characters long")
    try:
        value = json.loads(text)
    except RecursionError as error:
        raise ValueError("is nested too deeply") from error
    except ValueError as error:
        raise ValueError(f"is no JSON ({for_message(error)}): {for_message(text, 40)!r}") from error
    level = [value]
    for _ in range(MOST_DEPTH):
        level = [inner for outer in level for inner in _inside(outer)]
        if not level:
            return value
    raise ValueError("is nested too deeply")


def damaged(where: str, what: str, why: str) -> InputError:
    """The error for something stored in a scene that cannot be used."""
    return InputError(
        "E-SCENE-FACT",
        f"{what} {why}",
        where=for_message(where),
        fix="The scene was damaged or changed by another program: load the images again, or take an older scene.",
    )


def settings_of(text: str) -> dict[str, dict]:
    """Parameters of analyses by id, as the panel keeps them; raises ``E-SCENE-FACT``."""
    settings = _of_panel(text or "{}", "settings")
    if not isinstance(settings, dict) or not all(isinstance(values, dict) for values in settings.values()):
        raise damaged(PANEL, "the kept parameters", "are none")
    return settings


def points_of(text: str) -> list[tuple[float, float, float]]:
    """Positions in RAS mm, as the panel keeps them; raises ``E-SCENE-FACT``."""
    points = _of_panel(text or "[]", "pins")
    if not isinstance(points, list) or not all(is_list_of_numbers(point) and len(point) == 3 for point in points):
        raise damaged(PANEL, "the kept positions", "are none")
    return [tuple(point) for point in points]


def _of_panel(text: str, name: str) -> object:
    try:
        return parsed(text)
    except ValueError as error:
        raise damaged(PANEL, f"its entry {name}", str(error)) from error


def is_number(value: object) -> bool:
    """Whether a value is one finite number; True is none."""
    try:
        return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:
        return False


def is_list_of_numbers(value: object) -> bool:
    return isinstance(value, list) and all(map(is_number, value))


def _inside(value: object) -> list:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
