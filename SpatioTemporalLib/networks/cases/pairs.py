"""The patients of a cohort as pairs of visits, with masks of what is new and of what has vanished."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch

from ...context import Context
from ...data.cohort import Cohort
from ...data.follow_up import FollowUp
from ...io.output.folder import working_folder
from ...numerics.spatial.region_of_interest import resampled_labels
from ...steps.follow_up.visit_pair import PairSettings, VisitPair, pair_of
from .batch import Batch
from .participants import identity_of, kept_name, of_each, rows_of, splits_of
from .region_files import digest_of, is_readable, load_regions, save_regions

PREPARATION = 1
"""Raised when the same settings would give other cases, so that older ones on disk are not taken."""
UNKNOWN = -1.0
NEW, VANISHED = 1, 2


@dataclass(frozen=True, eq=False)
class PairCases:
    """N patients with two visits each.

    Attributes
    ----------
    ids, splits : N texts
    files : N paths of (4, 1, K, J, I) float32: the earlier and the later visit,
        masks of what is new and of what has vanished, -1 where there is none.
    times : (N, 2) days. observed : (N, 2) bool, all True
    shape : (K, J, I) voxels that are looked at together
    """

    ids: list[str]
    splits: list[str]
    files: list[Path]
    times: np.ndarray
    observed: np.ndarray
    shape: tuple[int, int, int]

    def __len__(self) -> int:
        return len(self.ids)

    def subset(self, rows: Sequence[int]) -> PairCases:
        """The patients of some row numbers."""
        rows = list(rows)
        lists = {name: [getattr(self, name)[n] for n in rows] for name in ("ids", "splits", "files")}
        return replace(self, **lists, times=self.times[rows], observed=self.observed[rows])

    def digests(self) -> list[str]:
        """What tells each patient's images from all others, whatever the patient is called."""
        return [digest_of(path) for path in self.files]

    def volumes(self, row: int) -> tuple[np.ndarray, np.ndarray]:
        """The two visits (2, K, J, I) and (K, J, I) what became of each voxel: 0, `NEW` or `VANISHED`; -1 unknown."""
        stored = load_regions(self.files[row])[:, 0]
        return stored[:2], np.where(stored[2] > 0, NEW, np.where(stored[3] > 0, VANISHED, np.minimum(stored[2], 0)))


def prepare_pairs(
    cohort: Cohort,
    settings: PairSettings,
    labels: tuple[str, str],
    *,
    cache: str | os.PathLike,
    context: Context,
    rows: Sequence[int] | None = None,
) -> PairCases:
    """Read the last two visits of participants, or take those of an earlier time from disk.

    Parameters
    ----------
    labels : names of the masks of what is new and of what has vanished
    cache : folder, new, empty or that of earlier cases
    rows : numbers of the participants, by default all

    Raises
    ------
    InputError
        ``E-COHORT``: one error that tells what is wrong with each participant.
    """
    cache = working_folder(cache, "regions")
    rows = list(range(len(cohort)) if rows is None else rows)
    found = of_each(cohort, rows, "visits", lambda n: _kept(cohort, n, settings, labels, cache, context), context)
    times = np.array([[0.0, days] for _, days in found], np.float32).reshape(-1, 2)
    ids, files = [cohort.ids[n] for n in rows], [path for path, _ in found]
    return PairCases(ids, splits_of(cohort, rows), files, times, np.ones(times.shape, bool), settings.shape)


def batch_of(images: Sequence[np.ndarray], days: Sequence[float]) -> Batch:
    """B patients' pairs (2, K, J, I) and the days between them as networks are given them."""
    stacked = torch.from_numpy(np.stack(images).astype(np.float32))[:, :, None]
    times = torch.tensor([[0.0, float(apart)] for apart in days])
    nothing = torch.zeros(len(stacked), 0)
    return Batch(stacked, times, torch.ones(times.shape, dtype=torch.bool), nothing, nothing.bool())


def _kept(cohort: Cohort, n: int, settings: PairSettings, labels, cache: Path, context: Context) -> tuple[Path, float]:
    """File of the visits of a participant, and the days between them."""
    path = cache / kept_name(cohort, n, [PREPARATION, "pairs", asdict(settings), list(labels)], identity_of(cohort, n))
    if not is_readable(path):
        patient = cohort.case(n)
        pair = pair_of(patient, settings, replace(context, report=lambda fraction, message: None))
        save_regions(path, np.stack([*pair.images, *(_mask(patient, name, pair) for name in labels)])[:, None])
    days = [float(cohort.visits.columns["days"][r]) for r in rows_of(cohort, n)]
    return path, days[-1] - days[-2]


def _mask(patient: FollowUp, name: str, pair: VisitPair) -> np.ndarray:
    for visit in patient.visits[::-1]:
        if name in visit.masks:
            mask = visit.masks[name]
            return resampled_labels(mask.foreground.astype(np.uint8), mask.geometry, pair.grid).astype(np.float32)
    return np.full(pair.grid.shape, UNKNOWN, np.float32)
