"""Of several acquisitions at the same places the one is read that a segmentation was drawn on."""

import numpy as np
import pydicom
import pytest
from library.io.dicom.dicom_phantom import voxels, write_classic
from library.io.dicom.segmentation_phantom import Written, blob, segmentation
from pydicom.dataset import Dataset

import SpatioTemporalLib as st
from SpatioTemporalLib.io.dicom.headers.references import add_references

SLICES = tuple(3.0 * k for k in range(5))
ACQUISITIONS = (0.0, 30.0)
NUMBERS = {"of the acquisition": ("AcquisitionNumber",), "of the images": ()}


def two_acquisitions(folder, kept=("AcquisitionNumber",), frame="1.2.9", **changes):
    """Two volumes of one series; images are numbered through."""

    def edit(dataset, t, k):
        dataset.InstanceNumber = 1 + 5 * t + k
        if "AcquisitionNumber" in kept:
            dataset.AcquisitionNumber = 4 + t
        dataset.FrameOfReferenceUID = frame
        del dataset.AcquisitionTime
        for keyword, value in changes.items():
            setattr(dataset, keyword, value)

    return write_classic(folder, edit, times=ACQUISITIONS, slices=SLICES)


def drawn_on(path, images, frame="1.2.9"):
    """A segmentation that names some images, as those between which its frames lie."""
    dataset = segmentation([Written(1, "liver", blob((0, 0, 0), (2, 2, 2)))], FrameOfReferenceUID=frame)
    add_references(dataset, images)
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = "1.2.77"
    dataset.save_as(path, enforce_file_format=True)
    return path


def images_of(folder, t, slices=range(5)):
    found = [pydicom.dcmread(path, stop_before_pixels=True) for path in sorted(folder.iterdir())]
    return [header for header in found if header.InstanceNumber in {1 + 5 * t + k for k in slices}]


@pytest.mark.parametrize("numbers", NUMBERS)
@pytest.mark.parametrize("t", [0, 1])
def test_the_acquisition_that_was_drawn_on_is_read_whole(numbers, t, tmp_path):
    folder = two_acquisitions(tmp_path / "ct", NUMBERS[numbers])
    # A segmentation covers fewer slices than the image.
    seg = drawn_on(tmp_path / "seg.dcm", images_of(folder, t, slices=(1, 2, 3)))
    found = st.read_map(folder, "HU", segmentation=seg)
    np.testing.assert_array_equal(found.values, voxels(2, 5)[t])
    told = [str(f) for f in found.findings if f.code == "R-DICOM-ACQUISITION"]
    assert len(told) == 1 and "5 images of that which seg.dcm was drawn on were taken, 5 left out" in told[0]


def test_without_a_segmentation_the_series_is_refused_and_says_what_would_help(tmp_path):
    folder = two_acquisitions(tmp_path / "ct")
    with pytest.raises(st.InputError, match="several images of one place.*segmentation that names the images.*E-DIM"):
        st.read_map(folder, "HU")
    nothing = drawn_on(tmp_path / "seg.dcm", [])
    with pytest.raises(st.InputError, match="several images of one place"):
        st.read_map(folder, "HU", segmentation=nothing)


def test_the_series_that_was_drawn_on_is_read_of_two_in_a_folder(tmp_path):
    def other(dataset, t, k):
        dataset.SeriesInstanceUID, dataset.SeriesNumber = "1.2.3.1.8", 8

    write_classic(tmp_path / "ct" / "a", times=(0.0,))
    write_classic(tmp_path / "ct" / "b", other, times=(0.0,))
    images = [pydicom.dcmread(path) for path in sorted((tmp_path / "ct" / "b").iterdir())]
    found = st.read_map(tmp_path / "ct", "HU", segmentation=drawn_on(tmp_path / "seg.dcm", images[:1]))
    assert found.name == "MR series 8"


def test_a_segmentation_of_another_frame_of_reference_is_refused(tmp_path):
    folder = two_acquisitions(tmp_path / "ct")
    for frame, refused in (("1.2.8", True), ("", False)):
        seg = drawn_on(tmp_path / "seg.dcm", images_of(folder, 0), frame=frame)
        if refused:
            with pytest.raises(st.GeometryError, match="seg.dcm: was drawn in another frame of reference.*E-GEO-REF"):
                st.read_map(folder, "HU", segmentation=seg)
        else:
            assert st.read_map(folder, "HU", segmentation=seg).values.shape == (5, 4, 5)


def test_visits_and_cohorts_read_the_acquisition_that_was_drawn_on(tmp_path):
    folder = two_acquisitions(tmp_path / "ct")
    # The frames of the phantom's segmentation are put where the images are.
    seg = _on_images(tmp_path / "seg.dcm", images_of(folder, 1))
    (visit,) = st.read_follow_up([folder], days=[0], masks=[seg], unit="HU").visits
    np.testing.assert_array_equal(visit.images["image"].values, voxels(2, 5)[1])
    assert visit.mask.foreground.sum() == 3 * 6
    (tmp_path / "participants.csv").write_text("participant_id\na\n")
    (tmp_path / "timepoints.csv").write_text("participant_id,days,image:ct [HU],mask\na,0,ct,seg.dcm\n")
    (visit,) = st.read_participant(tmp_path, "a").visits
    np.testing.assert_array_equal(visit.images["ct"].values, voxels(2, 5)[1])
    np.testing.assert_array_equal(visit.masks["liver"].foreground.sum(axis=(1, 2)), [0, 6, 6, 6, 0])


def _on_images(path, images):
    """A segmentation of two rows by three columns in the inner three of the images."""
    mask = np.zeros((3, 4, 5), bool)
    mask[:, 1:3, 1:4] = True
    dataset = segmentation([Written(1, "liver", mask)], FrameOfReferenceUID="1.2.9", Rows=4, Columns=5)
    shared = dataset.SharedFunctionalGroupsSequence[0]
    ordered = sorted(images, key=lambda header: header.InstanceNumber)[1:4]
    shared.PlaneOrientationSequence[0].ImageOrientationPatient = ordered[0].ImageOrientationPatient
    shared.PixelMeasuresSequence[0].PixelSpacing = ordered[0].PixelSpacing
    for group, header in zip(dataset.PerFrameFunctionalGroupsSequence, ordered):
        group.PlanePositionSequence[0].ImagePositionPatient = header.ImagePositionPatient
        group.DerivationImageSequence = [Dataset()]
        source = Dataset()
        source.ReferencedSOPClassUID, source.ReferencedSOPInstanceUID = header.SOPClassUID, header.SOPInstanceUID
        group.DerivationImageSequence[0].SourceImageSequence = [source]
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = "1.2.78"
    dataset.save_as(path, enforce_file_format=True)
    return path
