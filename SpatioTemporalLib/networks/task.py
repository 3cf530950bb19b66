"""What a task has to say; training, bundles, inference and assessment ask it, and know nothing else of it."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    import torch
    from torch import Tensor, nn

    from ..context import Context
    from ..data.cohort import Cohort
    from ..data.curve import Table
    from ..data.result import Result
    from ..errors import Finding
    from .bundle.facts import BundleFacts
    from .bundle.fields import FieldReader
    from .bundle.reading import Bundle
    from .training.augmentation import Motion
    from .training.plan import Plan


@dataclass(frozen=True)
class TimeAxis:
    """What the points in time of a patient are, in the words of a bundle's metadata.

    mode : "visits", "phases", ... unit : of times. zero : where they count
    from. study, images : what such examinations and their images are called.
    """

    mode: str
    unit: str
    zero: str
    study: str
    images: str


@dataclass(frozen=True, eq=False)
class Step:
    """One step of training.

    rows : (B,) of the training patients, of all processes together. own : (b,)
    places among them of those that this process is to look at. motion : of all
    B, None without augmentation. spacings : (I, J, K) mm of each channel.
    iteration : batches since training began, from 0. generator : on the
    processor, the same for every process.
    """

    rows: np.ndarray
    own: np.ndarray
    motion: Motion | None
    spacings: Sequence[Sequence[float]]
    device: str
    iteration: int
    generator: torch.Generator


class Task(ABC):
    """One thing that networks can learn. A module of this package declares it by holding one instance.

    Attributes
    ----------
    name, help : str
    settings : type
        Frozen dataclass of how a patient is shown, with defaults; it has
        ``image``, ``shape`` (K, J, I), ``spacings`` and ``unit``.
    time : TimeAxis
    output, inference : str
        Kind of what is given, and how a network goes over an image: "crop",
        "sliding_window" or "whole"; in the words of a bundle's metadata.
    analysis : str
        Identifier of the analysis that assesses many patients.
    truths, answers : tuple of str
        Columns of `assessed` that are the patient's, and how those begin that
        are the bundle's own and are told apart where several are compared.
    calibrated : bool
        Whether what a network gives is a probability that held-out patients calibrate; bundles and verbs say how then.
    balanced : bool
        Whether patients have classes, by `strata`, of which training can draw equally many.
    usual : mapping
        Settings of training that suit the task better than the usual ones.
    monitors : mapping
        By the name of a number that training can watch, its column of `validated` and
        whether it is to fall (1) or to rise (-1); the first is the usual one.

    Notes
    -----
    Cases are whatever `cases` gives, with ``ids``, ``splits``, ``files``,
    ``times`` (N, T), ``subset(rows)``, ``digests()``, a length, and a field
    ``splits`` that `dataclasses.replace` can change.
    """

    name: str
    help: str
    settings: type
    time: TimeAxis
    output: str
    inference: str
    analysis: str
    truths: tuple[str, ...]
    answers: tuple[str, ...]
    monitors: Mapping[str, tuple[str, int]]
    calibrated: bool = False
    balanced: bool = False
    usual: Mapping[str, object] = {}

    # What is shown.

    @abstractmethod
    def completed(self, cohort: Cohort, plan: Plan) -> tuple[Plan, tuple, list[str]]:
        """The plan with what follows from the cohort, the coding of covariates, and the split of each participant.

        Those who cannot be learned from have the split "".
        """

    @abstractmethod
    def cases(self, cohort: Cohort, shown, covariates, label: str, *, cache, context: Context, rows=None):
        """The cases of participants, by default of all, kept on disk in a folder."""

    def strata(self, cases) -> np.ndarray:
        """(N,) 0 or 1: what is spread evenly over folds and batches; all alike unless a task says more."""
        return np.zeros(len(cases))

    def check(self, cases, what: str) -> None:  # noqa: B027 - of some cases something can always be learned
        """Refuse cases that nothing can be learned from; `what` says which they are."""

    def fit_inputs(self, network: nn.Module, cases) -> None:  # noqa: B027 - most networks need no such thing
        """Let a network know what it has to of its training cases, such as their means, before it learns."""

    # What is right, and how far from it a network is.

    @abstractmethod
    def shown(self, cases, step: Step) -> tuple[Any, Tensor]:
        """What a network is shown in a step, and what is right."""

    @abstractmethod
    def loss(self, network: nn.Module, batch, target: Tensor, iteration: int, generator: torch.Generator) -> Tensor:
        """What training makes small, a scalar tensor."""

    @abstractmethod
    def validated(self, network: nn.Module, cases, device: str) -> dict[str, float]:
        """Columns of the training's history, each named "validation ...", one of them "validation loss"."""

    # What becomes of a trained network.

    @abstractmethod
    def held_out(self, network: nn.Module, cases, device: str) -> np.ndarray:
        """(N,) one number a patient whom the network was not trained on."""

    @abstractmethod
    def facts(self, plan: Plan, covariates: tuple, cases, held_out: np.ndarray) -> BundleFacts:
        """What the bundle is to say; held_out (N,) is NaN for patients who were never held out."""

    @abstractmethod
    def held_out_table(self, cases, held_out: np.ndarray, facts: BundleFacts) -> Table:
        """The same numbers for people, one row a patient."""

    # Bundles.

    def example(self, facts: BundleFacts, seed: int, patients: int):
        """Made-up patients of the shapes a bundle takes, with values from a seed, the same on every machine."""
        from .cases.batch import random_batch

        return random_batch(facts, seed, patients)

    def size(self, facts: BundleFacts) -> int:
        """How many numbers of one patient a network is shown."""
        return math.prod(facts.shown.shape) * facts.visits[1] * len(facts.shown.spacings)

    @abstractmethod
    def shown_as_json(self, shown) -> dict[str, object]:
        """The fields ``inputs`` and ``registration`` of a bundle's metadata."""

    @abstractmethod
    def shown_from_json(self, read: FieldReader):
        """The settings, checked; ``E-BUNDLE`` where they are wrong."""

    @abstractmethod
    def data_format(self, facts: BundleFacts) -> dict[str, object]:
        """``network_data_format`` as MONAI's schema of metadata asks for it."""

    @abstractmethod
    def title(self, facts: BundleFacts) -> str:
        """What the network gives, in a few words."""

    @abstractmethod
    def in_words(self, facts: BundleFacts) -> tuple[str, ...]:
        """What it takes, in phrases of a line."""

    @abstractmethod
    def page(self, facts: BundleFacts) -> list[str]:
        """What it takes and gives, in lines of the bundle's page."""

    def told(self, scores: Tensor) -> Tensor:
        """(B,) a number a patient by which a bundle is known to answer as it did where it was written."""
        return (scores[:, 1] - scores[:, 0]).flatten(1).mean(dim=1) if scores.ndim > 2 else scores[:, 1] - scores[:, 0]

    # Many patients.

    @abstractmethod
    def assessed(
        self, bundle: Bundle, cohort: Cohort, rows: Sequence[int], *, label: str, cache, device: str, context: Context
    ) -> tuple[Table, tuple[Finding, ...]]:
        """One row a participant: ``participant_id``, what is right, and the `answers`.

        Raises
        ------
        InputError
            ``E-LEAK`` when some were among the bundle's training patients.
        """

    @abstractmethod
    def truth_column(self, cohort: Cohort, facts: BundleFacts) -> str:
        """Column or mask of the cohort that says what is right; ``E-LABEL`` where it has none."""

    def assessment_parameters(self, facts: BundleFacts) -> dict[str, object]:
        """Parameters of the analysis that follow from the first bundle."""
        return {}

    def picture(self, path: Path, table: Table, result: Result) -> None:  # noqa: B027 - not every task has one
        """Write a picture of an assessment, where there is one to draw."""
