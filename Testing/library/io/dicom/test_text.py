"""Text of DICOM files comes from any device and any hand: none of it obeys a terminal, names a file or runs on."""

from __future__ import annotations

import warnings

import pytest
from library.io.dicom.dicom_phantom import write_classic

import SpatioTemporalLib as st

EVIL = "\x1b]0;owned\x07\x1b[2J../../x"
TEXTS = ("SeriesDescription", "StudyDescription", "ProtocolName", "ImageComments", "ContrastBolusAgent", "StationName")


@pytest.fixture(params=[EVIL, "x" * 60_000, "/etc/passwd", "\u202egpj.exe\u0000"])
def series(request, tmp_path):
    def edit(dataset, t, k):
        dataset.SpecificCharacterSet = "ISO_IR 192"
        for keyword in (*TEXTS, "PatientName", "RescaleType"):
            setattr(dataset, keyword, request.param)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        folder = write_classic(tmp_path / "dicom", edit)
    return st.read_series(folder)


def seen(text: str) -> bool:
    return text.replace("\n", "").isprintable() and len(text) < 5000


def test_what_is_printed_of_it_is_seen(series):
    result = st.run("kinetics.enhancement", series=series, baseline_frames=2)
    for value in (series, result, *series.findings, *result.findings, *result.values()):
        assert seen(str(value)), ascii(str(value))[:300]
    with pytest.raises(st.InputError) as caught:
        st.run("kinetics.enhancement", series=series, baseline_frames=2, mask=series)
    assert seen(str(caught.value))


def test_files_of_a_result_lie_in_its_folder(series, tmp_path):
    from SpatioTemporalLib.io.output.results import write_result

    result = st.run("kinetics.enhancement", series=series, baseline_frames=2)
    for path in write_result(result, tmp_path / "out"):
        assert path.parent == tmp_path / "out" and path.is_file() and len(path.name) < 100
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["dicom", "out"]


def test_the_name_of_a_patient_is_nowhere(series):
    assert "owned" not in series.name and len(series.name) < 80
