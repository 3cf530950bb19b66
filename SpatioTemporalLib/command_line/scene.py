"""What writes scenes, found by name: the library itself knows nothing of Slicer."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path

from ..errors import MissingPackageError, ParameterError

ENTRY_POINT_GROUP = "spatiotemporal.scene_writers"


def scene_writer(path: Path) -> Callable:
    """The function that writes scenes of a file's kind, see `require_scene_ending`.

    Raises
    ------
    MissingPackageError
        When slicer-core is not installed.
    """
    require_scene_ending(path)
    try:
        return _writers()[path.suffix].load()
    except ModuleNotFoundError as error:
        raise MissingPackageError("slicer-core", "slicer", "Writing a scene") from error


def require_scene_ending(path: Path) -> None:
    """Refuse an ending that no writer knows.

    Raises
    ------
    ParameterError
        ``E-SCENE``.
    """
    writers = _writers()
    if path.suffix not in writers:
        known = ", ".join(writers) or "none; install the package with pip first"
        raise ParameterError("E-SCENE", f"scenes cannot be written as {path.name!r}", fix=f"Known endings: {known}.")


def _writers() -> dict:
    return {f".{entry.name}": entry for entry in entry_points(group=ENTRY_POINT_GROUP)}
