"""Visits brought onto the first one: known motions, real lungs, every way in."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from library.steps.follow_up.test_visit_registration import FIRST, FIXED, MOVED, lung

import SpatioTemporalLib as st
from SpatioTemporalLib.cli import main
from SpatioTemporalLib.workers.worker_client import Worker

ID = "follow_up.registration"


def patient(*images):
    return st.FollowUp("p1", tuple(st.Visit(180.0 * n, {"image": image}) for n, image in enumerate(images)))


@pytest.fixture(scope="module")
def result():
    return st.run(ID, visits=patient(FIXED, MOVED, FIXED), metric="mean_squares")


def test_known_motion_is_undone_for_every_later_visit(result):
    assert list(result) == ["registered_2", "registered_3", "quality", "motion"]
    for name in ("registered_2", "registered_3"):
        assert result[name].geometry.matches(FIRST) and result[name].unit == "a.u."
        shown = result[name].values[8:16, 16:32, 16:32]
        assert np.abs(shown - FIXED.values[8:16, 16:32, 16:32]).mean() < 0.05 * FIXED.values.std()


def test_quality_has_a_row_for_each_later_visit(result):
    columns = result.quality.columns
    assert columns["day"] == [180, 360] and columns["verdict"] == ["can be used"] * 2
    assert columns["likeness after"][0] > columns["likeness before"][0]
    # 8° and 10 mm move the voxels of this grid by about 10 mm on average; the third visit is the first again.
    assert 5 < columns["mean displacement"][0] < 20 and columns["mean displacement"][1] < 0.2
    assert columns["smallest volume change"] == pytest.approx([1, 1], abs=1e-6)
    assert columns["overlap"][1] == pytest.approx(100)
    assert result.quality.units["mean displacement"] == "mm"


def test_what_is_doubtful_is_in_the_verdict_and_among_the_findings():
    part = st.Map(FIXED.values[:8], st.Geometry((8, 48, 48), FIRST.affine), "a.u.", "slab")
    found = st.run(ID, visits=patient(FIXED, part), metric="mean_squares")
    assert "W-REGISTRATION-OVERLAP" in [finding.code for finding in found.findings]
    assert "of the first visit only" in found.quality.columns["verdict"][0]
    assert "visit at day 180" in str(found.findings[0])


def test_outside_is_air_in_hounsfield_units_and_zero_otherwise():
    part = st.Map(FIXED.values[:12], st.Geometry((12, 48, 48), FIRST.affine), "a.u.", "slab")
    for unit, air in (("HU", -1024), ("a.u.", 0)):
        images = (replace(image, unit=unit) for image in (FIXED, part))
        found = st.run(ID, visits=patient(*images), metric="mean_squares")
        assert (found.registered_2.values[20:] == air).all()


def test_region_drawn_on_another_grid_is_used_and_told():
    fine = st.Geometry.from_spacing((30, 60, 60), (1.0, 1.0, 2.0), (-30.0, -30.0, -30.0))
    region = st.LabelMap(np.ones(fine.shape, np.uint8), fine, name="lung")
    found = st.run(ID, visits=patient(FIXED, MOVED), region=region, metric="mean_squares")
    assert "R-MASK-GRID" in [finding.code for finding in found.findings]
    assert found.quality.columns["likeness after"][0] > found.quality.columns["likeness before"][0]
    assert set(found.provenance.inputs) == {"visits", "region"}


def test_single_visit_and_visits_with_gaps_are_refused():
    holes = replace(MOVED, values=np.where(MOVED.values > 100, np.nan, MOVED.values))
    for images, code in (((FIXED,), "E-VISITS"), ((FIXED, holes), "E-NOT-FINITE")):
        with pytest.raises(st.InputError) as caught:
            st.run(ID, visits=patient(*images))
        assert caught.value.code == code


def test_progress_rises_over_all_visits():
    heard = []
    context = st.Context(report=lambda fraction, message: heard.append(fraction))
    st.run(ID, context=context, visits=patient(FIXED, MOVED, FIXED), metric="mean_squares")
    assert heard == sorted(heard) and sum(0.05 < fraction < 0.45 for fraction in heard) > 2


def test_worker_gives_the_same_numbers(result):
    worker = Worker()
    visits = patient(FIXED, MOVED, FIXED)
    try:
        last = worker.wait(worker.submit(ID, {"visits": visits}, {"metric": "mean_squares"}), timeout=120)[-1]
    finally:
        worker.close()
    assert last.result is not None, last.text
    np.testing.assert_array_equal(last.result.registered_2.values, result.registered_2.values)
    assert last.result.quality.columns == result.quality.columns


def test_scene_pictures_and_dicom_of_a_registration_are_written(tmp_path, capsys):
    for n, image in enumerate((FIXED, MOVED)):
        st.write_map(tmp_path / f"mr{n}.nii.gz", image)
    words = ["run", ID, "--visits", tmp_path / "mr0.nii.gz", tmp_path / "mr1.nii.gz", "--visits-days", "0,90"]
    words += [
        "--dicom",
        "--metric",
        "mean_squares",
        "--out",
        tmp_path / "out",
        "--scene",
        tmp_path / "out" / "scene.mrb",
    ]
    assert main([str(word) for word in words]) == 0, capsys.readouterr().err
    written = {str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert {"scene.mrb", "maps.png", "registered_2.nii.gz", "dicom/registered_2.dcm", "quality.csv"} <= written


def test_real_lungs_are_registered_from_the_command_line(tmp_path, worst_error, capsys):
    """The landmarks of the two visits are much closer afterwards, and the lungs lie on one another."""
    (baseline, here), (followup, there) = lung("baseline"), lung("followup")
    st.write_map(tmp_path / "baseline.nii.gz", baseline)
    st.write_map(tmp_path / "followup.nii.gz", followup)
    words = ["run", ID, "--visits", tmp_path / "baseline.nii.gz", tmp_path / "followup.nii.gz"]
    words += ["--visits-days", "0,365", "--metric", "mean_squares", "--outside", "15", "--out", tmp_path / "out"]
    assert main([str(word) for word in words]) == 0, capsys.readouterr().err
    registered = st.read_map(tmp_path / "out" / "registered_2.nii.gz")
    quality = st.read_table(tmp_path / "out" / "quality.csv").columns
    assert registered.geometry.matches(baseline.geometry)
    assert quality["verdict"] == ["can be used"] and quality["day"] == [365]
    inside, moved = baseline.values < 0, registered.values < 0
    dice = 2 * np.count_nonzero(inside & moved) / (np.count_nonzero(inside) + np.count_nonzero(moved))
    assert dice > 0.85
    motion = st.read_table(tmp_path / "out" / "motion.csv").columns
    matrix = np.array([[motion[f"m{r}{c}"][0] for c in range(1, 5)] for r in range(1, 4)])
    before, after = (
        np.linalg.norm(marks - there, axis=1).mean() for marks in (here, here @ matrix[:, :3].T + matrix[:, 3])
    )
    worst_error("lung landmarks, rigid by command", after, 7.0, "mm")
    assert before == pytest.approx(34.9, abs=0.1) and after < 7.0
