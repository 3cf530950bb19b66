"""Names under which nothing can be written, or something lies that is no file."""

import os

import pytest

from SpatioTemporalLib import InputError, Table, write_table
from SpatioTemporalLib.io.output.folder import output_folder


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names on this system")
def test_a_pipe_a_device_and_a_folder_are_not_replaced(tmp_path):
    table = Table({"a": [1]})
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "folder.csv").mkdir()
    # By a link, lest a failure of this test takes the device from the machine.
    (tmp_path / "device.csv").symlink_to(os.devnull)
    for name in ("pipe", "folder", "device"):
        path = tmp_path / f"{name}.csv"
        before = os.lstat(path)
        with pytest.raises(InputError, match="E-OUTPUT-FILE"):
            write_table(path, table)
        assert os.lstat(path).st_ino == before.st_ino
    assert len(list(tmp_path.iterdir())) == 3


def test_names_that_no_system_has_are_told(tmp_path):
    with pytest.raises(InputError, match="E-WRITE"):
        write_table(tmp_path / "a\0b.csv", Table({"a": [1]}))
    with pytest.raises(InputError, match="E-PATH"), output_folder(tmp_path / "a\0b", "result"):
        pytest.fail("written")
