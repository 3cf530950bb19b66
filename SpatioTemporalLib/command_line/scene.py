"""What writes scenes, found by name: the library itself knows nothing of Slicer."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path

from ..data.follow_up import FollowUp
from ..data.result import Result
from ..errors import MissingPackageError, ParameterError
from .terminal.timed_steps import TimedSteps

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


def demonstrated_scene(path: Path, visits: FollowUp, result: Result, steps: TimedSteps) -> None:
    """The scene of a demonstration, which does without where slicer-core is not installed, and says so."""
    try:
        write_scene = scene_writer(path)
    except MissingPackageError as error:
        print(f"  no scene: {error}")
        return
    write_scene(path, follow_ups=[visits], results=[result])
    steps.done(f"scene for 3D Slicer: {path.name}")


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
