"""Folders of results: whole or not at all, and never over what is somebody else's."""

import json
import os
import shutil

import pytest

from SpatioTemporalLib.errors import InputError
from SpatioTemporalLib.io.output.folder import output_folder, require_free, working_folder
from SpatioTemporalLib.io.output.manifest import MANIFEST


def write(folder, kind="result", overwrite=False, **files):
    with output_folder(folder, kind, overwrite=overwrite) as new:
        for name, text in files.items():
            path = new / name.replace("__", "/")
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)


def content(folder):
    return {
        p.relative_to(folder).as_posix(): p.read_text() for p in folder.rglob("*") if p.is_file() and p.name != MANIFEST
    }


@pytest.fixture(params=["new", "empty", "deep", "link"])
def free(request, tmp_path):
    folder = tmp_path / "out"
    if request.param == "empty":
        folder.mkdir()
    if request.param == "deep":
        folder = tmp_path / "a" / "b" / "out"
    if request.param == "link":
        (tmp_path / "elsewhere").mkdir()
        folder.symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    return folder


def test_what_is_written_is_there_and_nothing_else(free):
    write(free, a="1", sub__b="2")
    assert content(free) == {"a": "1", "sub/b": "2"}
    assert sorted(p.name for p in free.iterdir()) == sorted([MANIFEST, "a", "sub"])
    assert not [p for p in free.resolve().parent.iterdir() if p.name.startswith(".")]


def test_a_failure_leaves_everything_as_it_was(free):
    before = sorted(os.listdir(free.parent)) if free.parent.exists() else None
    with pytest.raises(ZeroDivisionError), output_folder(free, "result") as new:
        (new / "a").write_text("half")
        raise ZeroDivisionError
    assert not free.exists() or not list(free.iterdir())
    assert (sorted(os.listdir(free.parent)) if free.parent.exists() else None) == before


def test_the_current_folder_can_be_the_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(".", a="1")
    assert content(tmp_path) == {"a": "1"}


def test_an_earlier_output_is_replaced_only_when_that_is_allowed(tmp_path):
    folder = tmp_path / "out"
    write(folder, a="1", sub__b="2")
    with pytest.raises(InputError, match="holds the results of an analysis already.*E-OUTPUT-EXISTS"):
        write(folder, c="3")
    assert content(folder) == {"a": "1", "sub/b": "2"}
    write(folder, overwrite=True, c="3")
    assert content(folder) == {"c": "3"} and not (folder / "sub").exists()


def test_files_that_are_not_ours_stay(tmp_path):
    folder = tmp_path / "out"
    write(folder, a="1", sub__b="2")
    (folder / "notes.txt").write_text("mine")
    (folder / "sub" / "mine").write_text("too")
    write(folder, overwrite=True, a="new", sub__c="3")
    assert content(folder) == {"notes.txt": "mine", "sub/mine": "too", "a": "new", "sub/c": "3"}


def test_files_in_the_way_are_not_replaced_and_the_output_is_kept_aside(tmp_path):
    folder = tmp_path / "out"
    write(folder, a="1")
    (folder / "b").write_text("mine")
    with pytest.raises(InputError, match=r"b there is not ours.*out \(2\).*E-OUTPUT-TAKEN"):
        write(folder, overwrite=True, a="new", b="new")
    assert content(folder) == {"a": "1", "b": "mine"}
    assert content(tmp_path / "out (2)") == {"a": "new", "b": "new"}


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("held", ["LICENSE", "docs/guide.md", "result.json", ".hidden"])
def test_a_folder_of_somebody_else_is_refused(tmp_path, held, overwrite):
    folder = tmp_path / "out"
    (folder / held).parent.mkdir(parents=True)
    (folder / held).write_text("mine")
    with pytest.raises(InputError, match="E-OUTPUT-FOREIGN") as told:
        write(folder, overwrite=overwrite, a="1")
    assert held.split("/")[0] in str(told.value) and content(folder) == {held: "mine"}


def test_an_output_of_another_kind_is_not_replaced(tmp_path):
    write(tmp_path / "out", "cohort", a="1")
    with pytest.raises(InputError, match="holds a cohort, not a bundle.*E-OUTPUT-FOREIGN"):
        write(tmp_path / "out", "bundle", overwrite=True, a="2")


def test_what_was_changed_since_is_not_lost(tmp_path):
    folder = tmp_path / "out"
    write(folder, a="1", b="2")
    (folder / "b").write_text("drawn by hand")
    with pytest.raises(InputError, match="1 file there changed since it was written, the first is b.*CHANGED"):
        write(folder, overwrite=True, a="new")
    (folder / "b").unlink()
    write(folder, overwrite=True, a="new")
    assert content(folder) == {"a": "new"}


@pytest.mark.parametrize(
    "files",
    [
        {"../victim": "x"},
        {"/victim": "x"},
        {"link/victim": "x"},
        {"a/../../victim": "x"},
        {"": "x"},
        {"a": 3},
        [],
        "no",
    ],
)
def test_a_list_that_names_what_lies_elsewhere_deletes_nothing(tmp_path, files):
    import hashlib

    victim = tmp_path / "victim"
    victim.write_text("mine")
    known = hashlib.sha256(b"mine").hexdigest()
    folder = tmp_path / "out"
    write(folder, a="1")
    (folder / "link").symlink_to(tmp_path, target_is_directory=True)
    if isinstance(files, dict):
        files = {name.replace("/victim", str(victim)) if name[:1] == "/" else name: known if s == "x" else s
                 for name, s in files.items()}  # fmt: skip
    manifest = json.loads((folder / MANIFEST).read_text()) | {"files": files}
    (folder / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(InputError):
        write(folder, overwrite=True, b="2")
    assert victim.read_text() == "mine" and (folder / "a").exists()


def test_a_file_instead_of_a_folder_is_told(tmp_path):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(InputError, match="is a file, not a folder.*E-OUTPUT-FILE"):
        write(tmp_path / "out", a="1")
    with pytest.raises(InputError, match="E-WRITE"):
        write(tmp_path / "out" / "below", a="1")
    assert (tmp_path / "out").read_text() == "mine"


def test_an_exchange_that_was_cut_off_is_completed(tmp_path):
    folder = tmp_path / "out"
    write(folder, old="1", both="1")
    write(tmp_path / "next", both="2", new="2")
    # As a process leaves it that dies when the earlier output is half taken away.
    shutil.move(tmp_path / "next", folder / ".finished-00000000-11111111")
    (folder / "old").unlink()
    with pytest.raises(InputError, match="E-OUTPUT-EXISTS"):
        write(folder, a="3")
    assert content(folder) == {"both": "2", "new": "2"}


def test_what_a_killed_process_left_is_swept_and_what_a_living_one_makes_is_not(tmp_path):
    folder = tmp_path / "out"
    with output_folder(folder, "result") as living:
        left = living.with_name(living.name[:-2] + "zz")
        left.mkdir()
        (left / "voxels").write_text("1")
        # Its lock lies there still, and nobody holds it.
        lock = left.with_name(f"{left.name}.lock")
        lock.write_text("")
        foreign = tmp_path / ".unfinished-somebody"
        foreign.mkdir()
        require_free(folder, "result", overwrite=False)
        assert living.is_dir() and foreign.exists() and not left.exists() and not lock.exists()


def test_working_folders_are_kept_and_known_again(tmp_path):
    folder = working_folder(tmp_path / "work", "training")
    (folder / "checkpoint.pt").write_text("1")
    assert working_folder(folder, "training") == folder and content(folder) == {"checkpoint.pt": "1"}
    with pytest.raises(InputError, match="E-OUTPUT-FOREIGN"):
        working_folder(folder, "regions")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").write_text("mine")
    with pytest.raises(InputError, match="E-OUTPUT-FOREIGN"):
        working_folder(tmp_path / "mine", "regions")


def test_half_written_files_of_long_ago_are_swept_from_working_folders(tmp_path):
    folder = working_folder(tmp_path / "work", "training")
    (folder / "fold1").mkdir()
    left, fresh, other = (
        folder / name for name in (f"fold1/.unfinished-{'0a' * 6}", f".unfinished-{'0b' * 6}", "mine")
    )
    for path in (left, fresh, other):
        path.write_text("1")
    for path in (left, other):
        os.utime(path, (0, 0))
    working_folder(folder, "training")
    assert not left.exists() and fresh.exists() and other.exists()


def test_errors_of_reading_are_not_said_to_be_of_writing(tmp_path):
    with pytest.raises(FileNotFoundError), output_folder(tmp_path / "out", "result"):
        (tmp_path / "input").read_text()


def test_a_link_to_itself_is_refused_at_the_start(tmp_path):
    loop = tmp_path / "loop"
    loop.symlink_to(loop.name)
    for begin in (lambda: require_free(loop, "result", overwrite=False), lambda: working_folder(loop, "regions")):
        with pytest.raises(InputError, match="E-OUTPUT-FILE"):
            begin()
    assert loop.is_symlink()


@pytest.mark.parametrize("listed", [False, True])
def test_what_looks_like_a_finished_output_replaces_nothing(tmp_path, listed):
    write(tmp_path / ".finished-0-0", **{"notes.txt": "theirs"})
    if not listed:
        (tmp_path / ".finished-0-0" / MANIFEST).unlink()
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="E-OUTPUT-TAKEN" if listed else "E-OUTPUT-FOREIGN"):
        require_free(tmp_path, "result", overwrite=True)
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_what_was_changed_before_an_exchange_is_completed_is_not_lost(tmp_path):
    out = tmp_path / "out"
    write(out, **{"a.txt": "old"})
    write(tmp_path / "new", **{"a.txt": "new"})
    shutil.move(tmp_path / "new", out / ".finished-0-0")
    (out / "a.txt").write_text("mine")
    with pytest.raises(InputError, match="E-OUTPUT-TAKEN"):
        require_free(out, "result", overwrite=True)
    assert (out / "a.txt").read_text() == "mine" and (tmp_path / "out (2)" / "a.txt").read_text() == "new"
