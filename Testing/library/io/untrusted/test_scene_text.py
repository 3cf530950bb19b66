"""What a scene would have Slicer open is looked at before: addresses, other folders, devices, endless entities."""

from __future__ import annotations

import os

import pytest

from SpatioTemporalLib.errors import InputError
from SpatioTemporalLib.io.untrusted import detached_data
from SpatioTemporalLib.io.untrusted.scene_text import check_scene

NRRD = "NRRD0004\ntype: {kind}\ndimension: 3\nsizes: {sizes}\nencoding: raw\n{more}\n"


def scene(folder, attributes: str, before: str = ""):
    path = folder / "a.mrml"
    path.write_text(f'{before}<MRML version="x"><VolumeArchetypeStorage id="s1" {attributes}/></MRML>')
    return path


def refused(path, code: str, bundled: bool = True) -> str:
    with pytest.raises(InputError) as caught:
        check_scene(path, where="a.mrb", bundled=bundled)
    assert caught.value.code == code, str(caught.value)
    return str(caught.value)


def test_files_of_its_own_folder_are_taken(tmp_path):
    (tmp_path / "Data").mkdir()
    (tmp_path / "Data" / "a b%.nrrd").write_text(NRRD.format(kind="short", sizes="2 3 4", more=""))
    path = scene(tmp_path, 'fileName="Data/a%20b%25.nrrd" fileListMember0="Data/a%20b%25.nrrd" uri=""')
    assert check_scene(path, where="a.mrb", bundled=True) == ()


@pytest.mark.parametrize("attribute", ["fileName", "uri", "uriListMember0", "fileListMember12", "FILENAME"])
@pytest.mark.parametrize(
    "value",
    [
        *("http://host/x.nrrd", "HTTPS://host/x", "http:/host/x", "ftp://host/x", "smb://host/x", "\\\\host\\share\\x"),
        *("//host/share/x", "file:///etc/passwd", "file://host/x", "http%3A%2F%2Fhost/x", "%68ttp://h/x", " http://h"),
        *("gopher://host/x", "data:text/plain,x", "http%253A//h/x"),
    ],
)
def test_addresses_are_not_followed_wherever_the_scene_comes_from(tmp_path, attribute, value):
    path = scene(tmp_path, f'{attribute}="{value}"')
    refused(path, "E-SCENE-ADDRESS", bundled=True)
    refused(path, "E-SCENE-ADDRESS", bundled=False)


def test_an_address_elsewhere_in_the_text_is_no_file(tmp_path):
    path = scene(tmp_path, 'attributes="SpatioTemporal.Citation:https://doi.org/10.1000/x"')
    assert check_scene(path, where="a.mrb", bundled=True) == ()


@pytest.mark.parametrize(
    "value", ["/etc/passwd", "../x.nrrd", "Data/../../x", "%2e%2e/x", "..%2Fx", "C:/x", "..\\x", "x%00/../../y"]
)
def test_files_outside_are_refused_in_an_archive_and_told_in_ones_own_scene(tmp_path, value):
    path = scene(tmp_path, f'fileName="{value}"')
    refused(path, "E-SCENE-PATH")
    if "%00" not in value and "\\" not in value and "C:" not in value:
        (finding,) = check_scene(path, where="a.mrml", bundled=False)
        assert finding.code == "W-SCENE-OUTSIDE"


def test_a_link_that_leads_outside_is_outside(tmp_path):
    folder = tmp_path / "scene"
    folder.mkdir()
    (tmp_path / "x.txt").write_text("x")
    os.symlink(tmp_path / "x.txt", folder / "x.txt")
    refused(scene(folder, 'fileName="x.txt"'), "E-SCENE-PATH")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes in folders here")
def test_pipes_and_devices_are_not_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    refused(scene(tmp_path, 'fileName="pipe"'), "E-SCENE-PATH")
    refused(scene(tmp_path, 'fileName="/dev/zero"'), "E-SCENE-PATH", bundled=False)


LAUGHS = "<!DOCTYPE MRML [<!ENTITY a 'ha'>{}]>".format(
    "".join(f"<!ENTITY {'a' * n} '&{'a' * (n - 1)};'>" for n in (2, 3))
)


@pytest.mark.parametrize(
    "before",
    [LAUGHS, "<!DOCTYPE MRML SYSTEM 'file:///etc/passwd'>", "<!DOCTYPE MRML [<!ENTITY x SYSTEM '/etc/passwd'>]>"],
)
def test_document_types_and_entities_are_refused(tmp_path, before):
    assert "entities" in refused(scene(tmp_path, 'name="&aa;"', before), "E-SCENE-READ")


@pytest.mark.parametrize(
    "text",
    [
        *(
            b"",
            b"<MRML",
            b"no text",
            b"<html></html>",
            b"\xff\xfe\x00",
            b"<?xml version='1.0' encoding='klingon'?><MRML/>",
        ),
        b"<MRML>" + b"<a>" * 5000 + b"</a>" * 5000 + b"</MRML>",
    ],
    ids=["empty", "cut", "words", "other", "bytes", "encoding", "deep"],
)
def test_what_is_no_scene_is_told(tmp_path, text):
    path = tmp_path / "a.mrml"
    path.write_bytes(text)
    refused(path, "E-SCENE-READ")


@pytest.mark.parametrize(
    "field", ["data file: /etc/passwd", "datafile: ../x.raw", "Data File: LIST", "data file: x.raw"]
)
def test_images_that_take_their_voxels_from_other_files_are_refused_in_an_archive(tmp_path, field):
    (tmp_path / "x.nrrd").write_text(NRRD.format(kind="short", sizes="2 3 4", more=field + "\n"))
    path = scene(tmp_path, 'fileName="x.nrrd"')
    refused(path, "E-SCENE-PATH")
    assert check_scene(path, where="a.mrml", bundled=False) == ()


def test_other_headers_that_lead_elsewhere_are_refused(tmp_path):
    (tmp_path / "x.mhd").write_text(
        "NDims = 3\nDimSize = 2 3 4\nElementType = MET_SHORT\nElementDataFile = /etc/passwd\n"
    )
    refused(scene(tmp_path, 'fileName="x.mhd"'), "E-SCENE-PATH")


@pytest.mark.parametrize("bundled", [True, False])
def test_images_that_do_not_fit_the_memory_are_refused_before_slicer_tries(tmp_path, monkeypatch, bundled):
    monkeypatch.setattr(detached_data, "free_memory", lambda: 2**20)
    (tmp_path / "x.nrrd").write_text(NRRD.format(kind="float", sizes="64 64 65", more=""))
    (tmp_path / "y.mha").write_text("DimSize = 64 64 65\nElementType = MET_FLOAT\nElementDataFile = LOCAL\n")
    refused(scene(tmp_path, 'fileName="x.nrrd"'), "E-SCENE-SIZE", bundled)
    refused(scene(tmp_path, 'fileName="y.mha"'), "E-SCENE-SIZE", bundled)
    (tmp_path / "x.nrrd").write_text(NRRD.format(kind="float", sizes="64 64 64", more=""))
    assert check_scene(scene(tmp_path, 'fileName="x.nrrd"'), where="a", bundled=bundled) == ()


@pytest.mark.parametrize(
    "line", ["typ" + "[" * 3000 + "e: short", "type: unsigned ch" + "[" * 5000, "nonsense", "flavour: sweet", ":=x"]
)
def test_headers_that_end_the_process_of_their_reader_are_refused_before(tmp_path, line):
    (tmp_path / "x.nrrd").write_text(NRRD.format(kind="short", sizes="2 3 4", more=line + "\n"))
    assert "header" in refused(scene(tmp_path, 'fileName="x.nrrd"'), "E-SCENE-READ")


def test_long_keys_and_comments_are_no_damage(tmp_path):
    more = "# made by hand\nSegment0_Name:=" + "x" * 9000 + "\nspace directions: (1,0,0) (0,1,0) (0,0,1)\n"
    (tmp_path / "x.nrrd").write_text(NRRD.format(kind="short", sizes="2 3 4", more=more))
    assert check_scene(scene(tmp_path, 'fileName="x.nrrd"'), where="a", bundled=True) == ()


@pytest.mark.parametrize(
    "key",
    [
        *("Segment0_Extent:=0 1 0 2 0 2147483648", "Segment0_Extent:=0 0x10 0 2 0 3", "Segment0_Extent:=0 1 0 2"),
        *("Segment0_Extent:=-5 1 0 2 0 3", "Segment3_Layer:=1e400", "Segment0_LabelValue:=9999999999"),
        "Segmentation_ReferenceImageExtentOffset:=0 0",
    ],
)
def test_segments_beyond_their_image_are_refused_before_slicer_makes_room_for_them(tmp_path, key):
    path = tmp_path / "a.mrml"
    path.write_text('<MRML><SegmentationStorage fileName="x.seg.nrrd"/></MRML>')
    voxels = "\n" + "\0" * 48
    (tmp_path / "x.seg.nrrd").write_text(NRRD.format(kind="short", sizes="2 3 4", more=key + "\n") + voxels)
    assert key.split(":=")[0] in refused(path, "E-SCENE-READ")
    whole = "Segment0_Extent:=0 1 0 2 0 3\nSegment1_Extent:=0 -1 0 -1 0 -1\nSegment0_LabelValue:=1\n"
    content = NRRD.format(kind="short", sizes="2 3 4", more=whole).rstrip("\n") + "\nendian: little\n\n"
    (tmp_path / "x.seg.nrrd").write_bytes(content.encode() + bytes(48))
    assert check_scene(path, where="a", bundled=True) == ()
