"""Where a training run stands, written after each epoch and read when it goes on."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from pathlib import Path

import torch

from ...errors import InputError
from ...io.files.atomic import atomic_path
from ..bundle.tensor_files import read_tensors

NAME = "checkpoint.pt"


@dataclass
class Progress:
    """epoch : how many are done. history : one row an epoch. best : weights of the best epoch so far."""

    epoch: int = 0
    history: list[dict[str, float]] = field(default_factory=list)
    best: dict[str, torch.Tensor] = field(default_factory=dict)
    best_epoch: int = 0
    best_value: float = float("inf")


def save_checkpoint(folder: Path, progress: Progress, state: dict[str, object], identity: dict[str, object]) -> None:
    """Write progress and state; identity is what has to be the same when training goes on."""
    folder.mkdir(parents=True, exist_ok=True)
    # By way of memory: of a full disk torch itself tells only that a position is unexpected.
    content = io.BytesIO()
    torch.save({"progress": vars(progress), "state": state, "identity": identity}, content)
    with atomic_path(folder / NAME) as temporary:
        temporary.write_bytes(content.getbuffer())


def load_checkpoint(folder: Path, identity: dict[str, object]) -> tuple[Progress, dict[str, object]] | None:
    """Progress and state of an interrupted run, None where there is none.

    Raises
    ------
    InputError
        ``E-CHECKPOINT`` when it belongs to other settings or patients, or is damaged.
    """
    path = folder / NAME
    if not path.exists():
        return None
    try:
        stored = read_tensors(path)
        if not isinstance(stored, dict):
            raise TypeError(type(stored).__name__)
        found = dict(stored["identity"])
        loaded = _checked(Progress(**stored["progress"])), dict(stored["state"])
    # Damaged files make this reader fail in every way there is; a user can act on none of them.
    except Exception as error:
        raise InputError(
            "E-CHECKPOINT",
            "is no whole checkpoint",
            where=str(path),
            fix="Delete it to begin anew.",
        ) from error
    differ = sorted(k for k in identity.keys() | found.keys() if identity.get(k) != found.get(k))
    if differ:
        told = ", ".join(f"{k} was {_short(found.get(k))}, is {_short(identity.get(k))}" for k in differ)
        raise InputError(
            "E-CHECKPOINT",
            f"belongs to another training run: {told}",
            where=str(path),
            fix="Go on with the same settings, choose another folder, or give --overwrite to begin anew.",
        )
    return loaded


def _checked(progress: Progress) -> Progress:
    """The progress, when it is one; ValueError or TypeError otherwise."""
    counts = (progress.epoch, progress.best_epoch)
    rows = [value for row in progress.history for value in dict(row).values()]
    if not all(isinstance(count, int) and count >= 0 for count in counts) or counts[1] > counts[0]:
        raise ValueError(f"epochs {counts}")
    if not all(isinstance(value, (int, float)) for value in (progress.best_value, *rows)):
        raise ValueError("values that are no numbers")
    if not all(isinstance(tensor, torch.Tensor) for tensor in dict(progress.best).values()):
        raise ValueError("weights that are no tensors")
    return progress


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def discard_checkpoints(folder: Path) -> None:
    """Take away the checkpoints of all training runs in a folder."""
    for path in folder.rglob(NAME):
        path.unlink()
