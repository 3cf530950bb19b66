"""DICOM segmentations: sparse frames in any order, overlapping, flipped, as bits or fractions; our own come back."""

import highdicom
import numpy as np
import pytest
from library.io.dicom.dicom_phantom import header, save, voxels, write_classic
from library.io.dicom.segmentation_phantom import (
    STEP,
    STRAIGHT,
    Written,
    blob,
    expected_affine,
    segmentation,
    write_segmentation,
)
from pydicom.uid import DeflatedExplicitVRLittleEndian, RLELossless

import SpatioTemporalLib as st
from SpatioTemporalLib.cli import main
from SpatioTemporalLib.data.grids.lattice import on_lattice
from SpatioTemporalLib.data.result import Display, Provenance, Result
from SpatioTemporalLib.io.dicom.objects import write_dicom_result

LIVER = Written(1, "Liver", blob((0, 0, 0), (6, 4, 5)))
REMNANT = Written(2, "Liver Remnant", blob((2, 0, 0), (4, 4, 2)))
TUMOURS = (Written(3, "Tumor_1", blob((1, 1, 1), (2, 2, 2))), Written(5, "Tumor_2", blob((2, 2, 2), (2, 2, 2))))
ALL = (LIVER, REMNANT, *TUMOURS)
WHOLE = st.Geometry(LIVER.mask.shape, expected_affine())


@pytest.mark.parametrize("flipped", [False, True])
@pytest.mark.parametrize("order", [None, 1, 2])
@pytest.mark.parametrize("fractional", [0, 200])
def test_overlapping_segments_come_one_by_one_where_they_were_drawn(flipped, order, fractional, tmp_path):
    path = write_segmentation(tmp_path / "a.dcm", ALL, flipped=flipped, order=order, fractional=fractional)
    masks = st.read_masks(path)
    assert list(masks) == [segment.name for segment in ALL]
    for segment in ALL:
        own = masks[segment.name]
        assert own.geometry.shape[0] == np.count_nonzero(segment.mask.any(axis=(1, 2)))
        np.testing.assert_array_equal(on_lattice(own, WHOLE, "image").foreground, segment.mask)


def test_names_codes_and_colours_are_read(tmp_path):
    # Green of the screen, as lightness and colour axes: 87.7, -86.2, 83.2.
    path = write_segmentation(tmp_path / "a.dcm", [Written(4, "Portal", LIVER.mask, (57496, 10743, 54272))])
    labels = st.read_labels(path)
    (label,) = labels.labels.values()
    assert list(labels.labels) == [4] and label.name == "Portal"
    assert label.category == st.Code("49755003", "SCT", "Morphologically Altered Structure")
    assert label.type.value == "86049000"
    assert label.colour == pytest.approx((0, 1, 0), abs=2 / 255)


def test_segments_of_one_name_are_told_apart(tmp_path):
    same = [Written(1, "tumour", blob((0, 0, 0), (2, 2, 2))), Written(2, "tumour", blob((3, 0, 0), (2, 2, 2)))]
    assert list(st.read_masks(write_segmentation(tmp_path / "a.dcm", same))) == ["tumour 1", "tumour 2"]


def test_segments_apart_become_one_label_map_and_overlapping_ones_do_not(tmp_path):
    apart = [Written(2, "a", blob((0, 0, 0), (2, 2, 2))), Written(7, "b", blob((4, 1, 1), (2, 3, 3)))]
    found = st.read_labels(write_segmentation(tmp_path / "a.dcm", apart, order=3))
    np.testing.assert_array_equal(found.values, 2 * apart[0].mask + 7 * apart[1].mask)
    np.testing.assert_allclose(found.geometry.affine, expected_affine(), atol=1e-9)
    with pytest.raises(st.InputError, match="'Tumor_2' shares 1 voxel .*read_masks.*E-LABEL-OVERLAP"):
        st.read_labels(write_segmentation(tmp_path / "b.dcm", TUMOURS))


@pytest.mark.parametrize("fractional, syntax", [(0, DeflatedExplicitVRLittleEndian), (200, RLELossless)])
def test_packed_files_say_the_same(fractional, syntax, tmp_path):
    dataset = segmentation(ALL, fractional=fractional)
    if syntax == RLELossless:
        dataset.SOPInstanceUID = "1.2.3.5"
        dataset.compress(RLELossless)
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = "1.2.3.5"
    else:
        dataset.file_meta.TransferSyntaxUID = syntax
    for segment, mask in zip(ALL, st.read_masks(save(dataset, tmp_path / "a.dcm")).values()):
        np.testing.assert_array_equal(on_lattice(mask, WHOLE, "image").foreground, segment.mask)


@pytest.mark.parametrize("slices, distances", [((0, 2, 5), 1), ((0, 3, 5, 6), 1), ((0, 2, 4), 2)])
def test_distance_of_slices_is_that_of_positions_and_what_lies_between_is_background(slices, distances, tmp_path):
    """Also where no two frames are neighbours; the thickness of 1.25 mm is no distance."""
    mask = blob((0, 0, 0), (7, 2, 2), slices=7)
    mask[[k for k in range(7) if k not in slices]] = False
    found = st.read_labels(write_segmentation(tmp_path / "a.dcm", [Written(1, "a", mask)]))
    assert found.geometry.spacing[2] == pytest.approx(distances * STEP)
    there = np.flatnonzero(found.foreground.any(axis=(1, 2)))
    np.testing.assert_array_equal(there * distances, slices)


def test_distance_said_by_the_header_serves_where_frames_bear_it_out(tmp_path):
    mask = blob((0, 0, 0), (6, 2, 2))
    mask[1::2] = False
    for said, expected in ((STEP, STEP), (1.25, 2 * STEP)):
        dataset = segmentation([Written(1, "a", mask)])
        dataset.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].SpacingBetweenSlices = said
        found = st.read_labels(save(dataset, tmp_path / f"{said}.dcm"))
        assert found.geometry.spacing[2] == pytest.approx(expected)


def test_fractions_of_half_and_more_belong_to_a_segment_and_that_is_told(tmp_path):
    half, less = (
        write_segmentation(tmp_path / f"{n}.dcm", [LIVER, Written(2, "b", REMNANT.mask)], fractional=n)
        for n in (100, 99)
    )
    masks = st.read_masks(half)
    np.testing.assert_array_equal(masks["Liver"].foreground, LIVER.mask)
    assert [f.code for f in masks["b"].findings] == ["R-SEGMENT-FRACTION"]
    with pytest.raises(st.InputError, match="no voxel is set in any of its segments.*E-SEGMENT"):
        st.read_masks(less)


def test_a_segment_without_a_voxel_is_left_out_and_told(tmp_path):
    dataset = segmentation([LIVER, Written(2, "Tumor_1", np.zeros_like(LIVER.mask))])
    masks = st.read_masks(save(dataset, tmp_path / "a.dcm"))
    assert list(masks) == ["Liver"]
    assert [(f.code, "Tumor_1" in f.message) for f in masks["Liver"].findings] == [("W-SEGMENT-EMPTY", True)]


COSINE, SINE = np.cos(0.4), np.sin(0.4)
PLACES = {
    "straight": np.diag([1.5, 2.0, 4.0, 1.0]),
    "rows and columns turned round": np.diag([-1.5, -2.0, 4.0, 1.0]),
    "left-handed": np.diag([-1.5, -2.0, -4.0, 1.0]),
    "mirrored": np.diag([1.5, -2.0, 4.0, 1.0]),
    "sagittal": np.array([[0, 0, 3.0, 5], [1.5, 0, 0, 6], [0, -2.0, 0, 7], [0, 0, 0, 1]]),
    "oblique": np.array(
        [[1.5 * COSINE, 0, -4 * SINE, 12], [0, 2, 0, -7], [1.5 * SINE, 0, 4 * COSINE, 3], [0, 0, 0, 1]]
    ),
}


@pytest.mark.parametrize("place", PLACES)
def test_what_we_write_comes_back_identical(place, tmp_path):
    rng = np.random.default_rng(0)
    values = rng.integers(0, 4, (4, 5, 7)).astype(np.uint8)
    values[0] = 0
    code = st.Code("10200004", "SCT", "Liver")
    tissue = st.Code("85756007", "SCT", "Tissue")
    labels = {
        1: st.Label("first", (1.0, 0.0, 0.0), tissue, code),
        2: st.Label("zweite Läsion", (0.2, 0.4, 0.6), tissue, tissue),
        3: st.Label("third", None, tissue, code),
    }
    written = st.LabelMap(values, st.Geometry(values.shape, PLACES[place]), labels, "drawn")
    read = st.read_labels(_export(written, tmp_path))
    np.testing.assert_array_equal(on_lattice(read, written.geometry, "image").values, values)
    assert read.labels == labels
    for number, (name, own) in enumerate(st.read_masks(_export(written, tmp_path / "again")).items(), start=1):
        assert name == labels[number].name
        np.testing.assert_array_equal(on_lattice(own, written.geometry, "image").foreground, values == number)


def test_highdicom_reads_the_same_of_what_we_write(tmp_path):
    values = np.random.default_rng(1).integers(0, 3, (3, 5, 7)).astype(np.uint8)
    path = _export(st.LabelMap(values, st.Geometry(values.shape, PLACES["oblique"])), tmp_path)
    volume = highdicom.seg.segread(path).get_volume(combine_segments=True)
    found = st.read_labels(path)
    # Its axes are those of arrays, and its places left and behind.
    affine = np.diag([-1.0, -1, 1, 1]) @ volume.affine @ np.eye(4)[[2, 1, 0, 3]]
    theirs = st.LabelMap(volume.array, st.Geometry(volume.array.shape, affine))
    np.testing.assert_array_equal(on_lattice(theirs, found.geometry, "ours").values, found.values)


def test_the_only_segmentation_of_a_folder_is_meant(tmp_path):
    write_segmentation(tmp_path / "seg" / "1-1.dcm", ALL)
    assert len(st.read_masks(tmp_path / "seg")) == 4
    write_segmentation(tmp_path / "seg" / "1-2.dcm", ALL)
    with pytest.raises(st.InputError, match="holds 2 segmentations, one was expected"):
        st.read_masks(tmp_path / "seg")


def test_a_mask_of_the_command_line_may_be_a_segmentation(tmp_path, capsys):
    values = np.random.default_rng(2).normal(100, 1, (8, *WHOLE.shape)).astype(np.float32)
    values[4:] += 100
    st.write_series(tmp_path / "s.nii.gz", st.Series(values, np.arange(8.0) * 5, WHOLE, unit="a.u."))
    path = write_segmentation(tmp_path / "a.dcm", [REMNANT], flipped=True)
    command = ["run", "kinetics.enhancement", "--series", str(tmp_path / "s.nii.gz"), "--mask", str(path)]
    assert main([*command, "--out", str(tmp_path / "out")]) == 0, capsys.readouterr().err
    inside = np.isfinite(st.read_map(tmp_path / "out" / "maximum_enhancement.nii.gz").values)
    np.testing.assert_array_equal(inside, REMNANT.mask)


def test_segments_of_visits_are_masks_of_their_own_where_they_overlap(tmp_path):
    image = st.write_map(tmp_path / "ct.nii.gz", st.Map(np.zeros(WHOLE.shape, np.float32), WHOLE, "HU"))
    overlapping = write_segmentation(tmp_path / "a.dcm", ALL, flipped=True)
    (visit,) = st.read_follow_up([image], days=[0], masks=[overlapping]).visits
    assert list(visit.masks) == [segment.name for segment in ALL]
    for segment in ALL:
        np.testing.assert_array_equal(visit.masks[segment.name].foreground, segment.mask)
    (visit,) = st.read_follow_up([image], days=[0], masks=[write_segmentation(tmp_path / "b.dcm", [LIVER])]).visits
    assert list(visit.masks) == ["mask"]


def test_a_cohort_calls_segments_by_their_names_and_knows_them_beforehand(tmp_path):
    st.write_map(tmp_path / "ct.nii.gz", st.Map(np.zeros(WHOLE.shape, np.float32), WHOLE, "HU"))
    write_segmentation(tmp_path / "seg" / "1-1.dcm", ALL)
    (tmp_path / "participants.csv").write_text("participant_id\na\n")
    (tmp_path / "timepoints.csv").write_text("participant_id,days,image:ct [HU],mask\na,0,ct.nii.gz,seg\n")
    cohort = st.read_cohort(tmp_path)
    assert cohort.masks == tuple(segment.name for segment in ALL)
    (visit,) = cohort.case(0).visits
    assert {name: mask.foreground.sum() for name, mask in visit.masks.items()} == {s.name: s.mask.sum() for s in ALL}
    (visit,) = st.read_participant(tmp_path, "a").visits
    np.testing.assert_array_equal(visit.masks["Tumor_2"].foreground, TUMOURS[1].mask)


def _changed(edit, segments=ALL, **changes):
    def write(path):
        dataset = segmentation(segments, **changes)
        edit(dataset)
        return save(dataset, path)

    return write


def _move(dataset):
    place = dataset.PerFrameFunctionalGroupsSequence[3].PlanePositionSequence[0]
    place.ImagePositionPatient = [float(x) + d for x, d in zip(place.ImagePositionPatient, (3.0, 0, 0))]


def _lift(dataset):
    place = dataset.PerFrameFunctionalGroupsSequence[3].PlanePositionSequence[0]
    place.ImagePositionPatient = [float(x) + d for x, d in zip(place.ImagePositionPatient, (0, 0, 0.31))]


def _turn(dataset):
    own = type(dataset)()
    own.ImageOrientationPatient = [float(x) for x in STRAIGHT[::-1].ravel()]
    dataset.PerFrameFunctionalGroupsSequence[0].PlaneOrientationSequence = [own]


def _double(dataset):
    groups = dataset.PerFrameFunctionalGroupsSequence
    groups[1].PlanePositionSequence = groups[0].PlanePositionSequence


def _number(dataset):
    dataset.PerFrameFunctionalGroupsSequence[0].SegmentIdentificationSequence[0].ReferencedSegmentNumber = 9


REFUSED = {
    "an image": (lambda p: save(header(Modality="CT"), p, voxels(1, 1)), "is an image.*labels are read from DICOM seg"),
    "contours": (lambda p: save(header(Modality="RTSTRUCT"), p, voxels(1, 1)), "is a set of contours"),
    "a label map segmentation": (
        _changed(lambda d: setattr(d, "SOPClassUID", "1.2.840.10008.5.1.4.1.1.66.7")),
        "is a label map segmentation.*E-SEGMENT-KIND",
    ),
    "another type": (_changed(lambda d: setattr(d, "SegmentationType", "LABELMAP")), "stored as LABELMAP, BINARY or"),
    "nothing drawn": (_changed(lambda d: setattr(d, "PixelData", bytes(len(d.PixelData)))), "no voxel is set"),
    "no segments": (_changed(lambda d: delattr(d, "SegmentSequence")), "describes no segment"),
    "a number twice": (_changed(lambda d: setattr(d.SegmentSequence[1], "SegmentNumber", 1)), "number 1 stands twice"),
    "a segment that is not described": (_changed(_number), "segment 9, which is not described"),
    "two frames at one place": (_changed(_double), "two frames at one place"),
    "pixels cut off": (_changed(lambda d: setattr(d, "PixelData", d.PixelData[:20])), "E-FILE-CORRUPT"),
    "no groups": (_changed(lambda d: delattr(d, "PerFrameFunctionalGroupsSequence")), "lacks a group for each"),
    "no places": (
        _changed(lambda d: delattr(d.PerFrameFunctionalGroupsSequence[2], "PlanePositionSequence")),
        "lacks PlanePositionSequence",
    ),
    "frames turned": (_changed(_turn), "frames differ in direction"),
    "a frame beside the others": (_changed(_move), "lies 3 mm beside the others"),
    "uneven slices": (_changed(_lift), "no even slices"),
    "fractions of nothing": (
        _changed(lambda d: setattr(d, "MaximumFractionalValue", 0), fractional=100),
        "MaximumFractionalValue is 0",
    ),
    "bits that are bytes": (_changed(lambda d: setattr(d, "BitsAllocated", 8)), "E-FILE-CORRUPT"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_no_whole_segmentation_is_refused_in_words(what, tmp_path):
    write, words = REFUSED[what]
    with pytest.raises(st.InputError, match=f"a.dcm: .*{words}"):
        st.read_masks(write(tmp_path / "a.dcm"))


def test_a_folder_of_images_is_no_mask(tmp_path):
    with pytest.raises(st.InputError, match="labels are read from DICOM segmentations"):
        st.read_labels(write_classic(tmp_path / "ct", times=(0.0,)))


def _export(labels, folder):
    """The file of a label map in a folder of DICOM objects."""
    provenance = Provenance("test", "Test", "", {}, {}, {}, "cpu", 0.0, "", 0)
    result = Result({"drawn": labels}, {"drawn": Display()}, {"drawn": ""}, provenance)
    (path,) = write_dicom_result(result, folder)
    return path
