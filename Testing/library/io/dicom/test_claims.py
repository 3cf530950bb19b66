"""What DICOM headers claim is compared with the bytes there are, before memory or time is spent on it."""

from __future__ import annotations

import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
from library.io.dicom.dicom_phantom import US_CINE, header, save, voxels, write_cine, write_classic, write_enhanced
from pydicom.uid import DeflatedExplicitVRLittleEndian, JPEG2000Lossless, JPEGBaseline8Bit, RLELossless

from SpatioTemporalLib import InputError, read_map, read_series
from SpatioTemporalLib.io.dicom.headers.claims import size_of_picture


def code_of(read) -> str:
    with pytest.raises(InputError) as refused:
        read()
    return refused.value.code


def peak_of(read) -> int:
    """Bytes that Python and numpy held at the most."""
    tracemalloc.start()
    try:
        read()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("frames", [10_000_000, 2_000_000_000, 0, -5])
def test_more_frames_than_the_file_can_hold_are_refused_at_once(frames, tmp_path):
    path = write_cine(tmp_path / "a.dcm", NumberOfFrames=frames)
    assert peak_of(lambda: code_of(lambda: read_series(path))) < 2**24
    assert code_of(lambda: read_series(path)) in ("E-FILE-CORRUPT", "E-TOO-LARGE")


@pytest.mark.parametrize(
    "fields",
    [dict(Rows=65535, Columns=65535), dict(Rows=0), dict(BitsAllocated=7), dict(SamplesPerPixel=60000)],
    ids=["size", "no rows", "bits", "samples"],
)
@pytest.mark.parametrize("write", [write_cine, lambda path, **fields: write_enhanced(path, edited(fields))])
def test_impossible_sizes_are_refused(write, fields, tmp_path):
    assert code_of(lambda: read_series(write(tmp_path / "a.dcm", **fields))) in ("E-FILE-CORRUPT", "E-TOO-LARGE")


def edited(fields):
    def edit(dataset, *place):
        for keyword, value in fields.items():
            setattr(dataset, keyword, value)

    return edit


def test_a_series_that_is_too_large_as_a_whole_says_what_it_needs(tmp_path, monkeypatch):
    from SpatioTemporalLib.system import memory

    folder = write_classic(tmp_path / "study")
    monkeypatch.setattr(memory, "available_memory", lambda: 300)
    with pytest.raises(InputError, match=r"its frames together.*E-MEMORY"):
        read_series(folder)


def deflated(path: Path, more: bytes = b"", **fields) -> Path:
    """A deflated cine; `more` is put behind its dataset before deflating."""
    dataset = header(US_CINE, Modality="US", NumberOfFrames=6, FrameTime=33.5, **fields)
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    save(dataset, path, voxels(6, 1)[:, 0])
    if more:
        data = path.read_bytes()
        start = 144 + int.from_bytes(data[140:144], "little")
        whole = zlib.decompress(data[start:], -zlib.MAX_WBITS)
        packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
        path.write_bytes(data[:start] + packer.compress(whole + more) + packer.flush())
    return path


def test_deflated_files_are_read_as_others(tmp_path):
    plain = read_series(write_cine(tmp_path / "plain.dcm"))
    found = read_series(deflated(tmp_path / "a.dcm"))
    np.testing.assert_array_equal(found.values, plain.values)
    np.testing.assert_array_equal(found.times, plain.times)


@pytest.mark.parametrize("begins", [b"", b"\xe1\x7f\x10\x10OB\0\0\xff\xff\xff\x7f"], ids=["zeros", "an element"])
def test_deflated_files_that_grow_without_end_are_not_inflated(begins, tmp_path):
    path = deflated(tmp_path / "a.dcm", begins + bytes(2**28))
    assert path.stat().st_size < 2**20
    told = []
    assert peak_of(lambda: told.append(code_of(lambda: read_series(path)))) < 2**27
    assert told == ["E-FILE-CORRUPT"]


@pytest.mark.parametrize("keep", [0.5, 0.9, 0.99])
def test_deflated_files_that_are_cut_off_are_refused(keep, tmp_path):
    path = deflated(tmp_path / "a.dcm")
    path.write_bytes(path.read_bytes()[: int(keep * path.stat().st_size)])
    assert code_of(lambda: read_series(path)) in ("E-FILE-CORRUPT", "E-FILE-KIND")


def run_length(count: int) -> bytes:
    """A run-length segment pair of two bytes a pixel, all alike."""
    segment = b"\x81\x07" * (count // 128) + (bytes([257 - count % 128]) + b"\x07" if count % 128 > 1 else b"")
    segment += b"" if len(segment) % 2 == 0 else b"\0"
    offsets = [2, 64, 64 + len(segment), *[0] * 13]
    return b"".join(n.to_bytes(4, "little") for n in offsets) + segment + segment


def encapsulated(path: Path, syntax, frames: list[bytes], **fields) -> Path:
    from pydicom.encaps import encapsulate

    dataset = header(US_CINE, Modality="US", NumberOfFrames=len(frames), FrameTime=33.5)
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.PixelData = encapsulate(frames)
    dataset["PixelData"].VR = "OB"
    for keyword, value in fields.items():
        setattr(dataset, keyword, value)
    return save(dataset, path)


def test_run_length_frames_are_read_and_claims_about_them_checked(tmp_path):
    path = encapsulated(tmp_path / "a.dcm", RLELossless, [run_length(20)] * 3)
    assert read_series(path).values.tolist() == np.full((3, 1, 4, 5), 0x0707).tolist()
    for claim in (dict(NumberOfFrames=100_000), dict(Rows=60_000, Columns=60_000), dict(Rows=8)):
        path = encapsulated(tmp_path / "b.dcm", RLELossless, [run_length(20)] * 3, **claim)
        assert code_of(lambda path=path: read_series(path)) in ("E-FILE-CORRUPT", "E-TOO-LARGE")


def jpeg(rows: int, columns: int) -> bytes:
    """The beginning of a JPEG codestream of that size."""
    sizes = rows.to_bytes(2, "big") + columns.to_bytes(2, "big")
    return b"\xff\xd8\xff\xe0\0\x04\0\0\xff\xff\xc0\0\x0b\x08" + sizes + b"\x01\x01\x11\0\xff\xd9"


def jpeg_2000(rows: int, columns: int) -> bytes:
    size = b"".join(n.to_bytes(4, "big") for n in (columns + 3, rows + 2, 3, 2))
    return b"\xff\x4f\xff\x51\0\x29\0\0" + size + bytes(20)


@pytest.mark.parametrize("make", [jpeg, jpeg_2000])
def test_the_size_of_a_codestream_is_found(make):
    assert size_of_picture(make(60000, 50001)) == (60000, 50001)


@pytest.mark.parametrize("data", [b"", b"\xff", b"\xff\xd8", b"\xff\xd8\xff", b"\xff\xd8" + b"\xff" * 5000, bytes(200)])
def test_what_is_no_codestream_has_no_size(data):
    assert size_of_picture(data) is None


def test_pictures_of_another_size_reach_no_decoder(tmp_path, monkeypatch):
    import pydicom

    monkeypatch.setattr("SpatioTemporalLib.io.dicom.headers.pixels.require_decoder", lambda *_: None)
    monkeypatch.setattr(pydicom.Dataset, "pixel_array", property(lambda _: pytest.fail("decoded")))
    for syntax, make in ((JPEGBaseline8Bit, jpeg), (JPEG2000Lossless, jpeg_2000)):
        path = encapsulated(tmp_path / "a.dcm", syntax, [make(60000, 60000)] * 2)
        with pytest.raises(InputError, match="60000×60000 pixels, 5×4 by the header"):
            read_series(path)


@pytest.mark.parametrize(
    "fields, left_out",
    [
        (dict(RepetitionTime=-5000), "repetition_time"),
        (dict(EchoTime=-1), "echo_time"),
        (dict(FlipAngle=400), "flip_angle"),
        (dict(MagneticFieldStrength=20240230), "field_strength"),
    ],
)
def test_facts_that_cannot_be_are_left_out_and_told(fields, left_out, tmp_path):
    series = read_series(write_classic(tmp_path / "study", edited(fields)))
    assert getattr(series.acquisition, left_out) is None
    assert "R-FACT" in [finding.code for finding in series.findings]


@pytest.mark.parametrize("slope", [1e300, -1e38])
def test_a_rescaling_that_makes_values_infinite_is_refused(slope, tmp_path):
    edit = edited(dict(RescaleSlope=slope, RescaleIntercept=0))
    assert code_of(lambda: read_series(write_classic(tmp_path / "study", edit))) == "E-SLOPE"


@pytest.mark.parametrize(
    "fields, code",
    [
        (dict(ImagePositionPatient=[1e30, 0, 0]), "E-GEO-PLACE"),
        (dict(PixelSpacing=[1e30, 1]), "E-GEO-SPACING"),
        (dict(PixelSpacing=[1e-30, 1]), "E-GEO-SPACING"),
        (dict(PixelSpacing=[0, 1]), "E-GEO-SPACING"),
    ],
)
def test_absurd_places_are_refused(fields, code, tmp_path):
    folder = write_classic(tmp_path / "study", edited(fields), times=(0.0,), slices=(0.0,))
    assert code_of(lambda: read_map(folder, "1")) == code


def test_pixels_beyond_those_the_header_speaks_of_are_told(tmp_path):
    series = read_series(write_cine(tmp_path / "a.dcm", frames=6))
    assert "W-FILE-LONGER" not in [finding.code for finding in series.findings]
    dataset = header(US_CINE, Modality="US", NumberOfFrames=6, FrameTime=33.5)
    series = read_series(save(dataset, tmp_path / "b.dcm", np.append(voxels(6, 1), np.zeros(5, np.uint16))))
    assert "W-FILE-LONGER" in [finding.code for finding in series.findings]


def test_a_frame_beyond_those_the_header_speaks_of_is_refused(tmp_path):
    dataset = header(US_CINE, Modality="US", NumberOfFrames=5, FrameTime=33.5)
    with pytest.raises(InputError, match="240 bytes of pixels, 200 by its header"):
        read_series(save(dataset, tmp_path / "b.dcm", voxels(6, 1)[:, 0]))


def test_lengths_that_lie_make_no_room(tmp_path):
    path = write_cine(tmp_path / "a.dcm")
    data = path.read_bytes()
    place = data.index(b"LO") + 2
    path.write_bytes(data[:place] + b"\xff\xff" + data[place + 2 :])
    assert peak_of(lambda: code_of(lambda: read_series(path))) < 2**24
    pixels = data.rindex(b"\xe0\x7f\x10\x00")
    path.write_bytes(data[: pixels + 8] + b"\xfb\xff\xff\xff" + data[pixels + 12 :])
    assert peak_of(lambda: read_series(path)) < 2**24


def test_sequences_within_sequences_without_end_are_refused(tmp_path):
    path = write_cine(tmp_path / "a.dcm")
    data = path.read_bytes()
    place = data.index(b"\x18\x00\x63\x10")
    nested = (b"\x08\x00\x15\x11SQ\0\0\xff\xff\xff\xff" + b"\xfe\xff\x00\xe0\xff\xff\xff\xff") * 20_000
    path.write_bytes(data[:place] + nested + data[place:])
    assert code_of(lambda: read_series(path)) == "E-FILE-CORRUPT"


@pytest.mark.parametrize("keyword, tag", [("RepetitionTime", b"\x18\x00\x80\x00"), ("Rows", b"\x28\x00\x10\x00")])
def test_an_element_that_stands_twice_is_refused(keyword, tag, tmp_path):
    path = write_cine(tmp_path / "a.dcm")
    data = path.read_bytes()
    place = data.index(tag)
    length = 8 + int.from_bytes(data[place + 6 : place + 8], "little")
    path.write_bytes(data[: place + length] + data[place : place + length] + data[place + length :])
    with pytest.raises(InputError, match=f"{keyword} twice"):
        read_series(path)
