"""Formats of images declare themselves; what is declared is whole, and every format is fuzzed."""

import pkgutil
from pathlib import Path

import pytest
from library.fuzzing.batch import modules

from SpatioTemporalLib.io import formats
from SpatioTemporalLib.io.images import format_registry
from SpatioTemporalLib.io.images.file_names import image_stem
from SpatioTemporalLib.io.images.format_registry import format_named_by, format_of, found_formats
from SpatioTemporalLib.io.images.image_format import ImageFormat
from SpatioTemporalLib.io.sidecars.images import sidecar_path
from SpatioTemporalLib.system.declarations import Found


def declared(name, *endings):
    return ImageFormat(name, endings, read=lambda path: None, read_as="", times="")


def test_each_format_is_damaged_by_the_fuzzing_tests():
    names = {module.name for module in pkgutil.iter_modules(formats.__path__)}
    assert names and names <= set(modules())


@pytest.mark.parametrize(
    "name, start, format",
    [
        ("a.nii", b"NRRD0004", "NRRD"),
        ("a", (348).to_bytes(4, "big"), "NIfTI"),
        ("a.bin", bytes(128) + b"DICM", "DICOM"),
        ("A.SEG.NRRD", b"", "NRRD"),
        ("a.nii.gz", b"\x1f\x8b", "NIfTI"),
        ("a.IMA", b"", "DICOM"),
        ("a.tsv", b"time,a", "CSV"),
    ],
)
def test_first_bytes_tell_the_format_before_the_name(name, start, format):
    assert format_of(name, start).name == format


def test_a_name_of_no_format_tells_none():
    assert format_of("a.png", b"PNG") is None and format_named_by("nii") is None


@pytest.mark.parametrize(
    "file, stem", [("dce.seq.nrrd", "dce"), ("DCE.NII.GZ", "DCE"), ("a.b.mha", "a.b"), (".nii", ".nii"), ("a", "a")]
)
def test_endings_of_formats_are_cut_off_names(file, stem):
    assert image_stem(Path(file)) == stem and sidecar_path(Path(file)).name == f"{stem}.json"


def test_an_ending_that_two_formats_claim_names_both(monkeypatch):
    both = {"One": declared("One", ".one"), "Other": declared("Other", ".two", ".one")}
    monkeypatch.setattr(format_registry, "declarations", lambda *given, **options: Found(both))
    found_formats.cache_clear()
    try:
        with pytest.raises(TypeError, match="ending .one is claimed by One and Other"):
            found_formats()
    finally:
        found_formats.cache_clear()


@pytest.mark.parametrize("endings", [(), ("nii",), (".NII",)])
def test_endings_are_lower_case_with_their_dot(endings):
    with pytest.raises(TypeError, match="begin with a dot"):
        declared("One", *endings)
