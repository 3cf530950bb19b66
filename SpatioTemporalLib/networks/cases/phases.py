"""The patients of a cohort as phases of a dynamic series with their times, and masks of what is to be found."""

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
from ...errors import InputError
from ...io.output.folder import working_folder
from ...numerics.spatial.covering_grid import covering_grid, on_grid
from ...numerics.spatial.region_of_interest import resampled_labels
from ...steps.bolus.acquired_phases import PhaseSettings, chosen_phases, scaled_phases, shown_times
from .batch import Batch
from .participants import identity_of, kept_name, of_each, rows_of, splits_of, times_side_by_side
from .region_files import digest_of, is_readable, load_regions, save_regions

PREPARATION = 1
"""Raised when the same settings would give other cases, so that older ones on disk are not taken."""
# Of the volumes of a file: its phases, then these.
TARGET, OTHERS = -2, -1
UNKNOWN = -1.0


@dataclass(frozen=True, eq=False)
class PhaseCases:
    """N patients with one phase before contrast, the first after it, and one or more later ones.

    Attributes
    ----------
    ids, splits : N texts
    files : N paths of (T + 2, 1, K, J, I) float32: phases scaled to 0..1, the
        mask to be found, and a mask of other structures, -1 where there is none.
    times : (N, T) seconds after injection. observed : (N, T) bool
    shape : (K, J, I) voxels that are looked at together
    together : whether all later phases are shown at once
    """

    ids: list[str]
    splits: list[str]
    files: list[Path]
    times: np.ndarray
    observed: np.ndarray
    shape: tuple[int, int, int]
    together: bool = False

    def __len__(self) -> int:
        return len(self.ids)

    def subset(self, rows: Sequence[int]) -> PhaseCases:
        """The patients of some row numbers."""
        rows = list(rows)
        lists = {name: [getattr(self, name)[n] for n in rows] for name in ("ids", "splits", "files")}
        return replace(self, **lists, times=self.times[rows], observed=self.observed[rows])

    def digests(self) -> list[str]:
        """What tells each patient's images from all others, whatever the patient is called."""
        return [digest_of(path) for path in self.files]

    def volumes(self, row: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Phases (t, K, J, I), their seconds (t,), the mask to be found and that of other structures (K, J, I)."""
        stored = load_regions(self.files[row])[:, 0]
        return stored[:TARGET], self.times[row, self.observed[row]], stored[TARGET], stored[OTHERS]


def prepare_phases(
    cohort: Cohort,
    settings: PhaseSettings,
    label: str,
    *,
    cache: str | os.PathLike,
    context: Context,
    rows: Sequence[int] | None = None,
) -> PhaseCases:
    """Read the phases of participants, or take those of an earlier time from disk.

    Parameters
    ----------
    label : name of the mask that is to be found
    cache : folder, new, empty or that of earlier cases
    rows : numbers of the participants, by default all

    Raises
    ------
    InputError
        ``E-COHORT``: one error that tells what is wrong with each participant.
    """
    cache = working_folder(cache, "regions")
    rows = list(range(len(cohort)) if rows is None else rows)
    found = of_each(cohort, rows, "phases", lambda n: _kept(cohort, n, settings, label, cache), context)
    times, observed = times_side_by_side([seconds for _, seconds in found])
    ids, files = [cohort.ids[n] for n in rows], [path for path, _ in found]
    return PhaseCases(ids, splits_of(cohort, rows), files, times, observed, settings.shape, settings.together)


def shown_at_once(count: int, together: bool) -> list[list[int]]:
    """Numbers of phases that are shown at once: the first two and one of the later ones, or all."""
    return [list(range(count))] if together else [[0, 1, n] for n in range(2, count)]


def batch_of(images: Sequence[np.ndarray], times: Sequence[np.ndarray]) -> Batch:
    """B patients' phases (T, K, J, I) and seconds (T,) as networks are given them; T may differ between patients."""
    seconds, observed = times_side_by_side([np.asarray(own) for own in times])
    stacked = np.zeros((*observed.shape, *images[0].shape[1:]), np.float32)
    for place, own in enumerate(images):
        stacked[place, : len(own)] = own
    nothing = torch.zeros(len(stacked), 0)
    parts = (torch.from_numpy(part) for part in (stacked[:, :, None], seconds, observed))
    return Batch(*parts, nothing, nothing.bool())


def _kept(cohort: Cohort, n: int, settings: PhaseSettings, label: str, cache: Path) -> tuple[Path, np.ndarray]:
    """File of the phases of a participant, and their seconds."""
    path = cache / kept_name(cohort, n, [PREPARATION, "phases", asdict(settings), label], identity_of(cohort, n))
    chosen, seconds = _chosen(_seconds_of(cohort, rows_of(cohort, n)), settings, cohort.ids[n])
    if not is_readable(path):
        save_regions(path, _volumes(cohort.case(n), chosen, settings, label)[:, None])
    return path, shown_times(seconds)


def _seconds_of(cohort: Cohort, rows: list[int]) -> np.ndarray:
    column = cohort.visits.columns.get("seconds")
    if column is None:
        raise InputError(
            "E-PHASES",
            "the phases have no times",
            where=cohort.name,
            fix="Add a column seconds, after injection, to timepoints.csv.",
        )
    return np.array([float(column[r]) for r in rows])


def _chosen(seconds: np.ndarray, settings: PhaseSettings, where: str) -> tuple[list[int], np.ndarray]:
    before, first, later = chosen_phases(seconds, settings.first_post, where)
    chosen = [before, first, *later]
    return chosen, seconds[chosen]


def _volumes(patient: FollowUp, chosen: list[int], settings: PhaseSettings, label: str) -> np.ndarray:
    """(T + 2, K, J, I): phases, the mask to be found, the mask of other structures."""
    patient = patient if all(len(v.images) == 1 for v in patient.visits) else patient.with_image(settings.image)
    images = [next(iter(visit.images.values())) for visit in patient.visits]
    for n in chosen:
        images[chosen[0]].geometry.require_match(images[n].geometry, "the first phase", f"phase {n + 1}")
    grid = covering_grid(images[chosen[0]].geometry, settings.spacings[0])
    phases = np.stack([on_grid(images[n].values, images[n].geometry, grid) for n in chosen])
    if not np.isfinite(phases).all():
        raise InputError("E-NOT-FINITE", "a phase holds values that are no numbers", fix="Fill them, or leave it out.")
    masks = {name: mask for visit in patient.visits for name, mask in visit.masks.items()}
    others = [mask for name, mask in masks.items() if name != label]
    target = _mask([masks[label]] if label in masks else [], grid)
    return np.stack([*scaled_phases(phases), target, _mask(others, grid)]).astype(np.float32)


def _mask(masks: list, grid) -> np.ndarray:
    if not masks:
        return np.full(grid.shape, UNKNOWN)
    return np.any([resampled_labels(mask.foreground.astype(np.uint8), mask.geometry, grid) for mask in masks], axis=0)
