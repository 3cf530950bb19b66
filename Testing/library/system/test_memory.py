"""What does not fit into memory is refused before any of it is set aside."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from library.io.bad_inputs.files import nifti, nrrd

from SpatioTemporalLib import InputError, read_series
from SpatioTemporalLib.system import memory


def test_there_is_some_memory_and_not_more_than_in_any_machine():
    assert 2**20 < memory.available_memory() < 2**50


def test_the_least_of_machine_container_and_limit_counts(monkeypatch):
    for name, count in (("_of_machine", 5000), ("_of_container", 3000), ("_of_process", 4000)):
        monkeypatch.setattr(memory, name, lambda count=count: count)
    assert memory.available_memory() == 3000


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_a_limit_of_the_process_is_seen(monkeypatch):
    import resource

    monkeypatch.setattr(resource, "getrlimit", lambda which: (2**44, 2**44))
    assert 0 < memory._of_process() < 2**44


def test_a_refusal_says_what_is_needed_and_what_there_is(monkeypatch):
    monkeypatch.setattr(memory, "available_memory", lambda: 2 * 2**30)
    memory.require_memory(2**30, "a.nii", "its voxels")
    with pytest.raises(InputError) as refused:
        memory.require_memory(3 * 2**30, "a.nii", "its voxels")
    assert refused.value.code == "E-MEMORY" and refused.value.where == "a.nii"
    assert "3 GiB" in str(refused.value) and "1.8 GiB" in str(refused.value)


@pytest.mark.parametrize(
    "make",
    [
        lambda folder: nifti(folder / "a.nii.gz"),
        lambda folder: nifti(folder / "a.nii", scl_slope=2.0),
        lambda folder: nrrd(folder / "a.seq.nrrd", encoding="gzip"),
        lambda folder: nrrd(folder / "a.seq.nrrd", np.arange(360.0).reshape(6, 3, 4, 5).astype(">f8"), endian="big"),
    ],
    ids=["gzipped NIfTI", "scaled NIfTI", "gzipped NRRD", "other byte order"],
)
def test_readers_ask_before_they_set_memory_aside(make, tmp_path, monkeypatch):
    path = make(tmp_path)
    assert read_series(path).frame_count == 6
    monkeypatch.setattr(memory, "available_memory", lambda: 500)
    with pytest.raises(InputError, match="E-MEMORY"):
        read_series(path)


def test_mapped_voxels_need_no_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "available_memory", lambda: 500)
    assert read_series(nifti(tmp_path / "a.nii")).frame_count == 6
