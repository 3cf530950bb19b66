"""Times of slices in side-cars and in Slicer's files."""

import json

import numpy as np
import pytest

import SpatioTemporalLib as st

TIMES = (0.0, 1.0, 0.5)


def run_of_slices(**facts):
    geometry = st.Geometry.from_spacing((3, 2, 2))
    acquisition = st.Acquisition("MR", examination="bold", **facts)
    return st.Series(np.arange(60.0).reshape(5, 3, 2, 2), np.arange(5) * 2.0, geometry, acquisition=acquisition)


@pytest.mark.parametrize("name", ["run.nii.gz", "run.nii", "run.seq.nrrd"])
def test_times_of_slices_are_written_and_read(tmp_path, name):
    st.write_series(tmp_path / name, run_of_slices(slice_times=TIMES))
    assert st.read_series(tmp_path / name).acquisition.slice_times == TIMES


def changed_sidecar(tmp_path, **entries):
    st.write_series(tmp_path / "sub-01_task-rest_bold.nii.gz", run_of_slices())
    path = tmp_path / "sub-01_task-rest_bold.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | entries))
    return st.read_series(tmp_path / "sub-01_task-rest_bold.nii.gz")


def test_slices_encoded_backwards_count_from_the_last(tmp_path):
    found = changed_sidecar(tmp_path, SliceTiming=list(TIMES), SliceEncodingDirection="k-")
    assert found.acquisition.slice_times == TIMES[::-1]


def test_times_along_another_axis_are_none_of_the_slices(tmp_path):
    found = changed_sidecar(tmp_path, SliceTiming=list(TIMES), SliceEncodingDirection="j")
    assert found.acquisition.slice_times is None


def test_times_that_cannot_be_are_left_out_and_told(tmp_path):
    found = changed_sidecar(tmp_path, SliceTiming=[0.0, -3.0, 1.0])
    assert found.acquisition.slice_times is None and "R-FACT" in {f.code for f in found.findings}
    with pytest.raises(st.InputError, match="SliceTiming"):
        changed_sidecar(tmp_path, SliceTiming=[0.0, "x", 1.0])
