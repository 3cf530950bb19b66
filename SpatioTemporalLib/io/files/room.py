"""How much room there is on this machine, so that what a file claims is refused before it is tried."""

from __future__ import annotations

import os
import shutil

from ...system.memory import UNLIMITED, available_memory


def free_memory() -> int | None:
    """Bytes that may still be taken, None where the system does not tell."""
    available = available_memory()
    return None if available >= UNLIMITED else available


def free_disk(folder: str | os.PathLike) -> int:
    """Bytes that may still be written to a folder that is there."""
    return shutil.disk_usage(folder).free
