"""What was odd about a file is told wherever the file is read, and in the result of what used it."""

from __future__ import annotations

import numpy as np
import pytest
from library.io.bad_inputs.files import frames, nifti, nrrd, text

from SpatioTemporalLib import (
    read_curve,
    read_follow_up,
    read_labels,
    read_map,
    read_series,
    read_stack,
    read_table,
    run,
)
from SpatioTemporalLib.workers.worker_values import read_value, write_value

PLACELESS = {"space": None, "space_origin": None, "space_directions": None}
MASK = (frames()[0] % 7 == 0).astype(np.uint8)


def codes(value) -> set[str]:
    return {finding.code for finding in value.findings}


READERS = {
    "map": lambda path: read_map(path, "1"),
    "labels": read_labels,
    "stack": lambda path: read_stack([path, path], settings=[2.0, 10.0]),
    "visits": lambda path: read_follow_up([path, path], days=[0, 30], unit="1"),
}


@pytest.mark.parametrize("name", READERS)
def test_images_without_a_place_say_so_however_they_are_read(name, tmp_path):
    found = READERS[name](nrrd(tmp_path / "a.nrrd", MASK, **PLACELESS))
    assert {"W-GEO-ORIENTATION", "W-GEO-ORIGIN", "W-GEO-SPACING"} <= codes(found)


@pytest.mark.parametrize("name", READERS)
def test_the_worker_is_handed_what_was_odd(name, tmp_path):
    found = READERS[name](nrrd(tmp_path / "a.nrrd", MASK, **PLACELESS))
    again = read_value(write_value(found, tmp_path, "value"), tmp_path)
    assert again.findings == found.findings


@pytest.mark.parametrize("reader", [read_curve, read_table])
def test_tables_and_curves_keep_what_was_odd(reader, tmp_path):
    found = reader(text(tmp_path / "a.csv", "time [s];Cp [mM]\n0;0,5\n2;1,5\n"))
    assert codes(found) == {"R-DECIMAL-COMMA"}
    assert read_value(write_value(found, tmp_path, "value"), tmp_path).findings == found.findings


def test_a_curve_says_that_its_rows_were_sorted(tmp_path):
    assert codes(read_curve(text(tmp_path / "a.csv", "time [s],Cp [mM]\n2,1\n0,2\n"))) == {"R-TIME-ORDER"}


def test_a_mask_of_a_visit_says_what_was_odd(tmp_path):
    image, mask = nifti(tmp_path / "a.nii", frames()[0]), nifti(tmp_path / "m.nii", MASK, tail=b"more")
    found = read_follow_up([image, image], days=[0, 30], masks=[mask, None], unit="1")
    assert [f.where for f in found.findings if f.code == "W-FILE-LONGER"] == ["m.nii"]


def test_frames_from_several_files_all_tell(tmp_path):
    paths = [nifti(tmp_path / f"v{n}.nii", frames()[n], tail=b"more" if n == 2 else b"") for n in range(3)]
    assert "W-FILE-LONGER" in codes(read_series(paths, times=[0, 1, 2]))


def test_a_result_tells_that_its_mask_was_odd(tmp_path):
    series = read_series(nifti(tmp_path / "a.nii"))
    mask = read_labels(nifti(tmp_path / "m.nii", MASK, tail=b"more"))
    result = run("kinetics.enhancement", series=series, mask=mask)
    assert [f.where for f in result.findings if f.code == "W-FILE-LONGER"] == ["m.nii"]
