"""JSON kept in a scene: a scene comes from anywhere, so what it holds may be no JSON, or JSON of something else."""

from __future__ import annotations

from SpatioTemporalLib.errors import InputError
from SpatioTemporalLib.io.files.json_text import is_list_of_numbers, parsed
from SpatioTemporalLib.system.plain_text import for_message

PANEL = "the panel's parameter node"


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
