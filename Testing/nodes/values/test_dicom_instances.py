"""Times are read again from the DICOM files when the nodes hold only frame numbers."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest
import slicer
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage, generate_uid
from SpatioTemporalNodes.series.series_nodes import series_from_node
from SpatioTemporalNodes.values.voxels import set_node_geometry, set_node_values

import SpatioTemporalLib as st

FRAMES, SLICES = 3, 2


def write_series(folder, tags):
    """Files of a small series by UID; ``tags(frame, slice)`` gives the tags of one image."""
    common = {name: generate_uid() for name in ("StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID")}
    files = {}
    for frame in range(FRAMES):
        for position in range(SLICES):
            image = pydicom.Dataset()
            image.SOPClassUID, image.SOPInstanceUID = MRImageStorage, generate_uid()
            image.Modality, image.ImageType, image.SeriesNumber = "MR", ["ORIGINAL", "PRIMARY"], 7
            image.Rows, image.Columns, image.SamplesPerPixel = 4, 5, 1
            image.PhotometricInterpretation, image.PixelRepresentation = "MONOCHROME2", 0
            image.BitsAllocated, image.BitsStored, image.HighBit = 16, 16, 15
            image.ImagePositionPatient, image.PixelSpacing = [0, 0, 3 * position], [1, 1]
            image.ImageOrientationPatient, image.SliceThickness = [1, 0, 0, 0, 1, 0], 3
            image.PixelData = np.full((4, 5), frame, np.uint16).tobytes()
            for keyword, value in {**common, **tags(frame, position)}.items():
                setattr(image, keyword, value)
            image.file_meta = FileMetaDataset()
            image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
            image.file_meta.MediaStorageSOPClassUID = image.SOPClassUID
            image.file_meta.MediaStorageSOPInstanceUID = image.SOPInstanceUID
            path = folder / f"{image.SOPInstanceUID}.dcm"
            image.save_as(path, enforce_file_format=True)
            files[str(image.SOPInstanceUID)] = str(path)
    return files


@pytest.fixture
def loaded(scene, tmp_path):
    """A sequence numbered 0, 1, 2 that knows its instances, and what finds their files."""

    def load(tags, frame_count=FRAMES):
        files = write_series(tmp_path, tags)
        sequence = scene.AddNewNodeByClass("vtkMRMLSequenceNode", "MR series")
        sequence.SetIndexName("")
        sequence.SetIndexUnit("")
        frame = slicer.vtkMRMLScalarVolumeNode()
        set_node_geometry(frame, st.Geometry.from_spacing((SLICES, 4, 5), (1, 1, 3)))
        for index in range(frame_count):
            set_node_values(frame, np.full((SLICES, 4, 5), index, np.uint16))
            sequence.SetDataNodeAtValue(frame, str(index))
        sequence.SetAttribute("DICOM.instanceUIDs", " ".join(files))
        return sequence, files

    return load


def trigger_time(frame, position):
    return {"TriggerTime": 120.0 + 4500.0 * frame}


def pet(frame, position):
    tracer = pydicom.Dataset()
    tracer.RadiopharmaceuticalStartTime, tracer.RadionuclideHalfLife = "095900", "6586.2"
    return {
        **{"Modality": "PT", "DecayCorrection": "ADMIN", "RadiopharmaceuticalInformationSequence": [tracer]},
        **{"AcquisitionDate": "20240301", "AcquisitionTime": ["100000", "100030", "100130"][frame]},
        **{"ActualFrameDuration": ["30000", "60000", "300000"][frame]},
    }


def test_times_of_pet_count_from_the_injection_and_frames_keep_their_durations(loaded):
    sequence, files = loaded(pet)
    series = series_from_node(sequence, instance_file=files.get)
    assert (series.times.tolist(), series.durations.tolist()) == ([60, 90, 150], [30, 60, 300])
    facts = series.acquisition
    assert (facts.half_life, facts.decay_corrected, facts.decay_corrected_to) == (6586.2, True, 0)
    assert "W-TIME-GAP" not in {finding.code for finding in series.findings}


def past_midnight(frame, position):
    clock = ("20261121", "235955.00"), ("20261122", "000000.50"), ("20261122", "000006.00")
    return {"AcquisitionDate": clock[frame][0], "AcquisitionTime": clock[frame][1]}


def slice_by_slice(frame, position):
    return {"AcquisitionTime": f"1015{10 * frame + 2 * position:02d}.000"}


def temporal_position(frame, position):
    return {"TemporalPositionIdentifier": frame + 1, "TemporalResolution": 2500.0}


@pytest.mark.parametrize(
    ("tags", "seconds", "tag"),
    [
        (trigger_time, [0.12, 4.62, 9.12], "TriggerTime"),
        (past_midnight, [0, 5.5, 11], "AcquisitionTime"),
        (slice_by_slice, [0, 10, 20], "AcquisitionTime"),
        (temporal_position, [0, 2.5, 5], "TemporalPositionIdentifier × TemporalResolution"),
    ],
)
def test_times_of_the_files_replace_frame_numbers(loaded, tags, seconds, tag):
    sequence, files = loaded(tags)
    found = series_from_node(sequence, instance_file=files.__getitem__)
    assert found.times == pytest.approx(seconds, abs=1e-9)
    assert found.time_source == f"DICOM {tag}"
    assert "W-TIME-ORDER" in [f.code for f in found.findings]


def test_database_of_the_application_is_used(loaded, monkeypatch):
    sequence, files = loaded(trigger_time)

    class Database:
        def fileForInstance(self, uid):
            return files.get(uid, "")

    monkeypatch.setattr(slicer, "dicomDatabase", Database(), raising=False)
    assert series_from_node(sequence).times[0] == pytest.approx(0.12)


def test_without_a_database_frame_numbers_are_refused(loaded):
    sequence, _ = loaded(trigger_time)
    with pytest.raises(st.InputError, match="no DICOM database.*E-TIME-FRAMES"):
        series_from_node(sequence)


def test_files_without_times_are_refused(loaded):
    sequence, files = loaded(lambda frame, position: {"AcquisitionTime": "101500"})
    with pytest.raises(st.InputError, match="AcquisitionTime: the same for different frames.*E-TIME-FRAMES"):
        series_from_node(sequence, instance_file=files.__getitem__)


def test_files_that_are_gone_are_refused(loaded):
    sequence, _ = loaded(trigger_time)
    with pytest.raises(st.InputError, match="no longer in the DICOM database.*E-TIME-FRAMES"):
        series_from_node(sequence, instance_file=lambda uid: "")


def test_files_of_another_number_of_frames_are_refused(loaded):
    sequence, files = loaded(trigger_time, frame_count=4)
    with pytest.raises(st.InputError, match="they hold 3 frames, the node 4.*E-TIME-FRAMES"):
        series_from_node(sequence, instance_file=files.__getitem__)
