"""Scenes that would write, read or call elsewhere, or are damaged: told in words before Slicer follows them."""

from __future__ import annotations

import gc
import os
import tempfile
import warnings
import zipfile
from pathlib import Path

import pytest
from SpatioTemporalNodes.scene.scene_file import read_scene
from SpatioTemporalNodes.series.series_nodes import series_from_node

import SpatioTemporalLib as st


def changed(source: Path, target: Path, change, *more: tuple[str, bytes]) -> Path:
    """A copy of an archive, its files passed through change(name, content), and others added."""
    with zipfile.ZipFile(source) as before, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as after:
        for entry in before.infolist():
            if not entry.is_dir():
                after.writestr(entry.filename, change(entry.filename, before.read(entry)))
        for name, content in more:
            after.writestr(name, content)
    return target


def same(name: str, content: bytes) -> bytes:
    return content


def in_text(old: bytes, new: bytes):
    def change(name: str, content: bytes) -> bytes:
        assert not name.endswith(".mrml") or old in content
        return content.replace(old, new) if name.endswith(".mrml") else content

    return change


@pytest.mark.parametrize("name", ["../../../escaped.txt", "{}/escaped.txt", "a\\..\\..\\escaped.txt"])
def test_an_archive_writes_nothing_outside(scene_path, tmp_path, name):
    path = changed(scene_path, tmp_path / "evil.mrb", same, (name.format(tmp_path), b"evil"))
    with pytest.raises(st.InputError, match="E-SCENE-PATH"):
        read_scene(path)
    assert os.listdir(tmp_path) == ["evil.mrb"]


@pytest.mark.parametrize("attribute", [b'uri="http://127.0.0.1:9/x.nrrd" ', b'uriListMember0="ftp://127.0.0.1:9/x" '])
def test_addresses_are_refused_and_do_not_end_the_process(scene_path, tmp_path, attribute):
    path = changed(scene_path, tmp_path / "evil.mrb", in_text(b'fileName="', attribute + b'fileName="'))
    with pytest.raises(st.InputError, match="E-SCENE-ADDRESS"):
        read_scene(path)


def test_files_outside_of_an_archive_are_refused(scene_path, tmp_path):
    path = changed(scene_path, tmp_path / "evil.mrb", in_text(b'fileName="Data/', b'fileName="../'))
    with pytest.raises(st.InputError, match="E-SCENE-PATH"):
        read_scene(path)


def test_images_cut_off_are_told(scene_path, tmp_path):
    def cut(name: str, content: bytes) -> bytes:
        return content[: len(content) // 2] if name.endswith("nrrd") else content

    with pytest.raises(st.InputError, match="E-SCENE-READ"):
        read_scene(changed(scene_path, tmp_path / "cut.mrb", cut))


@pytest.mark.parametrize("more", [("example/other.mrml", b"<MRML/>"), None])
def test_one_scene_is_expected_in_an_archive(scene_path, tmp_path, more):
    path = tmp_path / "odd.mrb"
    if more:
        changed(scene_path, path, same, more)
    else:
        with zipfile.ZipFile(path, "w") as written:
            written.writestr("Data/x.nrrd", b"x")
    with pytest.raises(st.InputError, match="E-SCENE-READ.*|one was expected"):
        read_scene(path)


@pytest.fixture
def own_scene(scene_path, tmp_path) -> Path:
    """The example as a scene in a folder, with its data in another one beside it."""
    with zipfile.ZipFile(scene_path) as packed:
        packed.extractall(tmp_path)
    (path,) = tmp_path.glob("*/*.mrml")
    (path.parent / "Data").rename(tmp_path / "Data")
    path.write_bytes(path.read_bytes().replace(b'="Data/', b'="../Data/'))
    return path


def test_a_scene_of_ones_own_may_take_files_from_elsewhere_which_is_told(own_scene, series):
    findings: list[st.Finding] = []
    scene = read_scene(own_scene, findings)
    assert [finding.code for finding in findings] == ["W-SCENE-OUTSIDE"]
    sequences = scene.GetNodesByClassByName("vtkMRMLSequenceNode", "DCE")
    sequences.UnRegister(None)
    assert (series_from_node(sequences.GetItemAsObject(0)).values == series.values).all()
    with pytest.warns(UserWarning, match="W-SCENE-OUTSIDE"):
        read_scene(own_scene)


def test_a_whole_scene_tells_nothing(scene_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read_scene(scene_path)


def test_nothing_of_a_scene_stays_in_the_temporary_folder(scene_path, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    scene = read_scene(scene_path)
    assert scene.GetNumberOfNodes() > 0
    (cache,) = tmp_path.iterdir()
    assert cache.name.startswith("spatiotemporal-scene-")
    del scene
    gc.collect()
    assert list(tmp_path.iterdir()) == []
