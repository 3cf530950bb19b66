"""Patients as phases with their times: what is kept of them, what is shown in training, and what is refused."""

import csv
from dataclasses import replace

import numpy as np
import pytest
import torch
from library.small.phases import SIZE, small_phase_cohort

from SpatioTemporalLib.context import Context
from SpatioTemporalLib.errors import InputError
from SpatioTemporalLib.io.cohort.files import TIMEPOINTS, read_cohort
from SpatioTemporalLib.networks.cases.patches import cut, patches_of
from SpatioTemporalLib.networks.cases.phases import batch_of, prepare_phases
from SpatioTemporalLib.networks.task import Step
from SpatioTemporalLib.steps.bolus.acquired_phases import PhaseSettings

SHOWN = PhaseSettings(shape=(SIZE,) * 3)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("phases") / "cohort"
    small_phase_cohort(path)
    return path


def prepared(folder, tmp_path, shown=SHOWN, **more):
    return prepare_phases(read_cohort(folder), shown, "lesion", cache=tmp_path / "cache", context=Context(), **more)


def step_of(rows, own=None, iteration=0, seed=0):
    own = np.arange(len(rows)) if own is None else np.array(own)
    generator = torch.Generator().manual_seed(seed)
    return Step(np.array(rows), own, None, SHOWN.spacings, "cpu", iteration, generator)


def test_phases_times_and_masks_are_those_of_the_cohort(folder, tmp_path):
    cohort, cases = read_cohort(folder), prepared(folder, tmp_path)
    assert cases.ids == cohort.ids and cases.splits == cohort.participants.columns["split"]
    phases, seconds, target, others = cases.volumes(1)
    patient = cohort.case(1)
    np.testing.assert_array_equal(target > 0, patient.visits[0].masks["lesion"].foreground)
    np.testing.assert_array_equal(others > 0, patient.visits[0].masks["look_alike"].foreground)
    assert seconds == pytest.approx([visit.covariates["seconds"] for visit in patient.visits])
    raw = np.stack([visit.images["mr"].values for visit in patient.visits])
    assert np.corrcoef(raw.ravel(), phases.ravel())[0, 1] == pytest.approx(1)


def test_they_are_taken_from_disk_again_and_made_anew_when_damaged(folder, tmp_path):
    cases = prepared(folder, tmp_path)
    before = cases.digests()
    stamp = cases.files[0].stat().st_mtime_ns
    cases.files[1].write_bytes(cases.files[1].read_bytes()[:-40])
    again = prepared(folder, tmp_path)
    assert again.digests() == before and again.files[0].stat().st_mtime_ns == stamp


def test_a_later_phase_is_drawn_and_the_others_are_always_shown(folder, tmp_path):
    cases = prepared(folder, tmp_path)
    # A fourth phase: the second one again, later.
    times = np.column_stack([cases.times, cases.times[:, 2] + 100])
    more = replace(cases, times=times, observed=np.ones(times.shape, bool))
    stored = type(cases).volumes

    class Longer(type(cases)):
        def volumes(self, row):
            phases, _, target, others = stored(cases, row)
            return np.concatenate([phases, phases[1:2]]), self.times[row], target, others

    longer = Longer(**vars(more))
    drawn = {patches_of(longer, step_of([0], seed=seed), 0.5)[1][0][2] for seed in range(12)}
    assert drawn == set(times[0, 2:])
    images, seconds, _ = patches_of(longer, step_of([0]), 0.5)
    assert images[0].shape == (3, SIZE, SIZE, SIZE) and list(seconds[0][:2]) == [-1, 30]


def test_processes_see_their_parts_of_the_same_batch(folder, tmp_path):
    cases = replace(prepared(folder, tmp_path), shape=(8, 8, 8))
    whole = patches_of(cases, step_of([0, 1, 2, 3]), 0.5)
    parts = [patches_of(cases, step_of([0, 1, 2, 3], own), 0.5) for own in ([0, 2], [1, 3])]
    np.testing.assert_array_equal(np.stack(whole[0])[[0, 2, 1, 3]], np.concatenate([np.stack(p[0]) for p in parts]))


def test_patches_lie_around_the_mask_where_they_are_to(folder, tmp_path):
    cases = replace(prepared(folder, tmp_path), shape=(8, 8, 8))
    masks = [patches_of(cases, step_of([0], seed=seed), 1.0)[2] for seed in range(6)]
    assert all((mask > 0).any() for mask in masks)


def test_a_patch_larger_than_the_image_is_filled_up():
    assert cut(np.ones((2, 3, 4)), np.zeros(3, int), (4, 4, 4)).sum() == 24


def test_phases_become_a_batch():
    batch = batch_of([np.zeros((3, 4, 5, 6))] * 2, [np.array([-1, 30, 90])] * 2)
    assert batch.images.shape == (2, 3, 1, 4, 5, 6) and batch.times.shape == (2, 3) and bool(batch.mask.all())


def rewritten(folder, tmp_path, change):
    """A copy of the cohort with another table of phases."""
    import shutil

    copy = shutil.copytree(folder, tmp_path / "copy")
    with (copy / TIMEPOINTS).open(newline="", encoding="utf-8") as stream:
        rows = list(csv.reader(stream))
    change(rows)
    with (copy / TIMEPOINTS).open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows(rows)
    return copy


def test_patients_without_later_phases_are_told_together(folder, tmp_path):
    copy = rewritten(folder, tmp_path, lambda rows: [rows.pop(n) for n in (6, 3)])
    with pytest.raises(InputError, match=r"2 of 5 participants(.|\n)*dce1(.|\n)*dce2(.|\n)*E-COHORT"):
        prepared(copy, tmp_path)


def test_a_cohort_of_visits_in_days_is_no_cohort_of_phases(folder, tmp_path):
    def in_days(rows):
        column = [cell.partition(" ")[0] for cell in rows[0]].index("seconds")
        rows[0][column] = "days"
        for n, row in enumerate(rows[1:]):
            row[column] = str(n % 3)

    with pytest.raises(InputError, match="no times.*seconds"):
        prepared(rewritten(folder, tmp_path, in_days), tmp_path)


def test_seconds_that_fall_are_told_with_their_row(folder, tmp_path):
    def swap(rows):
        rows[2], rows[3] = rows[3], rows[2]

    with pytest.raises(InputError, match="out of order"):
        read_cohort(rewritten(folder, tmp_path, swap))
