"""Names planted in every text field of DICOM images appear in nothing that is written or said."""

import gzip
import logging
import zipfile
from pathlib import Path

import numpy as np
import pytest
from library.io.dicom.dicom_phantom import write_classic
from library.kinds import every_kind
from library.other_packages import known
from pydicom.datadict import tag_for_keyword

import SpatioTemporalLib as st
from SpatioTemporalLib import cli

CANARY = "ZZPHI"
TEXT_FIELDS = (
    "PatientName", "PatientID", "OtherPatientIDs", "PatientAddress", "AccessionNumber", "InstitutionName",
    "ReferringPhysicianName", "OperatorsName", "StationName", "StudyDescription", "SeriesDescription", "ProtocolName",
    "StudyID", "ImageComments", "PatientComments",
)  # fmt: skip
DATES = {"first": "20210307", "second": "20210919"}
TIMES = tuple(5.0 * n for n in range(12))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A dynamic series with a rise, names in every text field, and a name in each file's own name too."""

    def plant(dataset, t, k):
        for field in TEXT_FIELDS:
            assert tag_for_keyword(field), field
            setattr(dataset, field, f"{CANARY}_{field[:8]}")
        rise = 400 * max(0, min(t - 4, 3))
        dataset.PixelData = (
            np.full((4, 5), 500, np.uint16) + np.uint16(rise) + np.arange(20, dtype=np.uint16).reshape(4, 5)
        ).tobytes()

    return write_classic(tmp_path_factory.mktemp("dicom"), plant, times=TIMES)


def contents(path: Path):
    """The bytes of a file, and of what is packed in it."""
    raw = path.read_bytes()
    yield raw
    if raw[:2] == b"\x1f\x8b":
        yield gzip.decompress(raw)
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                yield name.encode()
                yield archive.read(name)


def test_visits_tell_neither_names_nor_dates(tmp_path, capsys, caplog):
    caplog.set_level(logging.DEBUG)

    def plant(day):
        def edit(dataset, t, k):
            dataset.AcquisitionDate = dataset.StudyDate = day
            for field in TEXT_FIELDS:
                setattr(dataset, field, f"{CANARY}_{field[:8]}")

        return edit

    folders = [write_classic(tmp_path / n, plant(day), times=(0.0,)) for n, day in DATES.items()]
    out = tmp_path / "out"
    with known(every_kind.every_kind.declaration) as id:
        command = ["run", id, "--visits", *map(str, folders), "--visits-unit", "HU", "--out", str(out), "--dicom"]
        assert cli.main([*command, "--scene", str(out / "scene.mrb")]) == 0, capsys.readouterr().err
        assert cli.main(["run", id, "--visits", *map(str, folders[::-1]), "--out", str(tmp_path / "wrong")]) != 0
    printed = capsys.readouterr()
    told = [printed.out.encode(), printed.err.encode(), caplog.text.encode()]
    told += [content for path in out.rglob("*") if path.is_file() for content in contents(path)]
    for secret in (CANARY, *DATES.values(), "2021-03-07", "2021-09-19"):
        assert not [content for content in told if secret.encode() in content], secret
    assert st.read_table(out / "visits_table.csv").columns["day"] == [0, 196]


def test_no_output_and_no_log_names_the_patient(folder, tmp_path, capsys, caplog):
    caplog.set_level(logging.DEBUG)
    out = tmp_path / "out"
    command = [
        "run", "kinetics.tofts", "--series", str(folder), "--flip-angle", "15", "--out", str(out),
        "--scene", str(out / "scene.mrb"), "--dicom",
    ]  # fmt: skip
    assert cli.main(command) == 0, capsys.readouterr().err
    assert cli.main(["convert", str(folder), str(out / "series.seq.nrrd")]) == 0
    assert cli.main(["convert", str(folder), str(out / "series.nii.gz")]) == 0
    printed = capsys.readouterr()
    assert CANARY not in printed.out + printed.err + caplog.text
    written = [path for path in out.rglob("*") if path.is_file()]
    assert {path.suffix for path in written} >= {".gz", ".json", ".csv", ".png", ".mrb", ".dcm", ".nrrd"}
    for path in written:
        for content in contents(path):
            assert CANARY.encode() not in content, path.name
            assert CANARY.encode("utf-16-le") not in content, path.name
            assert b"19610203" not in content, path.name


def test_messages_about_bad_files_do_not_name_the_patient(folder, tmp_path):
    for file in sorted(folder.iterdir())[1:]:
        (tmp_path / file.name).write_bytes(file.read_bytes())
    with pytest.raises(st.InputError) as caught:
        st.read_series(tmp_path)
    assert CANARY not in str(caught.value)
