"""Labels over time in files: what is written is read again, and what is no series of labels is refused."""

import json

import numpy as np
import pytest
import SimpleITK as sitk

import SpatioTemporalLib as st
from SpatioTemporalLib import cli

GEOMETRY = st.Geometry.from_spacing((5, 8, 9), (1.0, 1.5, 4.0), (3.0, -2.0, 7.0))
NAMES = {
    1: st.Label("cavity", (0.8, 0.2, 0.1), st.Code("123037004", "SCT", "Anatomical Structure")),
    2: st.Label("wall"),
}


def labels(frames=4):
    values = np.zeros((frames, *GEOMETRY.shape), np.uint8)
    for n in range(frames):
        values[n, 1:4, 2 : 5 + n % 2, 2:6] = 2
        values[n, 2, 3, 3 : 4 + n % 2] = 1
    return st.LabelSeries(
        values, np.array([0.0, 0.1, 0.25, 0.3])[:frames], GEOMETRY, NAMES, "heart", "DICOM TriggerTime"
    )


@pytest.mark.parametrize("name", ["labels.nii.gz", "labels.seq.nrrd", "labels.nrrd"])
def test_what_was_written_is_read_again(tmp_path, name):
    st.write_label_series(tmp_path / name, labels())
    back = st.read_label_series(tmp_path / name)
    assert np.array_equal(back.values, labels().values) and back.times.tolist() == labels().times.tolist()
    assert back.labels == NAMES and back.geometry.matches(GEOMETRY)
    assert back.time_source == "DICOM TriggerTime"
    assert "4 frames" in str(back) and "1 cavity" in str(back)


def test_a_sequence_says_to_slicer_that_its_frames_are_label_volumes(tmp_path):
    st.write_label_series(tmp_path / "l.seq.nrrd", labels())
    header = (tmp_path / "l.seq.nrrd").read_bytes().split(b"\n\n")[0].decode()
    assert "DataNodeClassName:=vtkMRMLLabelMapVolumeNode" in header and "axis 3 index values" in header


def test_files_without_names_or_times_get_them_from_what_is_given(tmp_path):
    image = sitk.JoinSeries([sitk.GetImageFromArray(frame.astype(np.float32)) for frame in labels().values])
    sitk.WriteImage(image, str(tmp_path / "plain.nii.gz"))
    back = st.read_label_series(tmp_path / "plain.nii.gz", frame_interval=0.05)
    assert back.values.dtype.kind == "i" and back.times == pytest.approx([0.0, 0.05, 0.1, 0.15])
    assert [label.name for label in back.labels.values()] == ["plain 1", "plain 2"]
    files = []
    for n in range(4):
        files.append(tmp_path / f"frame_{n}.nii.gz")
        st.write_labels(files[-1], labels().frame(n))
    with pytest.raises(st.InputError, match="E-TIME-MISSING"):
        st.read_label_series(files)
    several = st.read_label_series(files, frame_interval=0.05)
    assert np.array_equal(several.values, labels().values) and several.labels.keys() == {1, 2}


def test_what_is_no_series_of_labels_is_refused_in_words(tmp_path):
    series = st.Series(
        np.random.default_rng(0).normal(0, 3, (3, 4, 4, 4)), [0.0, 1.0, 2.0], st.Geometry.from_spacing((4,) * 3)
    )
    st.write_series(tmp_path / "mr.seq.nrrd", series)
    with pytest.raises(st.InputError, match=r"values of frame 0 go from -\d"):
        st.read_label_series(tmp_path / "mr.seq.nrrd")
    fractions = st.Series(series.values * 0 + 0.5, series.times, series.geometry)
    st.write_series(tmp_path / "p.seq.nrrd", fractions)
    with pytest.raises(st.InputError, match="not whole numbers"):
        st.read_label_series(tmp_path / "p.seq.nrrd")
    st.write_labels(tmp_path / "one.seg.nrrd", labels().frame(0))
    with pytest.raises(st.InputError, match="E-ONE-FRAME|E-LABEL-LAYERS"):
        st.read_label_series(tmp_path / "one.seg.nrrd")
    with pytest.raises(st.InputError, match="four axes"):
        st.LabelSeries(labels().values[0], [0.0], GEOMETRY)
    with pytest.raises(st.InputError, match="E-TIME-COUNT"):
        st.LabelSeries(labels().values, [0.0, 1.0], GEOMETRY)


def test_damaged_names_are_told(tmp_path):
    st.write_label_series(tmp_path / "l.nii.gz", labels())
    sidecar = tmp_path / "l.json"
    entries = json.loads(sidecar.read_text())
    entries["SpatioTemporal"]["Labels"]["1"] = {"title": "cavity"}
    sidecar.write_text(json.dumps(entries))
    with pytest.raises(st.InputError, match="E-SIDECAR"):
        st.read_label_series(tmp_path / "l.nii.gz")
    text = (tmp_path / "l.seq.nrrd", labels())
    st.write_label_series(*text)
    content = text[0].read_bytes().replace(b'{"1": {"name"', b'{"1": {"nome"')
    text[0].write_bytes(content)
    with pytest.raises(st.InputError, match="E-SIDECAR"):
        st.read_label_series(text[0])


def test_the_command_line_takes_them_and_results_of_them_are_read_again(tmp_path, capsys):
    st.write_label_series(tmp_path / "heart.nii.gz", labels())
    command = ["run", "motion.volume_curve", "--labels", str(tmp_path / "heart.nii.gz"), "--segments", "wall"]
    assert cli.main([*command, "--cycle", "no", "--out", str(tmp_path / "out")]) == 0, capsys.readouterr().err
    measures = st.read_table(tmp_path / "out" / "measures.csv").columns
    assert set(measures["segment"]) == {"wall"} and "stroke volume" in measures["measure"]
