"""Masks: overlaps, other grids, layers, stacks."""

from __future__ import annotations

import numpy as np
import pytest
from library.io.bad_inputs.files import AFFINE, frames, nifti, nrrd, sidecar

from SpatioTemporalLib import Geometry, GeometryError, InputError, LabelMap, labels_on_grid, read_labels, read_stack

GRID = Geometry((3, 4, 5), AFFINE)
SEGMENTS = (
    "Segment0_LabelValue:=1\nSegment0_Layer:=0\nSegment0_Name:=artery\n"
    "Segment1_LabelValue:=1\nSegment1_Layer:=1\nSegment1_Name:=tumour\n"
)


def box(corner=(0, 0, 0), size=(2, 2, 2), affine=AFFINE, shape=(3, 4, 5)) -> LabelMap:
    values = np.zeros(shape, dtype=np.uint8)
    values[tuple(slice(c, c + s) for c, s in zip(corner, size))] = 3
    return LabelMap(values, Geometry(shape, affine), name="tumour")


def shifted(mm: float) -> np.ndarray:
    affine = AFFINE.copy()
    affine[0, 3] += mm
    return affine


def layers(path, second_row: int):
    values = np.zeros((2, 3, 4, 5), dtype=np.uint8)
    values[0, 1, 1] = values[1, 1, second_row] = 1
    return nrrd(path, values, keys=SEGMENTS)


def test_layers_without_overlap_become_one_label_map(tmp_path):
    labels = read_labels(layers(tmp_path / "a.seg.nrrd", 2))
    assert {value: label.name for value, label in labels.labels.items()} == {1: "artery", 2: "tumour"}
    assert (labels.values[1, 1] == 1).all()
    assert (labels.values[1, 2] == 2).all()


def test_overlapping_segments_are_refused_by_name(tmp_path):
    with pytest.raises(InputError, match="a.seg.nrrd.*'tumour' shares 5 voxels.*file of its own") as caught:
        read_labels(layers(tmp_path / "a.seg.nrrd", 1))
    assert caught.value.code == "E-LABEL-OVERLAP"


def test_labels_on_the_same_grid_stay_what_they_are():
    labels = box()
    assert labels_on_grid(labels, GRID, "dce") == (labels, ())


def test_cropped_segmentation_lands_where_it_was_drawn():
    cropped = AFFINE.copy()
    cropped[:3, 3] = GRID.ijk_to_ras((1, 2, 1))
    labels = box((0, 0, 0), (2, 2, 3), cropped, (2, 2, 3))
    placed, (finding,) = labels_on_grid(labels, GRID, "dce")
    assert np.argwhere(placed.foreground).min(axis=0).tolist() == [1, 2, 1]
    assert placed.volume_ml(3) == labels.volume_ml(3)
    assert finding.code == "R-MASK-GRID"
    assert "from 0.18 to 0.18 mL" in finding.message


def test_finer_segmentation_keeps_its_volume_nearly():
    fine = np.diag([0.5, 0.5, 0.5, 1]) @ np.diag([2, 2.5, 3, 1])
    fine[:3, 3] = AFFINE[:3, 3]
    labels = box((1, 1, 1), (4, 4, 4), fine, (8, 8, 8))
    placed, _ = labels_on_grid(labels, GRID, "dce")
    assert placed.volume_ml(3) == pytest.approx(labels.volume_ml(3), rel=1e-6)


def test_mask_far_outside_is_refused():
    with pytest.raises(GeometryError, match="tumour.*wholly outside dce") as caught:
        labels_on_grid(box(affine=shifted(500)), GRID, "dce")
    assert caught.value.code == "E-MASK-OUTSIDE"
    assert caught.value.fix


def test_mask_mostly_cut_off_is_told():
    labels = box((0, 0, 0), (3, 4, 5), shifted(-6))
    _, findings = labels_on_grid(labels, GRID, "dce")
    assert [f.code for f in findings] == ["R-MASK-GRID", "W-MASK-CLIPPED"]
    assert "60 % of it lies outside dce" in findings[1].message


def test_empty_mask_is_refused_by_name():
    with pytest.raises(InputError, match="tumour") as caught:
        labels_on_grid(box(size=(0, 0, 0)), GRID, "dce")
    assert caught.value.code == "E-MASK-EMPTY"


def test_stack_takes_flip_angles_from_side_cars(tmp_path):
    paths = [
        sidecar(nifti(tmp_path / f"fa{angle}.nii.gz", frames()[n]), FlipAngle=angle, RepetitionTime=0.0054)
        for n, angle in enumerate((2, 5, 15))
    ]
    stack = read_stack(paths)
    assert stack.settings.tolist() == [2, 5, 15]
    assert stack.acquisition.repetition_time == 0.0054
    np.testing.assert_array_equal(stack.values, frames()[:3])


def test_stack_takes_a_list_in_one_side_car_or_frame_labels(tmp_path):
    angles = [2, 3, 5, 10, 15, 20]
    path = sidecar(nifti(tmp_path / "vfa.nii"), FlipAngle=angles)
    assert read_stack(path).settings.tolist() == angles
    keys = "MultiVolume.FrameLabels:=2,3,5,10,15,20\nMultiVolume.FrameIdentifyingDICOMTagName:=FlipAngle\n"
    assert read_stack(nrrd(tmp_path / "vfa.nrrd", keys=keys)).settings.tolist() == angles


def test_stack_takes_given_settings_and_refuses_unknown_ones(tmp_path):
    path = nifti(tmp_path / "vfa.nii")
    assert read_stack(path, [1, 2, 3, 4, 5, 6]).settings.tolist() == [1, 2, 3, 4, 5, 6]
    with pytest.raises(InputError, match="vfa.nii.*flip_angle of its 6 volumes in deg.*--settings"):
        read_stack(path)
    with pytest.raises(InputError, match="one finite flip_angle for each volume"):
        read_stack(path, [1, 2])


def test_stack_of_echo_times_in_other_units_needs_them_given(tmp_path):
    path = sidecar(nifti(tmp_path / "te.nii", frames()[0]), EchoTime=0.02)
    assert read_stack([path], setting="echo_time", setting_unit="s").settings.tolist() == [0.02]
    with pytest.raises(InputError, match="in ms"):
        read_stack([path], setting="echo_time", setting_unit="ms")
