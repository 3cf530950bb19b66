"""Pipes, devices, links to nowhere, folders and impossible names are refused by every reader, with words."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from library.io.bad_inputs.files import frames, nifti, nrrd, sidecar

from SpatioTemporalLib import (
    InputError,
    read_cohort,
    read_curve,
    read_follow_up,
    read_labels,
    read_map,
    read_series,
    read_stack,
    read_table,
)

READERS = {
    "series": read_series,
    "frames": lambda path: read_series([path, path], times=[0, 1]),
    "map": lambda path: read_map(path, "1"),
    "labels": read_labels,
    "stack": lambda path: read_stack(path, settings=[1.0]),
    "stack of files": lambda path: read_stack([path, path], settings=[1.0, 2.0]),
    "curve": read_curve,
    "table": read_table,
    "visits": lambda path: read_follow_up([path], unit="1"),
    "cohort": read_cohort,
}
ENDINGS = (".nii", ".nii.gz", ".nrrd", ".mha", ".dcm", ".csv", "")


def pipe(path: Path) -> Path:
    os.mkfifo(path)
    return path


def link(path: Path, target: str) -> Path:
    path.symlink_to(target)
    return path


def empty(path: Path) -> Path:
    path.write_bytes(b"")
    return path


def folder(path: Path) -> Path:
    path.mkdir()
    return path


MAKERS = {
    "pipe": pipe,
    "device without end": lambda path: link(path, "/dev/zero"),
    "device without content": lambda path: link(path, "/dev/null"),
    "link to nowhere": lambda path: link(path, "nowhere"),
    "link to itself": lambda path: link(path, path.name),
    "empty file": empty,
    "empty folder": folder,
    "missing": lambda path: path,
    "too long": lambda path: path.with_name("x" * 5000 + path.suffix),
    "a zero in the name": lambda path: path.with_name(f"a\0b{path.suffix}"),
    "half a letter in the name": lambda path: path.with_name(f"a\udcff{path.suffix}"),
    "below a file": lambda path: empty(path) / "a.nii",
}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes with names")
@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("name", MAKERS)
def test_every_reader_refuses(name, reader, tmp_path):
    for ending in ENDINGS:
        path = MAKERS[name](tmp_path / f"a{ending}")
        with pytest.raises(InputError) as refused:
            READERS[reader](path)
        assert refused.value.code and refused.value.fix
        str(refused.value).encode("utf-8")


@pytest.mark.parametrize("reader", READERS)
def test_files_that_may_not_be_opened_are_told_of(reader, tmp_path, monkeypatch):
    import builtins
    import io

    path = nifti(tmp_path / "a.nii")

    def refuse(*arguments, **options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(builtins, "open", refuse)
    monkeypatch.setattr(io, "open", refuse)
    with pytest.raises(InputError) as refused:
        READERS[reader](path)
    assert refused.value.code in ("E-FILE-ACCESS", "E-FILE-MISSING", "E-FILE-KIND")


@pytest.mark.parametrize("name", ["pipe", "device without end", "link to nowhere", "link to itself", "empty file"])
def test_a_side_car_that_is_no_file_is_refused(name, tmp_path):
    nifti(tmp_path / "a.nii")
    MAKERS[name](tmp_path / "a.json")
    with pytest.raises(InputError) as refused:
        read_series(tmp_path / "a.nii")
    assert refused.value.where == "a.json"


@pytest.mark.parametrize(
    "content",
    [
        "[" * 100_000,
        '{"a":' * 50_000,
        '{"EchoTime": NaN}',
        '{"EchoTime": Infinity}',
        '{"EchoTime": -Infinity}',
        '{"EchoTime": 1e400}',
        '{"EchoTime": ' + "9" * 5000 + "}",
        '{"EchoTime": true}',
        '{"EchoTime": "0.001"}',
        '{"EchoTime": [[0.001]]}',
        '{"EchoTime": {}}',
        '{"EchoTime": 0.001, "EchoTime": 0.002}',
        '{"VolumeTiming": [0, 1, 2, 3, 4, 1e400]}',
        '{"VolumeTiming": [0, 1, 2, 3, 4, 99999999999999999999]}',
        '{"VolumeTiming": {"a": 1}}',
        '{"VolumeTiming": "0 1 2 3 4 5"}',
        '{"VolumeTiming": [[0, 1, 2, 3, 4, 5]]}',
        '{"VolumeTiming": [0, 1, 2, 3, 4, 1e12]}',
        '{"RepetitionTime": 1e308}',
        '{"RepetitionTime": -5}',
        '{"Modality": 5}',
        '{"SpatioTemporal": {"Affine": [[1, 2], [3]]}}',
        "\udc80",
        "null",
        "",
    ],
)
def test_side_cars_that_say_what_cannot_be_are_refused_or_not_believed(content, tmp_path):
    path = sidecar(nifti(tmp_path / "a.nii", pixdim={4: 0}))
    path.with_suffix(".json").write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(InputError):
        read_series(path)


@pytest.mark.parametrize(
    "entries, fact",
    [
        (dict(EchoTime=-0.001), "echo_time"),
        (dict(RepetitionTimeExcitation=-5), "repetition_time"),
        (dict(FlipAngle=400), "flip_angle"),
        (dict(FlipAngle=-20), "flip_angle"),
        (dict(MagneticFieldStrength=20240230), "field_strength"),
        (dict(InversionTime=1e9), "inversion_time"),
        (dict(Modality="x" * 5000), "modality"),
        (dict(SpatioTemporal=dict(DoseMmolPerKg=-1)), "dose"),
    ],
)
@pytest.mark.parametrize("reader", ["series", "map"])
def test_facts_that_cannot_be_are_left_out_and_told(entries, fact, reader, tmp_path):
    image = nifti(tmp_path / "a.nii", frames() if reader == "series" else frames()[0])
    found = READERS[reader](sidecar(image, **entries))
    assert "R-FACT" in [finding.code for finding in found.findings]
    if reader == "series":
        assert getattr(found.acquisition, fact) is None


def test_an_echo_time_in_milliseconds_is_told(tmp_path):
    series = read_series(sidecar(nifti(tmp_path / "a.nii"), EchoTime=1.5))
    assert "W-FACT" in [finding.code for finding in series.findings] and series.acquisition.echo_time == 1.5


def test_names_and_units_without_end_are_cut_and_told(tmp_path):
    keys = "axis 3 index values:=0 2 4 6 8 10\n"
    keys += f"SpatioTemporal.Name:={'x' * 100_000}\nSpatioTemporal.Unit:={'y' * 100_000}\n"
    series = read_series(nrrd(tmp_path / "a.seq.nrrd", keys=keys))
    assert len(series.name) < 300 and series.unit == "a.u."
    assert {"R-NAME", "R-UNIT"} <= {finding.code for finding in series.findings}


@pytest.mark.parametrize(
    "fields, code",
    [
        (dict(srow=[[1e30, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]]), "E-GEO-SPACING"),
        (dict(srow=[[2, 0, 0, 1e30], [0, 2.5, 0, 0], [0, 0, 3, 0]]), "E-GEO-PLACE"),
        (dict(srow=[[1e-30, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]]), "E-GEO-SPACING"),
        (dict(scl_slope=1e38), "E-SLOPE"),
        (dict(vox_offset=351), "E-FILE-CORRUPT"),
        (dict(vox_offset=352.5), "E-FILE-CORRUPT"),
        (dict(vox_offset=1e-30), "E-FILE-CORRUPT"),
        (dict(vox_offset=float("inf")), "E-FILE-CORRUPT"),
        (dict(magic=b"n+9"), "E-FILE-KIND"),
    ],
)
@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_absurd_nifti_headers_are_refused(fields, code, name, tmp_path):
    with pytest.raises(InputError) as refused:
        read_map(nifti(tmp_path / name, frames()[0] + 1000, **fields), "1")
    assert refused.value.code == code


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
@pytest.mark.parametrize(
    "options, code",
    [(dict(tail=b"more"), "W-FILE-LONGER"), (dict(sform_code=77), "W-GEO-SPACE")],
    ids=["more", "space"],
)
def test_odd_nifti_files_are_told(options, code, name, tmp_path):
    found = read_map(nifti(tmp_path / name, frames()[0], **options), "1")
    assert code in [finding.code for finding in found.findings]


def test_compressed_data_are_not_inflated_only_to_be_skipped(tmp_path):
    path = nrrd(tmp_path / "a.nrrd", frames()[0], encoding="gzip", byte_skip=str(2**30))
    path.write_bytes(path.read_bytes() + bytes(2**20))
    with pytest.raises(InputError, match="bytes into the compressed data"):
        read_map(path, "1")


@pytest.mark.parametrize(
    "angles",
    [[2, 5, 10, 15, 20, 400], [2, 5, 10, 15, 20, -5], [2, 5, 10, 15, 20, True], [2, 5, 10, 15, 20, "1_0"], [0] * 6],
)
def test_settings_that_cannot_be_are_refused(angles, tmp_path):
    with pytest.raises(InputError, match="E-STACK"):
        read_stack(sidecar(nifti(tmp_path / "a.nii"), FlipAngle=angles))


def test_given_settings_that_cannot_be_are_refused(tmp_path):
    path = nifti(tmp_path / "a.nii", frames()[0])
    with pytest.raises(InputError, match="a flip angle of 400 deg is impossible"):
        read_stack([path, path], settings=[2.0, 400.0])
