"""What is handed between processes is seen by nobody else, and swept away when its owner was killed."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time

import pytest

from SpatioTemporalLib.errors import InputError
from SpatioTemporalLib.system import owner_lock, private_folder
from SpatioTemporalLib.system.private_folder import LOCK, OLD, PREFIX, PrivateFolder, sweep
from SpatioTemporalLib.workers.worker_client import Worker

posix = pytest.mark.skipif(os.name != "posix", reason="permissions and locks of POSIX")
OWNER = """
import sys, time
from SpatioTemporalLib.system.private_folder import PrivateFolder
folder = PrivateFolder("jobs")
(folder.path / "voxels.npy").write_bytes(b"voxels")
print(folder.path, flush=True)
time.sleep(60)
"""


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setattr(private_folder.tempfile, "tempdir", str(tmp_path))
    return tmp_path


def left(place, name: str, age: float = 0.0, lock: bool = True):
    folder = place / name
    folder.mkdir()
    (folder / "voxels.npy").write_bytes(b"voxels")
    if lock:
        (folder / LOCK).touch()
    then = time.time() - age
    os.utime(folder, (then, then))
    return folder


@posix
def test_only_the_user_can_look_into_it(place):
    worker = Worker()
    try:
        assert stat.S_IMODE(worker._root.stat().st_mode) == 0o700
        assert worker._root.parent == place and worker._root.name.startswith(f"{PREFIX}jobs-")
        assert stat.S_IMODE((worker._root / LOCK).stat().st_mode) == 0o600
    finally:
        worker.close()
    assert list(place.iterdir()) == []


@posix
def test_the_folder_of_a_killed_owner_is_swept_at_the_next_start_and_not_before(place):
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER], stdout=subprocess.PIPE, text=True, env={**os.environ, "TMPDIR": str(place)}
    )
    folder = place / os.path.basename(owner.stdout.readline().strip())
    assert sweep() == [] and (folder / "voxels.npy").exists()
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    fresh = PrivateFolder("jobs")
    assert list(place.iterdir()) == [fresh.path]
    fresh.remove()
    fresh.remove()
    assert list(place.iterdir()) == []


@posix
def test_only_what_is_ours_is_swept(place, monkeypatch):
    elsewhere = left(place, "patients")
    (place / f"{PREFIX}jobs-link").symlink_to(elsewhere)
    kept = [left(place, "other-jobs-1"), left(place, f"{PREFIX}jobs-new", lock=False), elsewhere]
    (place / f"{PREFIX}jobs-file").write_text("a file")
    assert sweep() == []
    assert all((folder / "voxels.npy").exists() for folder in kept)
    stranger = left(place, f"{PREFIX}jobs-stranger")
    monkeypatch.setattr(private_folder.os, "getuid", lambda: os.geteuid() + 1)
    assert sweep() == [] and stranger.exists()


@posix
def test_a_lock_that_is_a_link_is_not_followed(place):
    folder = left(place, f"{PREFIX}jobs-odd", lock=False)
    (place / "target").touch()
    (folder / LOCK).symlink_to(place / "target")
    assert sweep() == [] and folder.exists()


def test_old_folders_of_earlier_versions_are_swept(place):
    old = left(place, f"{PREFIX}jobs-old", age=OLD + 60, lock=False)
    scene = left(place, f"{PREFIX}scene-old", age=OLD + 60, lock=False)
    assert sweep() == [old, scene]
    assert not old.exists() and not scene.exists()


def test_a_temporary_folder_that_cannot_be_written_to_is_told(place, monkeypatch):
    monkeypatch.setattr(private_folder.tempfile, "tempdir", str(place / "gone"))
    with pytest.raises(InputError, match="gone.*E-TEMPORARY"):
        Worker()


def test_a_folder_that_was_taken_away_is_made_again(place):
    folder = PrivateFolder("jobs")
    folder.remove()
    folder.again()
    assert folder.path.is_dir()


@posix
def test_a_program_that_ends_takes_its_folder_with_it_and_its_copies_do_not(place):
    program = """
import os
from SpatioTemporalLib.system.private_folder import PrivateFolder
folder = PrivateFolder("jobs")
if os.fork() == 0:
    raise SystemExit
os.wait()
assert folder.path.is_dir()
print("there")
"""
    environment = {**os.environ, "TMPDIR": str(place)}
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=True)
    assert ended.stdout == "there\n"
    assert list(place.iterdir()) == []


@posix
def test_a_lock_is_held_from_the_moment_it_is_there(place, monkeypatch):
    seen = []
    renamed = os.rename

    def look(source, target):
        seen.append(sweep())
        renamed(source, target)
        seen.append(sweep())

    monkeypatch.setattr(owner_lock.os, "rename", look)
    folder = PrivateFolder("jobs")
    assert seen == [[], []] and folder.path.is_dir()
    folder.remove()
