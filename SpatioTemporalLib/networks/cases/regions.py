"""The patients of a cohort as a network is given them: cut once, kept on disk, and read as wanted."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch

from ...context import Context
from ...data.cohort import Cohort
from ...errors import InputError
from ...io.output.folder import working_folder
from ...steps.follow_up.covariates import Covariate, coded
from ...steps.follow_up.visit_crops import CropSettings, centres_of, crop_visits
from ...steps.table_columns import cells_of, word_of
from .batch import Batch
from .participants import identity_of, kept_name, of_each, rows_of, splits_of, times_side_by_side
from .region_files import are_whole, digest_of, load_regions, save_regions

PREPARATION = 1
"""Raised when the same settings would give other regions, so that older ones on disk are not taken."""

POSITIVE, NEGATIVE = {"1", "true", "yes", "malignant", "positive"}, {"0", "false", "no", "benign", "negative"}


@dataclass(frozen=True, eq=False)
class Cases:
    """N patients with at most T visits.

    Attributes
    ----------
    ids, splits : N texts
    files : N paths of (t, C, K, J, I) float32 arrays
    times, observed : (N, T) days, bool
    covariates, known : (N, F)
    labels : (N,) 0, 1, or NaN where it is not known
    """

    ids: list[str]
    splits: list[str]
    files: list[Path]
    times: np.ndarray
    observed: np.ndarray
    covariates: np.ndarray
    known: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.ids)

    def subset(self, rows: Sequence[int]) -> Cases:
        """The patients of some row numbers."""
        rows = list(rows)
        lists = {name: [getattr(self, name)[n] for n in rows] for name in ("ids", "splits", "files")}
        arrays = {n: getattr(self, n)[rows] for n in ("times", "observed", "covariates", "known", "labels")}
        return replace(self, **lists, **arrays)

    def of_split(self, split: str) -> Cases:
        return self.subset([n for n, own in enumerate(self.splits) if own == split])

    def batch(self, rows: Sequence[int]) -> Batch:
        """Some patients, their images read from disk now."""
        rows = list(rows)
        first = load_regions(self.files[rows[0]])
        images = np.zeros((len(rows), self.times.shape[1], *first.shape[1:]), dtype=np.float32)
        for place, row in enumerate(rows):
            images[place, self.observed[row]] = load_regions(self.files[row]) if place else first
        parts = (images, self.times[rows], self.observed[rows], self.covariates[rows], self.known[rows])
        return Batch(*(torch.from_numpy(part) for part in parts))

    def digests(self) -> list[str]:
        """What tells each patient's images from all others, whatever the patient is called."""
        return [digest_of(path) for path in self.files]


def prepare_cases(
    cohort: Cohort,
    settings: CropSettings,
    covariates: Sequence[Covariate],
    label: str,
    *,
    cache: str | os.PathLike,
    context: Context,
    rows: Sequence[int] | None = None,
) -> Cases:
    """Cut the regions of participants, or take those of an earlier time from disk.

    Parameters
    ----------
    label : name of a column of the participants, "" when there is none
    cache : folder, new, empty or that of earlier regions
    rows : numbers of the participants, by default all

    Raises
    ------
    InputError
        ``E-COHORT``: one error that tells what is wrong with each participant.
    """
    cache = working_folder(cache, "regions")
    rows = list(range(len(cohort)) if rows is None else rows)
    found = of_each(
        cohort,
        rows,
        "regions",
        lambda n: (*_cut(cohort, n, settings, cache, context), *_coded(cohort, n, covariates)),
        context,
    )
    times, observed = times_side_by_side([days for _, days, _, _ in found])
    return Cases(
        ids=[cohort.ids[n] for n in rows],
        splits=splits_of(cohort, rows),
        files=[path for path, *_ in found],
        times=times,
        observed=observed,
        covariates=np.stack([codes for *_, codes, _ in found]),
        known=np.stack([known for *_, known in found]),
        labels=labels_of(cohort, label)[rows] if label else np.full(len(rows), np.nan),
    )


def labels_of(cohort: Cohort, name: str) -> np.ndarray:
    """(N,) 1 and 0 of a column of the participants, NaN where it is empty.

    Raises
    ------
    InputError
        ``E-LABEL`` for a word that says neither.
    """
    labels = np.full(len(cohort), np.nan)
    for n, cell in enumerate(cells_of(cohort.participants, name)):
        word = word_of(cell).lower()
        if word in POSITIVE or word in NEGATIVE:
            labels[n] = word in POSITIVE
        elif word not in ("", "nan", "n/a"):
            raise InputError(
                "E-LABEL",
                f"the label {name} of participant {cohort.ids[n]} is {word!r}",
                where=cohort.name,
                fix="Write 1 or malignant, 0 or benign, and leave it empty where it is not known.",
            )
    return labels


def _cut(cohort: Cohort, n: int, settings: CropSettings, cache: Path, context: Context) -> tuple[Path, np.ndarray]:
    """File of the regions of a participant, and the days of its visits."""
    rows = rows_of(cohort, n)
    days = np.array([cohort.visits.columns["days"][r] for r in rows], dtype=np.float32)
    identity = identity_of(cohort, n)
    path = cache / kept_name(cohort, n, [PREPARATION, asdict(settings)], identity)
    if not are_whole(path, (len(rows), len(settings.spacings), *settings.shape)):
        quiet = replace(context, report=lambda fraction, message: None)
        follow_up = cohort.case(n)
        crops = crop_visits(follow_up, centres_of(follow_up), settings, quiet)
        if cohort.identity and cohort.identity(n) != identity:
            raise InputError(
                "E-INPUT-CHANGED",
                "its images were changed while they were read",
                where=cohort.name,
                fix="Wait until nothing writes to them any more, then run again.",
            )
        save_regions(path, crops.images)
    return path, days


def _coded(cohort: Cohort, n: int, covariates: Sequence[Covariate]) -> tuple[np.ndarray, np.ndarray]:
    values = {name: cells[n] for name, cells in cohort.participants.columns.items()}
    codes, known, _ = coded(covariates, values)
    return codes, known
