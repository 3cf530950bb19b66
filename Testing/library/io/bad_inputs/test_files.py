"""Bad files and DICOM: rows 55 to 62 of the table of bad inputs in the reliability specification."""

from __future__ import annotations

import builtins
import errno
from pathlib import Path

import numpy as np
import pytest
from library.io.bad_inputs.files import (
    Bad,
    assert_refused,
    assert_told,
    cut,
    dicom,
    enhanced,
    frames,
    nifti,
    nrrd,
    series_of,
    text,
)
from library.io.dicom.dicom_phantom import write_classic, write_enhanced

from SpatioTemporalLib import InputError, read_map, read_series


def set_(keyword: str, value):
    """An edit that gives all images the same value of a tag."""
    return lambda dataset, t, k: setattr(dataset, keyword, value)


def without(keyword: str):
    return lambda dataset, t, k: delattr(dataset, keyword)


def several(folder: Path):
    write_classic(folder / "study" / "one")

    def other(dataset, t, k):
        dataset.SeriesInstanceUID, dataset.SeriesNumber = "1.2.3.9", 9

    return read_series(write_classic(folder / "study" / "two", other).parent)


def fake_syntax(folder: Path):
    path = write_enhanced(folder / "a.dcm")
    data = path.read_bytes()
    # As long as the real one, so that no length has to change.
    path.write_bytes(data.replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.9.9.9\0"))
    return read_series(path)


def lacking(keyword: str):
    def edit(dataset):
        del dataset.PerFrameFunctionalGroupsSequence[3][keyword]

    return edit


def lacking_shared(keyword: str):
    def edit(dataset):
        del dataset.SharedFunctionalGroupsSequence[0][keyword]

    return edit


def shortened(make, *, keep=None, drop=0):
    return lambda folder: read_series(cut(make(folder), keep=keep, drop=drop), frame_interval=2.0)


def shortened_slice(folder: Path) -> Path:
    return cut(next(iter(write_classic(folder / "study").iterdir())), drop=30).parent


def a_mha(folder: Path) -> Path:
    import SimpleITK as itk

    itk.WriteImage(itk.GetImageFromArray(frames()[0]), str(folder / "a.mha"))
    return folder / "a.mha"


def other_object(dataset, t, k):
    if k == 0 and t == 0:
        dataset.SeriesInstanceUID, dataset.ImageType = "1.2.3.8", ["ORIGINAL", "PRIMARY", "LOCALIZER"]
        dataset.SeriesNumber, dataset.ImageOrientationPatient = 1, [0, 1, 0, 0, 0, 1]
        dataset.SOPInstanceUID = "1.2.3.8.1"


def mixed(folder: Path):
    write_classic(folder / "study")
    write_classic(folder / "study" / "scout", lambda d, t, k: (t, k) == (0, 0) and other_object(d, t, k) is None)
    text(folder / "study" / "readme.txt", "no image")
    return read_series(folder / "study")


REFUSED = [
    *(
        Bad(55, f"{name} cut by {how}", shortened(make, **{how: amount}), "E-FILE-CORRUPT")
        for how, amount in (("keep", 0.5), ("drop", 100))
        for name, make in {
            "NIfTI": lambda d: nifti(d / "a.nii"),
            "compressed NIfTI": lambda d: nifti(d / "a.nii.gz"),
            "NRRD": lambda d: nrrd(d / "a.seq.nrrd"),
            "compressed NRRD": lambda d: nrrd(d / "a.seq.nrrd", encoding="gzip"),
            "DICOM": lambda d: write_enhanced(d / "a.dcm"),
        }.items()
    ),
    Bad(55, "check sum of a compressed file", shortened(lambda d: nifti(d / "a.nii.gz"), drop=8), "E-FILE-CORRUPT"),
    Bad(55, "DICOM slice cut off", lambda d: read_series(shortened_slice(d)), "E-FILE-CORRUPT", ("IM00",)),
    Bad(55, "MetaImage cut off", lambda d: read_map(cut(a_mha(d), drop=30), "1"), "E-FILE-CORRUPT", ("a.mha",)),
    *(Bad(56, f"dim {size}", series_of(nifti, dim={1: size}), "E-FILE-CORRUPT") for size in (30000, -5, 0)),
    Bad(56, "dim 30000 compressed", series_of(nifti, name="a.nii.gz", dim={1: 30000}), "E-FILE-CORRUPT", ("promises",)),
    Bad(56, "64-bit overflow", series_of(nifti, dim={1: 32767, 2: 32767, 3: 32767, 4: 32767}), "E-TOO-LARGE", ("GiB",)),
    Bad(56, "number of axes", series_of(nifti, dim={0: 9}), "E-FILE-CORRUPT", ("impossible image size",)),
    Bad(56, "voxels begin at NaN", series_of(nifti, vox_offset=np.nan), "E-FILE-CORRUPT", ("byte nan",)),
    Bad(
        56,
        "NRRD of absurd size",
        series_of(nrrd, name="a.nrrd", sizes="30000 30000 3 6"),
        "E-FILE-CORRUPT",
        ("promises",),
    ),
    Bad(56, "NRRD of negative size", series_of(nrrd, name="a.nrrd", sizes="5 -4 3 6"), "E-FILE-CORRUPT"),
    Bad(
        56,
        "impossible rotation",
        series_of(nifti, sform_code=0, qform_code=1, quatern=[0.9, 0.9, 0.9]),
        "E-FILE-CORRUPT",
        ("rotation",),
    ),
    Bad(57, "noise called NIfTI", lambda d: read_series(text(d / "a.nii", "noise " * 200)), "E-FILE-KIND", ("a.nii",)),
    Bad(57, "noise called NRRD", lambda d: read_series(text(d / "a.nrrd", "noise " * 200)), "E-FILE-KIND"),
    Bad(57, "noise called DICOM", lambda d: read_series(text(d / "a.dcm", "noise " * 200)), "E-FILE-KIND"),
    Bad(
        57, "picture", lambda d: read_series(text(d / "a.png", "\x89PNG" * 50)), "E-FILE-KIND", ("a.png", "NIfTI (.nii")
    ),
    Bad(57, "no bytes", lambda d: read_series(text(d / "a.nii", "")), "E-FILE-EMPTY", ("a.nii",)),
    Bad(
        57,
        "folder called a.nii",
        lambda d: ((d / "a.nii").mkdir(), read_series(d / "a.nii")),
        "E-FILE-KIND",
        ("a.nii",),
    ),
    Bad(57, "folder as a map", lambda d: ((d / "a.nii").mkdir(), read_map(d / "a.nii")), "E-FILE-KIND", ("folder",)),
    Bad(57, "pair of .hdr and .img", series_of(nifti, magic=b"ni1"), "E-FILE-KIND", ("single .nii",)),
    Bad(57, "unknown encoding", series_of(nrrd, name="a.nrrd", encoding="bzip2"), "E-ENCODING", ("bzip2", "gzip")),
    Bad(
        57,
        "data file elsewhere",
        series_of(nrrd, name="a.nhdr", data_file="../../etc/passwd"),
        "E-PATH",
        ("same folder",),
    ),
    Bad(57, "data file missing", series_of(nrrd, name="a.nhdr", data_file="gone.raw"), "E-FILE-MISSING", ("gone.raw",)),
    Bad(57, "unknown space", series_of(nrrd, name="a.nrrd", space="scanner-xyz"), "E-NRRD-SPACE", ("scanner-xyz",)),
    Bad(
        58,
        "no functional groups",
        enhanced(lambda d: delattr(d, "PerFrameFunctionalGroupsSequence")),
        "E-DICOM-TAG",
        ("(5200,9230)", "a.dcm"),
    ),
    Bad(
        58,
        "frame without position",
        enhanced(lacking("PlanePositionSequence")),
        "E-DICOM-TAG",
        ("(0020,9113) of frame 3",),
    ),
    Bad(58, "no orientation", enhanced(lacking_shared("PlaneOrientationSequence")), "E-DICOM-TAG", ("(0020,9116)",)),
    Bad(58, "no pixel size", enhanced(lacking_shared("PixelMeasuresSequence")), "E-DICOM-TAG", ("(0028,9110)",)),
    Bad(
        58,
        "frames and groups differ",
        enhanced(lambda d: setattr(d, "NumberOfFrames", 11)),
        "E-DICOM-TAG",
        ("11 frames",),
    ),
    Bad(59, "unknown transfer syntax", fake_syntax, "E-DICOM-CODEC", ("1.2.840.10008.9.9.9", "pylibjpeg")),
    Bad(60, "no position", dicom(without("ImagePositionPatient")), "E-DICOM-TAG", ("(0020,0032)",)),
    Bad(60, "no pixel size", dicom(without("PixelSpacing")), "E-DICOM-TAG", ("(0028,0030)",)),
    Bad(61, "two dynamic series", several, "E-DICOM-SEVERAL", ("series 7", "series 9", "folder of their own")),
    Bad(61, "empty folder", lambda d: ((d / "empty").mkdir(), read_series(d / "empty")), "E-FILE-KIND", ("empty",)),
    Bad(62, "no such file", lambda d: read_series(d / "gone.nii"), "E-FILE-MISSING", ("gone.nii",)),
    Bad(62, "name too long", lambda d: read_series(d / ("x" * 300 + ".nii")), "E-FILE-ACCESS", ("name too long",)),
    Bad(62, "name with a null", lambda d: read_series(d / "a\0.nii"), "E-FILE-ACCESS", ("null",)),
    Bad(
        62,
        "loop of links",
        lambda d: ((d / "a.nii").symlink_to(d / "a.nii"), read_series(d / "a.nii")),
        "E-FILE-ACCESS",
    ),
]

TOLD = [
    Bad(59, "lossy compression", dicom(set_("LossyImageCompression", "01")), "W-LOSSY"),
    Bad(61, "scout in the folder", mixed, "W-SERIES-IGNORED", ("LOCALIZER", "1 image")),
    Bad(61, "other files in the folder", mixed, "W-FILES-IGNORED", (".txt",)),
]


@pytest.mark.parametrize("bad", REFUSED, ids=str)
def test_is_refused_with_what_where_and_what_to_do(bad, tmp_path):
    assert_refused(bad, tmp_path)


@pytest.mark.parametrize("bad", TOLD, ids=str)
def test_is_read_and_told(bad, tmp_path):
    assert_told(bad, tmp_path)


@pytest.mark.parametrize("name", ["with space.nii", "größe-画像.nii", "x" * 240 + ".nii", "a'b\"c;$(d).nii"])
def test_awkward_names_work(name, tmp_path):
    np.testing.assert_array_equal(read_series(nifti(tmp_path / name)).values, frames())


def test_loops_of_links_in_a_dicom_folder_end(tmp_path):
    write_classic(tmp_path)
    (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)
    assert read_series(tmp_path).frame_count == 4


def test_wrong_type_of_a_fact_does_not_stop_reading(tmp_path):
    def odd(dataset, t, k):
        dataset.EchoTime = None
        dataset.add_new(0x00181314, "LO", "steep")

    series = read_series(write_classic(tmp_path, odd))
    assert (series.acquisition.echo_time, series.acquisition.flip_angle) == (None, None)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (PermissionError(errno.EACCES, "Permission denied"), "permission denied"),
        (OSError(errno.EIO, "Input/output error"), "input/output error"),
        (OSError(errno.ESTALE, "Stale file handle"), "stale file handle"),
    ],
    ids=["forbidden", "drive fails", "network drive vanishes"],
)
def test_a_file_that_cannot_be_opened_is_named_with_the_reason(error, words, tmp_path, monkeypatch):
    path, really_open = nifti(tmp_path / "a.nii"), builtins.open

    def opened(file, *args, **kwargs):
        if str(file) == str(path):
            raise error
        return really_open(file, *args, **kwargs)

    monkeypatch.setattr(builtins, "open", opened)
    with pytest.raises(InputError) as caught:
        read_series(path)
    assert caught.value.code == "E-FILE-ACCESS"
    assert words in str(caught.value)
    assert "a.nii" in str(caught.value)
    assert "drive is connected" in str(caught.value)
