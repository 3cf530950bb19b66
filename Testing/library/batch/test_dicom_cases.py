"""A folder of DICOM files of several patients as the cases of a batch, called by nothing that names anybody."""

import numpy as np
import pytest
from library.io.dicom.dicom_phantom import header, save, write_classic
from library.io.dicom.segmentation_phantom import COLUMNS, ORIGIN, ROWS, SPACING, STEP, Written, blob, segmentation
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from SpatioTemporalLib import cli
from SpatioTemporalLib.batch import plan_batch, run_batch
from SpatioTemporalLib.errors import InputError

DYNAMIC = "kinetics.enhancement"
CT = "1.2.840.10008.5.1.4.1.1.2"
PIXELS = b"\xe0\x7f\x10\x00"
TIMES = tuple(5.0 * n for n in range(6))


def series(folder, patient, number, *, study=1, times=TIMES, day="20240229", sex="F", **changes):
    """A series of a patient whose name is in its headers and in the folder's name; contrast comes with time."""

    def edit(dataset, t, k):
        dataset.PatientName, dataset.PatientID = f"ZZPHI^{patient}", f"ZZPHI{patient}"
        dataset.PatientSex = sex
        dataset.StudyInstanceUID, dataset.SeriesNumber = f"1.2.{patient}.{study}", number
        dataset.SeriesInstanceUID, dataset.AcquisitionDate = f"1.2.{patient}.{study}.{number}", day
        dataset.ContrastBolusAgent = "ZZAGENT"
        dataset.PixelData = np.full((4, 5), 500 + 100 * t + k, np.uint16).tobytes()
        for keyword, value in changes.items():
            setattr(dataset, keyword, value)

    return write_classic(folder / f"ZZPHI_{patient}_{study}_{number}", edit, times=times, slices=(0.0, 3.0))


@pytest.fixture
def archive(tmp_path):
    """Two patients, one with a scout beside and with two series in one folder; a damaged file and a text."""
    folder = tmp_path / "ZZPHI_archive"
    series(folder, 1, 7)
    series(folder, 1, 2, times=(0.0,), FlipAngle=5)
    (folder / "mixed").mkdir()
    for place in (series(folder, 2, 4), series(folder, 2, 5, day="20240307", study=2)):
        for path in list(place.iterdir()):
            path.rename(folder / "mixed" / f"{place.name}{path.name}")
    (folder / "notes.txt").write_text("ZZPHI")
    whole = next((folder / "ZZPHI_1_1_7").iterdir()).read_bytes()
    (folder / "ZZPHI_damaged.dcm").write_bytes(whole[: whole.rindex(PIXELS)])
    return folder


def test_series_are_sorted_by_patient_and_day_and_the_rest_has_its_reason(archive, tmp_path):
    plan = plan_batch(DYNAMIC, archive, tmp_path / "out")
    columns = plan.table.columns
    assert sorted(zip(columns["series_number"], columns["session"])) == [("4", "day-0"), ("5", "day-7"), ("7", "day-0")]
    assert len(set(columns["participant_id"])) == 2 and plan.states == ["runs"] * 3
    assert [len(case.files) for case in plan.cases] == [2 * len(TIMES)] * 3
    assert plan.table.left_out[1:] == (("1 file", "damaged"), ("1 file", "no DICOM image"))
    what, why = plan.table.left_out[0]
    assert what.endswith("day-0, MR series 2") and "imaged once" in why
    assert "left out" in str(plan)
    # The same again, and with a patient more: nobody is called otherwise.
    series(archive, 3, 1)
    again = plan_batch(DYNAMIC, archive, tmp_path / "out")
    assert {case.name for case in plan.cases} < {case.name for case in again.cases}


def test_they_run_and_nothing_that_is_written_or_said_names_a_patient(archive, tmp_path, capsys):
    out = tmp_path / "out"
    broken = next(path for path in sorted((archive / "ZZPHI_1_1_7").iterdir()) if path.name.endswith("_21.dcm"))
    broken.unlink()
    words = ["batch", DYNAMIC, "--cases", str(archive), "--out", str(out), "--workers", "2"]
    assert cli.main([*words, "--preview"]) == 0 and not out.exists()
    code = cli.main(words)
    said = "".join(capsys.readouterr()).replace(str(archive), "").replace(str(tmp_path), "")
    assert code == 2 and "2 cases computed, 0 done before, 1 failed" in said and "ZZPHI" not in said
    assert "E-DICOM" in (out / "failures.csv").read_text()
    files = [path for path in out.rglob("*") if path.is_file()]
    written = said.encode() + b"".join(path.read_bytes() + path.name.encode() for path in files)
    assert b"ZZPHI" not in written and b"20240229" not in written
    assert not list(out.rglob(".sources"))
    rows = (out / "results.csv").read_text().splitlines()
    assert rows[0].startswith("case,participant_id,session,series_number") and len(rows) > 2
    assert plan_batch(DYNAMIC, archive, out).count("is done") == 2


def test_an_analysis_for_another_examination_is_told_why_nothing_suits(archive, tmp_path):
    with pytest.raises(InputError, match="contrast-enhanced MR.*not dynamic PET") as caught:
        plan_batch("kinetics.one_tissue", archive, tmp_path / "out")
    assert caught.value.code == "E-BATCH-CASES"


@pytest.mark.parametrize("content", [None, b"nothing of the kind", b"\0" * 128 + b"DICM" + b"\xff" * 40])
def test_a_folder_without_images_is_refused(tmp_path, content):
    (tmp_path / "empty").mkdir()
    if content is not None:
        (tmp_path / "empty/a.dcm").write_bytes(content)
    with pytest.raises(InputError, match="holds no DICOM image"):
        plan_batch(DYNAMIC, tmp_path / "empty", tmp_path / "out")


def test_copies_do_not_make_a_series_over_time_and_a_derived_one_stays_out(tmp_path):
    folder = tmp_path / "archive"
    volume = series(folder, 1, 3, times=(0.0,), FlipAngle=5)
    for path in list(volume.iterdir()):
        (folder / f"copy_{path.name}").write_bytes(path.read_bytes())
    series(folder, 1, 7)
    series(folder, 1, 8, ImageType=["DERIVED", "SECONDARY", "M"])
    plan = plan_batch(DYNAMIC, folder, tmp_path / "out")
    reasons = {what.rpartition(" ")[2]: why for what, why in plan.table.left_out}
    assert plan.table.columns["series_number"] == ["7"]
    assert "imaged once" in reasons["3"] and "originals" in reasons["8"]


def test_people_who_share_an_identifier_but_not_the_sex_are_two(tmp_path):
    series(tmp_path / "a", 1, 7)
    series(tmp_path / "a", 1, 8, sex="M", study=2)
    assert len(set(plan_batch(DYNAMIC, tmp_path / "a", tmp_path / "out").table.columns["participant_id"])) == 2


def visit(folder, patient, study, day, size, numbers=(3,)):
    """A CT of six slices in a folder with all others, and the segmentation that was drawn on its first series."""
    common = {"PatientID": f"ZZPHI{patient}", "StudyInstanceUID": f"1.2.{patient}.{study}", "AcquisitionDate": day}
    common |= {"FrameOfReferenceUID": "1.2.3.4", "StudyDate": day}
    mask = blob((1, 1, 1), size)
    for number in numbers:
        uid = f"1.2.{patient}.{study}.{number}"
        for k in range(6):
            slice_ = header(CT, Modality="CT", Rows=ROWS, Columns=COLUMNS, RescaleSlope=1, RescaleIntercept=-1000)
            slice_.ImagePositionPatient = [float(x) for x in ORIGIN + (0, 0, k * STEP)]
            slice_.ImageOrientationPatient, slice_.PixelSpacing = [1, 0, 0, 0, 1, 0], list(SPACING)
            slice_.SeriesInstanceUID, slice_.SeriesNumber, slice_.SliceThickness = uid, number, STEP
            for keyword, value in common.items():
                setattr(slice_, keyword, value)
            save(slice_, folder / f"{patient}{study}{number}{k}.dcm", (1000 + 50 * mask[k]).astype(np.uint16))
    drawn = segmentation([Written(1, "Lesion", mask)], **common, SeriesInstanceUID=f"1.2.{patient}.{study}.99")
    reference = Dataset()
    reference.SeriesInstanceUID = f"1.2.{patient}.{study}.{numbers[0]}"
    drawn.ReferencedSeriesSequence = Sequence([reference])
    save(drawn, folder / f"{patient}{study}_drawn.dcm")


def test_visits_of_a_patient_become_one_case_with_what_was_drawn_on_them(tmp_path):
    folder = tmp_path / "archive"
    visit(folder, 1, 1, "20240101", (2, 2, 2))
    visit(folder, 1, 2, "20240111", (3, 3, 3))
    visit(folder, 2, 1, "20240101", (2, 2, 2), numbers=(3, 4))
    visit(folder, 2, 2, "20240111", (2, 2, 2), numbers=(3, 4))
    plan = plan_batch("follow_up.lesions", folder, tmp_path / "out")
    (case,), ((_, why),) = plan.cases, plan.table.left_out
    assert plan.states == ["runs"] and why.startswith("no kind of volume is there once in each study")
    assert "CT series 4" in why and len(case.files) == 14
    outcome = run_batch(plan)
    assert outcome.whole, outcome
    table = (tmp_path / "out/results.csv").read_text()
    volume = np.prod(SPACING) * STEP / 1000
    assert ",10" in table and f"{27 * volume:.4f}"[:5] in table, table


def test_the_file_of_a_medium_stands_for_its_folder(archive, tmp_path):
    (archive / "DICOMDIR").write_bytes(b"an index")
    plan = plan_batch(DYNAMIC, archive / "DICOMDIR", tmp_path / "out")
    assert len(plan.cases) == 3 and len(plan.table.left_out) == 3
