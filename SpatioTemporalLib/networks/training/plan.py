"""What is to be trained, and where."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ..bundle.facts import Architecture
from .distributed import Group
from .settings import TrainingSettings


@dataclass(frozen=True)
class Plan:
    """What is to be trained.

    architecture : its arguments need not name what follows from the data.
    shown : settings of the task, None for its defaults. label : column of the
    participants or name of a mask, "" for what the task looks for.
    covariates : columns, None for all. folds : 0 for the cohort's own split,
    otherwise so many networks, each validated on its fold. simulated : whether
    no patient is among the participants. task : "" for the network's first.
    """

    architecture: Architecture
    shown: object = None
    label: str = ""
    covariates: tuple[str, ...] | None = None
    folds: int = 0
    settings: TrainingSettings = TrainingSettings()
    data: str = ""
    simulated: bool = False
    task: str = ""


@dataclass(frozen=True, eq=False)
class Surroundings:
    """Where training takes place.

    folder : of the bundle. working : of checkpoints, curves and predictions.
    cache : of what is shown. overwrite : whether a bundle may be replaced.
    """

    folder: Path
    working: Path
    cache: Path
    device: str = "cpu"
    group: Group = field(default_factory=Group)
    overwrite: bool = False
