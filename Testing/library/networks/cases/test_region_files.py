"""Regions kept on disk: damaged ones are cut anew, or told when they are damaged later."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np
import pytest
from library.small.cases import small_cases

from SpatioTemporalLib.context import Context
from SpatioTemporalLib.errors import InputError
from SpatioTemporalLib.io.cohort.files import read_cohort
from SpatioTemporalLib.networks.cases.region_files import are_whole, digest_of, load_regions, save_regions
from SpatioTemporalLib.networks.cases.regions import prepare_cases
from SpatioTemporalLib.steps.follow_up.visit_crops import CropSettings

SETTINGS = CropSettings(shape=(8, 16, 16), spacings=((1.5, 1.5, 2.0),))
SHAPE = (2, 1, 4, 8, 8)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "a.npy"
    save_regions(path, np.random.default_rng(0).random(SHAPE))
    return path


def test_regions_come_back_and_other_readers_read_them_too(file):
    assert are_whole(file, SHAPE)
    assert np.array_equal(load_regions(file), np.load(file)) and load_regions(file).dtype == np.float32


def test_the_digest_is_that_of_the_array_alone(file, tmp_path):
    np.save(tmp_path / "b.npy", load_regions(file))
    plain = (tmp_path / "b.npy").read_bytes()
    assert digest_of(file) == hashlib.sha256(plain).hexdigest()[:16]


@pytest.mark.parametrize("left", [0, 7, 60, 200, 1000, -16, -1])
def test_cut_off_regions_are_seen(file, left):
    file.write_bytes(file.read_bytes()[:left])
    assert not are_whole(file, SHAPE)
    with pytest.raises(InputError, match="E-CACHE"):
        load_regions(file)


@pytest.mark.parametrize("at", [3, 70, 150, 1000, -1])
def test_a_changed_byte_is_told(file, at):
    data = bytearray(file.read_bytes())
    data[at] ^= 64
    file.write_bytes(data)
    with pytest.raises(InputError, match="E-CACHE"):
        load_regions(file)


@pytest.mark.parametrize("array", [np.zeros((2, 1, 4, 8, 9), "f4"), np.zeros(SHAPE, "f8"), np.zeros(SHAPE, "f4").T])
def test_regions_of_another_kind_are_not_taken(tmp_path, array):
    np.save(tmp_path / "a.npy", array)
    assert not are_whole(tmp_path / "a.npy", SHAPE)


def test_a_missing_file_is_told(tmp_path):
    assert not are_whole(tmp_path / "none.npy", SHAPE)
    with pytest.raises(InputError, match="E-CACHE"):
        load_regions(tmp_path / "none.npy")


def test_damaged_regions_are_cut_anew(cohort_folder, tmp_path):
    def prepared():
        cohort = read_cohort(cohort_folder)
        return prepare_cases(cohort, SETTINGS, (), "", cache=tmp_path, context=Context(), rows=[0, 1])

    first = prepared()
    before = [path.read_bytes() for path in first.files]
    first.files[0].write_bytes(before[0][:500])
    np.save(first.files[1], np.zeros(3))
    again = prepared()
    assert [path.read_bytes() for path in again.files] == before


def test_a_batch_of_damaged_regions_is_told(tmp_path):
    cases = small_cases(tmp_path / "cases", 4)
    cases.files[2].write_bytes(cases.files[2].read_bytes()[:300])
    cases.batch([0, 1])
    with pytest.raises(InputError, match="case2.npy.*E-CACHE"):
        cases.batch([1, 2])


def test_images_that_change_while_they_are_cut_are_told_and_nothing_is_kept(cohort_folder, tmp_path):
    cohort = read_cohort(cohort_folder)
    answers = iter(["before", "after"])
    changing = replace(cohort, identity=lambda n: next(answers))
    with pytest.raises(InputError, match="changed while they were read"):
        prepare_cases(changing, SETTINGS, (), "", cache=tmp_path, context=Context(), rows=[0])
    assert list(tmp_path.glob("*.npy")) == []
