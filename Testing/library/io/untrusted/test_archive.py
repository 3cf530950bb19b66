"""Archives from anywhere: nothing is written outside the folder, nothing fills the disk or the memory."""

from __future__ import annotations

import struct
import zipfile
import zlib

import pytest

from SpatioTemporalLib.errors import InputError
from SpatioTemporalLib.io.untrusted import archive
from SpatioTemporalLib.io.untrusted.archive import Rules, checked_entries, unpack

RULES = Rules("E-TEST", "E-TEST-READ", "Get it anew.")


def packed(path, *entries, **how):
    """An archive of (name or entry, content)."""
    with zipfile.ZipFile(path, "w", how.get("method", zipfile.ZIP_DEFLATED)) as written:
        for name, content in entries:
            written.writestr(name, content)
    return path


def refused(path, tmp_path):
    folder = tmp_path / "unpacked"
    folder.mkdir()
    with pytest.raises(InputError) as caught:
        unpack(path, folder, RULES)
    assert path.name in str(caught.value)
    return caught.value.code


def test_files_are_unpacked_as_they_are(tmp_path):
    path = packed(tmp_path / "a.zip", ("scene/a.mrml", b"text"), ("scene/Data/é x.nrrd", bytes(5000)))
    (tmp_path / "out").mkdir()
    files = unpack(path, tmp_path / "out", RULES)
    assert [file.relative_to(tmp_path / "out").as_posix() for file in files] == ["scene/a.mrml", "scene/Data/é x.nrrd"]
    assert [file.read_bytes() for file in files] == [b"text", bytes(5000)]


@pytest.mark.parametrize(
    "name",
    [
        *("/abs/x", "../x", "a/../../x", "a/..", "..\\x", "a\\b", "C:/x", "c:x", "\\\\host\\share\\x", "//host/x"),
        *("a//b", "./x", "a/. ./x", "CON", "a/nul.txt", "COM1 .x", "lpt9.tar.gz", "a\nb", "a\x1b[2Jb", "x" * 300),
        "/".join("x" * 40),
    ],
)
def test_names_that_lead_elsewhere_or_are_none_are_refused(tmp_path, name):
    # Under the name it will have: zipfile turns the separators of the system it is written on.
    entry = zipfile.ZipInfo("kept")
    entry.filename = name
    assert refused(packed(tmp_path / "a.zip", (entry, b"evil")), tmp_path) == "E-TEST-PATH"
    assert {file.name for file in tmp_path.rglob("*")} == {"a.zip", "unpacked"}


@pytest.mark.parametrize("kind", [0o120777, 0o020666, 0o010666, 0o140777])
def test_links_pipes_and_devices_are_refused(tmp_path, kind):
    entry = zipfile.ZipInfo("link")
    entry.external_attr = kind << 16
    assert refused(packed(tmp_path / "a.zip", (entry, b"/etc/passwd")), tmp_path) == "E-TEST-PATH"


@pytest.mark.parametrize(
    "names", [("a", "a"), ("A.txt", "a.TXT"), ("a.", "a"), ("a", "a/b"), ("a/b", "A"), ("\u00e9", "e\u0301")]
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_names_that_some_system_takes_for_one_are_refused(tmp_path, names):
    assert refused(packed(tmp_path / "a.zip", *[(name, b"x") for name in names]), tmp_path) == "E-TEST-PATH"


def test_what_shrinks_more_than_anything_can_is_refused(tmp_path):
    path = packed(tmp_path / "a.zip", ("zeros", bytes(2**24)), method=zipfile.ZIP_BZIP2)
    assert refused(path, tmp_path) == "E-TEST-SIZE"


def test_what_would_outgrow_the_memory_is_refused_and_what_fits_is_not(tmp_path, monkeypatch):
    path = packed(tmp_path / "a.zip", ("zeros", bytes(2**24)))
    monkeypatch.setattr(archive, "free_memory", lambda: 2**24)
    assert refused(path, tmp_path) == "E-TEST-SIZE"
    monkeypatch.setattr(archive, "free_memory", lambda: 2**26)
    assert checked_entries(path, RULES).keys() == {"zeros"}


def test_what_would_fill_the_disk_is_refused(tmp_path, monkeypatch):
    path = packed(tmp_path / "a.zip", ("some", bytes(2**20)))
    monkeypatch.setattr(archive, "free_disk", lambda folder: archive.SPARE_DISK + 2**20 - 1)
    assert refused(path, tmp_path) == "E-TEST-SIZE"


def test_too_many_files_are_refused(tmp_path):
    path = packed(tmp_path / "a.zip", *[(str(n), b"") for n in range(12)])
    with pytest.raises(InputError, match="E-TEST-SIZE"):
        checked_entries(path, Rules("E-TEST", "E-TEST-READ", "", most_files=10))


def test_entries_over_one_another_are_refused(tmp_path):
    content = bytes(2**20)
    path = packed(tmp_path / "a.zip", ("first", content))
    with zipfile.ZipFile(path, "a") as written:
        (first,) = written.infolist()
        for n in range(9):
            other = zipfile.ZipInfo(f"other{n}")
            other.header_offset, other.CRC = first.header_offset, first.CRC
            other.compress_size, other.file_size = first.compress_size, first.file_size
            other.compress_type = first.compress_type
            written.filelist.append(other)
        written._didModify = True
    assert refused(path, tmp_path) == "E-TEST-SIZE"


@pytest.mark.parametrize("claimed", [10, 2**20])
def test_a_claim_that_lies_is_told(tmp_path, claimed):
    content = bytes(range(256)) * 64
    path = packed(tmp_path / "a.zip", ("a", content))
    data = path.read_bytes()
    told = struct.pack("<II", claimed, claimed)
    at = data.rindex(struct.pack("<I", len(content)))
    path.write_bytes(data[:at] + told[:4] + data[at + 4 :])
    assert refused(path, tmp_path) == "E-TEST-READ"


def test_encrypted_entries_are_told(tmp_path):
    path = packed(tmp_path / "a.zip", ("a", b"some"))
    data = bytearray(path.read_bytes())
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    assert refused(path, tmp_path) == "E-TEST-READ"


@pytest.mark.parametrize("part", [0.2, 0.6, 0.95])
def test_damaged_archives_are_told(tmp_path, part):
    path = packed(tmp_path / "a.zip", ("a", zlib.compress(bytes(range(256)) * 300)), ("b", b"other" * 99))
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * part)])
    assert refused(path, tmp_path) == "E-TEST-READ"
