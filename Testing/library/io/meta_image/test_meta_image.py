"""MetaImage files: read as ITK reads sound ones, and refused where ITK would end the process or read another file."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as itk

from SpatioTemporalLib import InputError, read_labels, read_map, read_series
from SpatioTemporalLib.io.meta_image.file import read_meta_image

OBLIQUE = (0.8, -0.6, 0.0, 0.6, 0.8, 0.0, 0.0, 0.0, 1.0)
LINES = {
    "ObjectType": "Image",
    "NDims": "3",
    "BinaryData": "True",
    "BinaryDataByteOrderMSB": "False",
    "CompressedData": "False",
    "TransformMatrix": "1 0 0 0 1 0 0 0 1",
    "Offset": "-30.5 12.25 7",
    "ElementSpacing": "2 2.5 3",
    "DimSize": "5 4 3",
    "ElementType": "MET_SHORT",
}
VOXELS = np.arange(60, dtype="<i2").reshape(3, 4, 5)


def meta(path: Path, data: bytes | None = None, *, name: str = "LOCAL", lines: str = "", **fields) -> Path:
    """A MetaImage file; `fields` overwrite or, as None, remove lines, `lines` are put in before the last."""
    kept = {key: value for key, value in (LINES | fields).items() if value is not None}
    text = "".join(f"{key} = {value}\n" for key, value in kept.items()) + lines + f"ElementDataFile = {name}\n"
    data = VOXELS.tobytes() if data is None else data
    path.write_bytes(text.encode() + (data if name == "LOCAL" else b""))
    return path


@pytest.mark.parametrize("ending, compressed", [("mha", False), ("mha", True), ("mhd", False), ("mhd", True)])
@pytest.mark.parametrize("dtype", ["u1", "i1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8"])
def test_sound_files_are_read_as_itk_reads_them(tmp_path, ending, compressed, dtype):
    values = (np.arange(60).reshape(3, 4, 5) * 7 - 100).astype(np.dtype(dtype))
    image = itk.GetImageFromArray(values)
    image.SetDirection(OBLIQUE)
    image.SetSpacing((1.5, 2.25, 3.0))
    image.SetOrigin((-10.0, 20.5, 3.25))
    path = tmp_path / f"a.{ending}"
    itk.WriteImage(image, str(path), compressed)
    found = read_meta_image(path)
    assert found.values.dtype == values.dtype
    np.testing.assert_array_equal(found.values, values)
    for index in ((0, 0, 0), (4, 3, 2), (1, 2, 0)):
        place = np.array(image.TransformIndexToPhysicalPoint(index)) * [-1, -1, 1]
        np.testing.assert_allclose(found.geometry.ijk_to_ras(index), place, atol=1e-9)
    assert not found.findings


def test_components_are_frames_only_where_somebody_says_so(tmp_path):
    values = np.arange(120, dtype=np.int16).reshape(3, 4, 5, 2)
    itk.WriteImage(itk.GetImageFromArray(values, isVector=True), str(tmp_path / "a.mha"))
    with pytest.raises(InputError, match="E-VECTOR"):
        read_map(tmp_path / "a.mha", "1")
    series = read_series(tmp_path / "a.mha", times=[0, 2])
    np.testing.assert_array_equal(series.values, np.moveaxis(values, -1, 0))


def test_high_byte_first_and_packed_data_of_unsaid_length(tmp_path):
    packed = zlib.compress(VOXELS.astype(">i2").tobytes())
    path = meta(tmp_path / "a.mha", packed, BinaryDataByteOrderMSB="True", CompressedData="True")
    np.testing.assert_array_equal(read_map(path, "1").values, VOXELS)


HOSTILE = {
    "a thousand axes": (dict(NDims="1000"), "E-DIM"),
    "minus one axis": (dict(NDims="-1"), "E-DIM"),
    "axes that are no number": (dict(NDims="three"), "E-FILE-CORRUPT"),
    "directions of 1e308": (dict(TransformMatrix=" ".join(["1e308"] * 9)), "E-FILE-CORRUPT"),
    "directions of zero": (dict(TransformMatrix=" ".join(["0"] * 9)), "E-FILE-CORRUPT"),
    "two directions alike": (dict(TransformMatrix="1 0 0 1 0 0 0 0 1"), "E-GEO-AFFINE"),
    "directions that are no numbers": (dict(TransformMatrix="1 0 0 0 nan 0 0 0 1"), "E-FILE-CORRUPT"),
    "directions of 1e400": (dict(TransformMatrix="1 0 0 0 1e400 0 0 0 1"), "E-FILE-CORRUPT"),
    "too few directions": (dict(TransformMatrix="1 0 0"), "E-FILE-CORRUPT"),
    "too many directions": (dict(TransformMatrix="1 " * 5000), "E-FILE-CORRUPT"),
    "billions of voxels": (dict(DimSize="2000000000 2000000000 2000000000"), "E-TOO-LARGE"),
    "sizes beyond any integer": (dict(DimSize="5 4 99999999999999999999"), "E-FILE-CORRUPT"),
    "sizes of 1e9": (dict(DimSize="5 4 1e9"), "E-FILE-CORRUPT"),
    "a size of zero": (dict(DimSize="5 4 0"), "E-FILE-CORRUPT"),
    "a negative size": (dict(DimSize="5 4 -3"), "E-FILE-CORRUPT"),
    "a slice too many": (dict(DimSize="5 4 4"), "E-FILE-CORRUPT"),
    "a billion channels": (dict(ElementNumberOfChannels="1000000000"), "E-FILE-CORRUPT"),
    "no channel": (dict(ElementNumberOfChannels="0"), "E-FILE-CORRUPT"),
    "a type there is none of": (dict(ElementType="MET_SHORT_ARRAY"), "E-DTYPE"),
    "a spacing of 1e30": (dict(ElementSpacing="1e30 1 1"), "E-GEO-SPACING"),
    "a spacing of 1e-30": (dict(ElementSpacing="1 1e-30 1"), "E-GEO-SPACING"),
    "a negative spacing": (dict(ElementSpacing="1 1 -1e-9"), "E-GEO-SPACING"),
    "an origin of 1e30": (dict(Offset="1e30 0 0"), "E-GEO-PLACE"),
    "text instead of numbers": (dict(BinaryData="False"), "E-ENCODING"),
    "skipped bytes": (dict(HeaderSize="4"), "E-ENCODING"),
    "counted from the end": (dict(HeaderSize="-1"), "E-ENCODING"),
    "an object that is no image": (dict(ObjectType="Tube"), "E-FILE-KIND"),
    "a field twice": (dict(lines="DimSize = 5 4 2\n"), "E-FILE-CORRUPT"),
    "a binary key": (dict(lines="\x01\x02\x7f = 3\n"), "E-FILE-CORRUPT"),
    "a line that says nothing": (dict(lines="nothing\n"), "E-FILE-CORRUPT"),
    "no number of axes": (dict(NDims=None), "E-FILE-CORRUPT"),
    "no size": (dict(DimSize=None), "E-FILE-CORRUPT"),
    "no element type": (dict(ElementType=None), "E-FILE-CORRUPT"),
    "neither true nor false": (dict(CompressedData="perhaps"), "E-FILE-CORRUPT"),
    "an absolute path": (dict(name="/etc/passwd"), "E-PATH"),
    "another folder": (dict(name="../secret.raw"), "E-PATH"),
    "another drive": (dict(name="C:secret.raw"), "E-PATH"),
    "a list of files": (dict(name="LIST"), "E-ENCODING"),
    "a pattern of files": (dict(name="slice%03d.raw 1 3 1"), "E-ENCODING"),
    "itself": (dict(name="a.mha"), "E-FILE-CORRUPT"),
    "a file that is missing": (dict(name="missing.raw"), "E-FILE-MISSING"),
    "a folder": (dict(name="folder"), "E-FILE-KIND"),
    "a short file": (dict(name="short.raw"), "E-FILE-CORRUPT"),
    "a file that is longer": (dict(name="private.txt"), "E-FILE-CORRUPT"),
    "a link that leads elsewhere": (dict(name="link.raw"), "E-PATH"),
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("read", [lambda path: read_map(path, "1"), read_labels], ids=["map", "labels"])
def test_hostile_headers_are_refused(name, read, tmp_path):
    fields, code = HOSTILE[name]
    (tmp_path / "secret.raw").write_bytes(VOXELS.tobytes())
    folder = tmp_path / "case"
    (folder / "folder").mkdir(parents=True)
    (folder / "short.raw").write_bytes(VOXELS.tobytes()[:-1])
    (folder / "private.txt").write_bytes(b"x" * 5000)
    (folder / "link.raw").symlink_to(tmp_path / "secret.raw")
    with pytest.raises(InputError) as refused:
        read(meta(folder / "a.mha", **fields))
    assert refused.value.code == code and refused.value.fix


def test_data_that_inflate_to_more_than_is_said_are_not_inflated(tmp_path):
    packed = zlib.compress(bytes(2**26), 9)
    path = meta(tmp_path / "a.mha", packed, CompressedData="True", CompressedDataSize=str(len(packed)))
    with pytest.raises(InputError, match="more than 1048576 bytes follow"):
        read_map(path, "1")


@pytest.mark.parametrize("size", [10, 10_000, -7, 10**17])
def test_a_wrong_length_of_packed_data_is_refused_or_taken_as_unsaid(tmp_path, size):
    path = meta(tmp_path / "a.mha", zlib.compress(VOXELS.tobytes()), CompressedData="True", CompressedDataSize=size)
    if size < 0:
        np.testing.assert_array_equal(read_map(path, "1").values, VOXELS)
        return
    with pytest.raises(InputError, match="E-FILE-CORRUPT"):
        read_map(path, "1")


@pytest.mark.parametrize("damage", [lambda d: d[:-3], lambda d: d[:9] + b"\xff" + d[10:], lambda d: d + b"more"])
def test_damaged_packed_data_are_refused(tmp_path, damage):
    path = meta(tmp_path / "a.mha", damage(zlib.compress(VOXELS.tobytes())), CompressedData="True")
    with pytest.raises(InputError, match="E-FILE-CORRUPT"):
        read_meta_image(path)


@pytest.mark.parametrize(
    "fields, code",
    [
        (dict(TransformMatrix=None), "W-GEO-ORIENTATION"),
        (dict(Offset=None), "W-GEO-ORIENTATION"),
        (dict(ElementSpacing=None), "W-GEO-SPACING"),
        (dict(DistanceUnits="cm"), "R-LENGTH-UNIT"),
        (dict(ElementToIntensityFunctionSlope="2.5"), "W-SLOPE"),
        (dict(data=VOXELS.tobytes() + b"more"), "W-FILE-LONGER"),
        (dict(lines="CompressdData = True\n"), "W-HEADER-FIELD"),
        (dict(lines="elementspacing = 1 1 1\n", ElementSpacing=None), "W-GEO-SPACING"),
    ],
)
def test_what_is_missing_or_too_much_is_told(tmp_path, fields, code):
    assert code in [finding.code for finding in read_meta_image(meta(tmp_path / "a.mha", **fields)).findings]


def test_what_itk_keeps_of_dicom_headers_is_no_trouble(tmp_path):
    image = itk.GetImageFromArray(VOXELS)
    image.SetMetaData("0008|0016", "1.2.840.10008.5.1.4.1.1.4")
    image.SetMetaData("a name", "a = b")
    itk.WriteImage(image, str(tmp_path / "a.mha"))
    assert b"0008|0016" in (tmp_path / "a.mha").read_bytes()
    np.testing.assert_array_equal(read_map(tmp_path / "a.mha", "1").values, VOXELS)
