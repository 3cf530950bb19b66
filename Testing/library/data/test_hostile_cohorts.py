"""Tables of a cohort that name what is no image, or lies elsewhere: nothing else is opened, hashed or told of."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

import SpatioTemporalLib as st
from SpatioTemporalLib.io.cohort import images as cohort_images

GRID = st.Geometry.from_spacing((2, 3, 4))


def image(path: Path, value: float = 0.0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    st.write_map(path, st.Map(np.full(GRID.shape, value, np.float32), GRID, "HU", "ct"))
    return path


def cohort(folder: Path, *cells: str, headings: str = "participant_id,days,image:ct [HU]") -> Path:
    """A participant a cell."""
    folder.mkdir(parents=True, exist_ok=True)
    people = "".join(f"p{n}\n" for n in range(len(cells)))
    (folder / "participants.csv").write_text(f"participant_id\n{people}")
    rows = "".join(f"p{n},0,{cell}\n" for n, cell in enumerate(cells))
    (folder / "timepoints.csv").write_text(f"{headings}\n{rows}")
    return folder


def refused(folder: Path) -> st.InputError:
    with pytest.raises(st.InputError) as caught:
        st.read_cohort(folder)
    return caught.value


def test_images_outside_the_study_are_read_and_told(tmp_path):
    image(tmp_path / "study" / "a.nii.gz", 1)
    outside = image(tmp_path / "elsewhere" / "b.nii.gz", 2)
    read = st.read_cohort(cohort(tmp_path / "study", "a.nii.gz", str(outside)))
    (finding,) = read.findings
    assert finding.code == "W-COHORT-OUTSIDE" and "1 image lies" in str(finding) and "row 3" in str(finding)
    assert read.case(1).visits[0].images["ct"].values.max() == 2


def test_a_link_out_of_the_study_lies_outside(tmp_path):
    outside = image(tmp_path / "elsewhere" / "b.nii.gz", 2)
    folder = cohort(tmp_path / "study", "link.nii.gz")
    os.symlink(outside, folder / "link.nii.gz")
    assert [finding.code for finding in st.read_cohort(folder).findings] == ["W-COHORT-OUTSIDE"]


def test_images_of_the_study_tell_nothing(tmp_path):
    image(tmp_path / "study" / "images" / "a.nii.gz")
    assert st.read_cohort(cohort(tmp_path / "study", "images/a.nii.gz")).findings == ()


@pytest.mark.parametrize("name", ["secret.txt", "key", "id_rsa", ".hidden"])
def test_what_is_no_image_is_refused_and_neither_sized_nor_hashed(tmp_path, monkeypatch, name):
    for person in ("one", "two"):
        (tmp_path / person).mkdir()
        (tmp_path / person / name).write_text("the same secret")
    hashed = []
    monkeypatch.setattr(cohort_images, "_digest", lambda path: hashed.append(path) or "same")
    error = refused(cohort(tmp_path / "study", f"../one/{name}", f"../two/{name}"))
    assert error.code == "E-FILE-KIND" and "is no image" in str(error)
    assert hashed == [] and "secret'" not in str(error) and "the same" not in str(error)


def test_nothing_but_images_of_a_folder_is_sized_or_hashed(tmp_path, monkeypatch):
    for person in ("one", "two"):
        (tmp_path / person / "inner").mkdir(parents=True)
        (tmp_path / person / "inner" / "letter.doc").write_text("the same letter")
        (tmp_path / person / "a.dcm").write_bytes(bytes(200))
        (tmp_path / person / "b").write_bytes(bytes(128) + b"DICM" + bytes(60))
    hashed = []
    monkeypatch.setattr(cohort_images, "_digest", lambda path: hashed.append(path.name) or path.name)
    assert refused(cohort(tmp_path / "study", "../one", "../two")).code == "E-LEAK"
    assert sorted(set(hashed)) == ["a.dcm", "b"]


def test_a_folder_without_images_is_refused_without_its_names(tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "diary.txt").write_text("secret")
    error = refused(cohort(tmp_path / "study", "../home"))
    assert error.code == "E-FILE-KIND" and "holds no DICOM image" in str(error) and "diary" not in str(error)


def test_a_disk_is_no_folder_of_a_series(tmp_path, monkeypatch):
    monkeypatch.setattr(cohort_images, "MOST_FILES", 10)
    for n in range(4):
        (tmp_path / "disk" / str(n)).mkdir(parents=True)
        for m in range(4):
            (tmp_path / "disk" / str(n) / f"{m}.dcm").write_bytes(b"x")
    assert "more than 10 files" in str(refused(cohort(tmp_path / "study", "../disk")))


def test_a_loop_of_links_ends(tmp_path):
    (tmp_path / "loop").mkdir()
    os.symlink(tmp_path / "loop", tmp_path / "loop" / "again")
    assert refused(cohort(tmp_path / "study", "../loop")).code == "E-FILE-KIND"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes in folders here")
@pytest.mark.parametrize("cell", ["pipe.nii.gz", "folder", "/dev/zero", "/dev/null"])
def test_pipes_and_devices_are_not_opened(tmp_path, cell):
    folder = cohort(tmp_path / "study", cell)
    (folder / "folder").mkdir()
    os.mkfifo(folder / "pipe.nii.gz")
    os.mkfifo(folder / "folder" / "pipe.dcm")
    assert refused(folder).code == "E-FILE-KIND"


@pytest.mark.parametrize("cell", ["x" * 5000, "a/" * 3000, "http://host/a.nii", "\x1b[2Jgone.nii", "\u202e.nii"])
def test_names_that_no_file_can_have_are_told(tmp_path, cell):
    error = refused(cohort(tmp_path / "study", cell))
    assert error.code == "E-FILE-MISSING" and len(str(error)) < 600
    assert str(error).replace("\n", "").isprintable()


def test_an_image_that_is_gone_later_is_told(tmp_path):
    path = image(tmp_path / "study" / "a.nii.gz")
    read = st.read_cohort(cohort(tmp_path / "study", "a.nii.gz"))
    assert "a.nii.gz" in read.identity(0)
    path.unlink()
    with pytest.raises(st.InputError, match="E-FILE-MISSING"):
        read.identity(0)
    with pytest.raises(st.InputError, match="E-FILE-MISSING"):
        read.case(0)


@pytest.mark.parametrize("days", ["1e300", "inf", "nan", "1_0", "0x10", "9" * 500, "-1e9"])
def test_days_that_nobody_lives_are_told(tmp_path, days):
    folder = cohort(tmp_path / "study", "")
    (folder / "timepoints.csv").write_text(f"participant_id,days\np0,{days}\n")
    assert refused(folder).code in ("E-DATE", "E-VISIT-ORDER")


@pytest.mark.parametrize("heading", ["age [y],age [m]", "image:ct [HU],image:ct [a.u.]", "image [HU],image:image [HU]"])
def test_columns_of_the_same_name_are_told(tmp_path, heading):
    folder = cohort(tmp_path / "study", "")
    (folder / "timepoints.csv").write_text(f"participant_id,days,{heading}\np0,0,,\n")
    assert refused(folder).code == "E-TABLE-HEADING"


def test_endless_cells_make_no_endless_message(tmp_path):
    folder = cohort(tmp_path / "study", "")
    (folder / "participants.csv").write_text("participant_id\n" + "p" * 90_000 + "\n\x1b[31mq\n")
    text = str(refused(folder))
    assert len(text) < 5000 and "\x1b" not in text


def test_whole_numbers_of_any_size_stay_numbers(tmp_path):
    folder = cohort(tmp_path / "study", "")
    (folder / "participants.csv").write_text("participant_id,dose\np0,1e300\n")
    (folder / "timepoints.csv").write_text("participant_id,days\np0,0\n")
    assert st.read_cohort(folder).participants.columns["dose"] == [1e300]
