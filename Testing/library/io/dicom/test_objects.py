"""Results as DICOM: values, place, codes and units come back; identities only when asked."""

import highdicom
import numpy as np
import pydicom
import pytest
from library.io.dicom.dicom_phantom import write_classic
from library.small.inputs import small_phantom
from pydicom.data import get_testdata_file

import SpatioTemporalLib as st
from SpatioTemporalLib.data.grids.lattice import on_lattice
from SpatioTemporalLib.data.result import Display, Result
from SpatioTemporalLib.io.dicom.objects import write_dicom_result

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


@pytest.mark.parametrize("name", ["ktrans", "ve", "rmse"])
def test_a_map_written_here_is_read_again_with_place_and_unit(result, written, name):
    read, map = st.read_map(written[name]), result[name]
    assert read.unit == map.unit
    on_grid = on_lattice(read, map.geometry, "series")
    assert on_grid.geometry == map.geometry
    np.testing.assert_array_equal(on_grid.values, map.values)


def test_a_map_that_was_read_serves_as_an_input(result, written, tmp_path):
    phantom = small_phantom()
    t1 = st.Map(np.full(phantom.series.geometry.shape, 1.4, np.float32), phantom.series.geometry, "s", "t1")
    measured = st.run("kinetics.concentration", series=phantom.series, t1_map=t1)
    again = st.run("kinetics.concentration", series=phantom.series, t1_map=st.read_map(_as_dicom(t1, tmp_path)))
    np.testing.assert_array_equal(again.concentration.values, measured.concentration.values)


def _as_dicom(map, folder):
    """A parametric map of one quantity, written as a result's map is."""
    provenance = st.run("kinetics.concentration", series=small_phantom().series).provenance
    outputs = {"t1": map}
    one = Result(outputs, {"t1": Display((0, 3), symbol="T1")}, {"t1": "T1 before contrast."}, provenance)
    return write_dicom_result(one, folder)[0]


@pytest.mark.parametrize(("keyword", "kind"), [("FloatPixelData", "<f4"), ("DoubleFloatPixelData", "<f8")])
def test_either_precision_is_read_and_a_unit_asked_for_where_none_is_said(keyword, kind, written, tmp_path):
    dataset = pydicom.dcmread(written["ktrans"])
    values = np.random.default_rng(0).random((dataset.NumberOfFrames, dataset.Rows, dataset.Columns)).astype(kind)
    del dataset.FloatPixelData
    del dataset.SharedFunctionalGroupsSequence[0].RealWorldValueMappingSequence
    dataset.BitsAllocated = 8 * values.itemsize
    setattr(dataset, keyword, values.tobytes())
    dataset.save_as(tmp_path / "a.dcm", enforce_file_format=True)
    with pytest.raises(st.InputError, match="does not say in what unit"):
        st.read_map(tmp_path / "a.dcm")
    np.testing.assert_array_equal(
        np.sort(st.read_map(tmp_path / "a.dcm", unit="s").values, None), np.sort(values, None)
    )


def test_whole_numbers_become_the_quantity_by_slope_and_intercept(written, tmp_path):
    dataset = pydicom.dcmread(written["ktrans"])
    stored = np.arange(dataset.NumberOfFrames * dataset.Rows * dataset.Columns, dtype="<u2")
    del dataset.FloatPixelData
    dataset.BitsAllocated = dataset.BitsStored = 16
    dataset.HighBit, dataset.PixelRepresentation = 15, 0
    dataset.PixelData = stored.tobytes()
    dataset["PixelData"].VR = "OW"
    mapping = dataset.SharedFunctionalGroupsSequence[0].RealWorldValueMappingSequence[0]
    mapping.RealWorldValueSlope, mapping.RealWorldValueIntercept = 0.5, 3.0
    dataset.save_as(tmp_path / "a.dcm", enforce_file_format=True)
    read = st.read_map(tmp_path / "a.dcm")
    np.testing.assert_array_equal(np.sort(read.values, None), 0.5 * stored + 3)
    assert read.unit == "1/min"


def test_each_object_has_a_description(written):
    headers = {name: pydicom.dcmread(path, stop_before_pixels=True) for name, path in written.items()}
    described = {name: header.SeriesDescription for name, header in headers.items()}
    assert "Ktrans [1/min]" in described["ktrans"] and "fit_status" in described["fit_status"]
    assert len(set(described.values())) == len(described)
    assert max(map(len, described.values())) <= 64


def test_no_word_of_the_patient_is_said(result, tmp_path, recwarn):
    write_dicom_result(result, tmp_path / "out", reference=write_classic(tmp_path / "source"))
    assert not [warning for warning in recwarn if "ZZPHI" in str(warning.message)]


@pytest.mark.parametrize("as_folder", [True, False])
def test_objects_refer_to_the_images_of_their_source(as_folder, result, tmp_path):
    source = write_classic(tmp_path / "source")
    reference = source if as_folder else sorted(source.iterdir())[3]
    instances = {pydicom.dcmread(path).SOPInstanceUID for path in source.iterdir()}
    for path in write_dicom_result(result, tmp_path / "out", reference=reference):
        dataset = pydicom.dcmread(path, stop_before_pixels=True)
        (series,) = dataset.ReferencedSeriesSequence
        assert series.SeriesInstanceUID == "1.2.3.1.7"
        assert {item.ReferencedSOPInstanceUID for item in series.ReferencedInstanceSequence} == instances
        assert (dataset.StudyInstanceUID, dataset.PatientID) == ("1.2.3.1", "ZZPHI_ID")
        (derived,) = dataset.SharedFunctionalGroupsSequence[0].DerivationImageSequence
        assert len(derived.SourceImageSequence) == len(instances)
