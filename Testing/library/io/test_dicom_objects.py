"""Results as DICOM: values, place, codes and units come back; identities only when asked."""

import highdicom
import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file
from small_inputs import small_phantom

import SpatioTemporalLib as st
from SpatioTemporalLib.io.dicom_objects import write_dicom_result

COSINE, SINE = np.cos(0.3), np.sin(0.3)
OBLIQUE = np.array(
    [[1.5 * COSINE, 0, -4 * SINE, 12.0], [0, 2.0, 0, -7.0], [1.5 * SINE, 0, 4 * COSINE, 3.0], [0, 0, 0, 1]]
)


@pytest.fixture(scope="module")
def result():
    """A run on three oblique slices."""
    phantom = small_phantom()
    values = np.repeat(phantom.series.values, 3, axis=1)
    geometry = st.Geometry(values.shape[1:], OBLIQUE)
    series = st.Series(values, phantom.series.times, geometry, acquisition=phantom.series.acquisition)
    mask = np.repeat(phantom.tissue.values, 3, axis=0).astype(np.uint8)
    mask[1, :3] *= 2
    labels = {1: st.Label("tissue", (1, 0, 0)), 2: st.Label("other")}
    return st.run("kinetics.tofts", series=series, mask=st.LabelMap(mask, geometry, labels))


@pytest.fixture(scope="module")
def written(result, tmp_path_factory):
    folder = tmp_path_factory.mktemp("dicom")
    return {path.stem: path for path in write_dicom_result(result, folder)}


def volume_ras(dataset):
    """Values (K, J, I) and the IJK to RAS affine that the positions in the file say."""
    positions = np.array(
        [f.PlanePositionSequence[0].ImagePositionPatient for f in dataset.PerFrameFunctionalGroupsSequence], float
    )
    shared = dataset.SharedFunctionalGroupsSequence[0]
    row, column = np.array(shared.PlaneOrientationSequence[0].ImageOrientationPatient, float).reshape(2, 3)
    spacing = np.array(shared.PixelMeasuresSequence[0].PixelSpacing, float)
    affine = np.eye(4)
    affine[:3, 0], affine[:3, 1] = row * spacing[1], column * spacing[0]
    affine[:3, 2], affine[:3, 3] = positions[1] - positions[0], positions[0]
    return np.diag([-1, -1, 1, 1]) @ affine


def test_every_map_and_label_map_is_written(result, written):
    assert set(written) == set(result.of_kind(st.Map)) | set(result.of_kind(st.LabelMap))


def test_values_and_place_of_a_map_come_back(result, written):
    dataset = pydicom.dcmread(written["ktrans"])
    assert dataset.SOPClassUID == "1.2.840.10008.5.1.4.1.1.30"
    values = np.frombuffer(dataset.FloatPixelData, np.float32).reshape(3, dataset.Rows, dataset.Columns)
    affine = volume_ras(dataset)
    # Slices may be stored in either order; both say the same if the affine does.
    if np.allclose(affine[:3, 2], -OBLIQUE[:3, 2], atol=1e-4):
        values, affine = values[::-1], affine @ np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, -1, 2], [0, 0, 0, 1]])
    np.testing.assert_allclose(affine, OBLIQUE, atol=1e-4)
    np.testing.assert_array_equal(values, result.ktrans.values)


def test_quantity_and_unit_are_coded(written):
    mapping = pydicom.dcmread(written["ktrans"]).SharedFunctionalGroupsSequence[0].RealWorldValueMappingSequence[0]
    assert mapping.MeasurementUnitsCodeSequence[0].CodeValue == "/min"
    assert mapping.QuantityDefinitionSequence[0].ConceptCodeSequence[0].CodeValue == "126312"


def test_segments_come_back_with_names(result, written):
    segmentation = highdicom.seg.segread(written["fit_status"])
    names = {segmentation.get_segment_description(n).segment_label for n in segmentation.segment_numbers}
    present = {result.fit_status.labels[int(v)].name for v in np.unique(result.fit_status.values) if v}
    assert present <= names
    first = int(np.unique(result.fit_status.values)[1])
    assert segmentation.pixel_array.sum() >= np.count_nonzero(result.fit_status.values == first)


def test_no_identity_is_written_unless_a_reference_is_given(result, written, tmp_path):
    for path in written.values():
        dataset = pydicom.dcmread(path)
        assert not str(dataset.PatientName) and not dataset.PatientID and not dataset.StudyDate
    reference = get_testdata_file("CT_small.dcm")
    source = pydicom.dcmread(reference)
    named = pydicom.dcmread(write_dicom_result(result, tmp_path, reference=reference)[0])
    assert (named.PatientID, named.StudyInstanceUID) == (source.PatientID, source.StudyInstanceUID)
    assert named.FrameOfReferenceUID == source.FrameOfReferenceUID


def test_nothing_refers_to_images_that_do_not_exist(written):
    for path in written.values():
        text = str(pydicom.dcmread(path))
        assert "Source Image Sequence" not in text and "Referenced Series Sequence" not in text


def test_each_object_is_a_series_of_its_own(written):
    datasets = [pydicom.dcmread(path, stop_before_pixels=True) for path in written.values()]
    assert len({d.SeriesInstanceUID for d in datasets}) == len(datasets)
    assert len({d.StudyInstanceUID for d in datasets}) == 1
