"""Visits, points, reports and several images of one output, from the declaration to every way in."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from library.kinds import every_kind
from library.other_packages import installed, known
from library.small.inputs import two_visits

import SpatioTemporalLib as st
from SpatioTemporalLib import cli
from SpatioTemporalLib.declare import Input, Output, analysis
from SpatioTemporalLib.io.output.results import write_result
from SpatioTemporalLib.workers.worker_client import Worker

EVERY_KIND = every_kind.every_kind.declaration
POINT = st.Point((-12.5, 30.0, 41.0), "nodule")
REGION = st.LabelMap(np.ones((2, 2, 2), np.uint8), st.Geometry.from_spacing((2, 2, 2)), name="elsewhere")


@pytest.fixture
def visits():
    return two_visits()


@pytest.fixture
def id():
    with known(EVERY_KIND) as name:
        yield name


def test_each_of_several_outputs_has_its_suffix_grid_display_and_help(id, visits):
    result = st.run(id, visits=visits, point=POINT, region=REGION)
    assert list(result) == ["brighter_1", "brighter_2", "lesion_1", "lesion_2", "visits_table", "report"]
    for n, visit in enumerate(visits.visits, start=1):
        image = visit.images["image"]
        assert result[f"brighter_{n}"].geometry.matches(image.geometry)
        np.testing.assert_array_equal(result[f"brighter_{n}"].values, image.values + 1)
        assert result[f"lesion_{n}"].name == f"lesion_{n}"
        assert result.displays[f"brighter_{n}"].symbol == f"HU+1 {n}"
    assert result.helps["lesion_2"] == "The mask of each visit."
    assert "R -12.5, A 30, S 41" in result.report.html


def test_no_masks_give_no_optional_outputs(id, visits):
    bare = replace(visits, visits=tuple(replace(visit, masks={}) for visit in visits.visits))
    assert not st.run(id, visits=bare).of_kind(st.LabelMap)


def test_identity_follows_every_voxel_every_day_and_the_point(id, visits):
    def hashes(visits, point=POINT):
        return {
            name: facts["sha256"] for name, facts in st.run(id, visits=visits, point=point).provenance.inputs.items()
        }

    same = hashes(visits)
    assert hashes(two_visits()) == same
    first, second = visits.visits
    values = second.images["image"].values.copy()
    values[0, 0, 0] += 1
    changed = replace(second, images={"image": replace(second.images["image"], values=values)})
    mask = replace(second.mask, values=np.zeros_like(second.mask.values))
    for other in (changed, replace(second, days=91.0), replace(second, masks={"lesion": mask})):
        assert hashes(replace(visits, visits=(first, other)))["visits"] != same["visits"]
    assert hashes(visits, st.Point((0, 0, 0)))["point"] != same["point"]


def renamed(visits, name):
    """The same visits, their image under another name beside a second one."""
    return replace(
        visits,
        visits=tuple(replace(v, images={name: v.images["image"], "other": v.images["image"]}) for v in visits.visits),
    )


@pytest.mark.parametrize(
    "change, code, words",
    [
        (lambda v: replace(v, visits=v.visits[:1]), "E-VISITS", "2 visits or more are needed, found 1"),
        (lambda v: renamed(v, "ct"), "E-VISIT-IMAGE", "no image called image (it has ct, other)"),
        (lambda v: v.visits[0].images["image"], "E-INPUT-KIND", "must be a FollowUp"),
        (
            lambda v: replace(v, visits=tuple(_in(visit, "a.u.") for visit in v.visits)),
            "E-INPUT-UNIT",
            "must be in HU, found a.u.",
        ),
        (lambda v: replace(v, visits=(v.visits[0], _in(v.visits[1], "a.u."))), "E-INPUT-UNIT", "one unit"),
        (lambda v: replace(v, visits=(v.visits[0], _empty(v.visits[1]))), "E-NO-VALUES", "no voxel"),
        (
            lambda v: replace(v, visits=(v.visits[0], replace(v.visits[1], masks=v.visits[0].masks))),
            "E-GEO-PLACE",
            "lesion of the visit at day 90",
        ),
    ],
)
def test_visits_that_do_not_fit_are_refused(id, visits, change, code, words):
    with pytest.raises(st.InputError) as caught:
        st.run(id, visits=change(visits))
    assert caught.value.code == code and words in str(caught.value)


def _in(visit, unit):
    return replace(visit, images={"image": replace(visit.images["image"], unit=unit)})


def _empty(visit):
    image = visit.images["image"]
    return replace(visit, images={"image": replace(image, values=np.full(image.values.shape, np.nan))})


def test_only_image_of_each_visit_may_have_any_name(id, visits):
    named = replace(visits, visits=tuple(replace(v, images={"ct": v.images["image"]}) for v in visits.visits))
    assert len(st.run(id, visits=named).of_kind(st.Map)) == 2


def test_gaps_in_a_visit_are_told(id, visits):
    values = visits.visits[1].images["image"].values.copy()
    values[0, 0, :3] = np.nan
    image = replace(visits.visits[1].images["image"], values=values)
    gaps = replace(visits, visits=(visits.visits[0], replace(visits.visits[1], images={"image": image})))
    (finding,) = st.run(id, visits=gaps).findings
    assert finding.code == "W-NONFINITE" and "3 voxels" in str(finding) and "day 90" in str(finding)


@pytest.mark.parametrize("ras", [(1, 2), (1, 2, np.nan), "nowhere", None])
def test_point_needs_three_finite_coordinates(ras):
    with pytest.raises(st.InputError) as caught:
        st.Point(ras)
    assert caught.value.code == "E-POINT"


def test_arrays_cannot_stand_for_several_outputs():
    @analysis(
        id="dummy.arrays",
        title="Arrays",
        citation="own definition",
        inputs=[Input("image", st.Map, help="Any.")],
        outputs=[Output("parts", st.Map, "1", help="Any.", several=True)],
    )
    def arrays(image, *, parameters, context):
        """Arrays."""
        return {"parts": {"a": image.values}}

    with known(arrays.declaration) as name, pytest.raises(TypeError, match="parts_a"):
        st.run(name, image=st.Map(np.ones((2, 2, 2)), REGION.geometry, "1"))


def test_result_is_written_with_each_image_and_the_page(id, visits, tmp_path):
    files = write_result(st.run(id, visits=visits, point=POINT), tmp_path)
    names = ["brighter_1.nii.gz", "brighter_2.nii.gz", "lesion_1.nii.gz", "lesion_2.nii.gz", "visits_table.csv"]
    assert [file.name for file in files] == [*names, "report.html", "result.json"]
    assert (tmp_path / "report.html").read_text(encoding="utf-8").endswith("é everywhere</p>")
    summary = json.loads((tmp_path / "result.json").read_text())
    assert summary["outputs"]["report"] == {"file": "report.html", "kind": "Report", "meaning": "What was seen."}
    assert summary["provenance"]["inputs"]["visits"]["days"] == [0.0, 90.0]


def test_worker_gives_what_this_process_gives(id, visits, tmp_path):
    source = Path(every_kind.__file__).read_text(encoding="utf-8")
    worker = Worker(paths=[installed(tmp_path, "every_kind_package", source)])
    inputs = {"visits": visits, "point": POINT, "region": REGION}
    try:
        last = worker.wait(worker.submit(id, inputs, {}), timeout=60)[-1]
    finally:
        worker.close()
    here, there = st.run(id, **inputs), last.result
    assert there is not None, last.text
    assert list(there) == list(here) and there.report == here.report
    assert there.provenance.inputs == here.provenance.inputs and there.displays == here.displays
    for name in here.of_kind(st.Map) | here.of_kind(st.LabelMap):
        np.testing.assert_array_equal(there[name].values, here[name].values)
        assert there[name].geometry.matches(here[name].geometry)


@pytest.fixture
def files(visits, tmp_path):
    """The visits as files, the mask of the first among them."""
    for n, visit in enumerate(visits.visits):
        st.write_map(tmp_path / f"ct{n}.nii.gz", visit.images["image"])
        st.write_labels(tmp_path / f"lesion{n}.nii.gz", visit.mask)
    return tmp_path


def run(capsys, *words):
    code = cli.main(["run", "dummy.every_kind", *(str(word) for word in words)])
    return code, capsys.readouterr()


@pytest.mark.parametrize("joined", [True, False])
def test_command_line_takes_visits_masks_days_and_a_negative_point(id, files, capsys, joined):
    point = ["--point=-12.5,30,41"] if joined else ["--point", "-12.5,30,41"]
    masks = f"-,{files / 'lesion1.nii.gz'}"
    words = ["--visits", files / "ct0.nii.gz", files / "ct1.nii.gz", "--visits-days", "0,90", "--visits-masks", masks]
    code, printed = run(capsys, *words, *point, "--out", files / "out")
    assert code == 0, printed.err
    assert {"brighter_2.nii.gz", "lesion_2.nii.gz"} <= {f.name for f in (files / "out").iterdir()}
    assert not (files / "out" / "lesion_1.nii.gz").exists()
    assert "R -12.5, A 30, S 41" in (files / "out" / "report.html").read_text(encoding="utf-8")
    assert st.read_table(files / "out" / "visits_table.csv").columns["day"] == [0, 90]


def test_command_line_takes_a_participant_of_a_cohort(id, files, capsys):
    (files / "participants.csv").write_text("participant_id\n007\n008\n")
    (files / "timepoints.csv").write_text(
        "participant_id,days,image:ct [HU],mask:lesion\n007,0,ct0.nii.gz,lesion0.nii.gz\n007,90,ct1.nii.gz,\n008,0,,\n"
    )
    code, printed = run(capsys, "--visits", f"{files}:007", "--out", files / "out")
    assert code == 0, printed.err
    written = {f.name for f in (files / "out").iterdir()}
    assert "lesion_1.nii.gz" in written and "lesion_2.nii.gz" not in written
    code, printed = run(capsys, "--visits", f"{files}:9", "--out", files / "other")
    assert code != 0 and "E-CASE" in printed.err and "007, 008" in printed.err
    code, printed = run(capsys, "--visits", f"{files}:007", "--visits-days", "0,1", "--out", files / "other")
    assert code != 0 and "--visits-days" in printed.err


@pytest.mark.parametrize(
    "words, code",
    [
        ([], "E-VISIT-DAYS"),
        (["--visits-days", "0"], "E-VISIT-DAYS"),
        (["--visits-days", "0,soon"], "E-NUMBERS"),
        (["--visits-days", "90,0"], "E-VISIT-ORDER"),
        (["--visits-days", "0,90", "--visits-masks", "-"], "E-VISIT-DAYS"),
        (["--visits-days", "0,90", "--point", "here"], "E-POINT"),
    ],
)
def test_command_line_says_what_is_wrong_with_visits(id, files, capsys, words, code):
    given = ["--visits", files / "ct0.nii.gz", files / "ct1.nii.gz", *words, "--out", files / "out"]
    failed, printed = run(capsys, *given)
    assert failed != 0 and code in printed.err
    assert not (files / "out").exists()


@pytest.mark.parametrize("option", [["--visits-unit", "HU"], ["--unit", "visits=HU"]])
def test_unit_is_given_where_the_files_do_not_say_it(id, files, capsys, option):
    import nibabel

    for n in range(2):
        nibabel.Nifti1Image(np.arange(24, dtype=np.float32).reshape(4, 3, 2), np.eye(4)).to_filename(
            files / f"plain{n}.nii"
        )
    given = ["--visits", files / "plain0.nii", files / "plain1.nii", "--visits-days", "0,1"]
    failed, printed = run(capsys, *given, "--out", files / "out")
    assert failed != 0 and "--visits-unit HU" in printed.err
    code, printed = run(capsys, *given, *option, "--out", files / "out")
    assert code == 0, printed.err


def test_image_of_a_cohort_is_chosen_by_its_name(id, files, capsys):
    (files / "participants.csv").write_text("participant_id\na\n")
    (files / "timepoints.csv").write_text(
        "participant_id,days,image:ct [HU],image:pet [HU]\na,0,ct0.nii.gz,\na,90,ct1.nii.gz,lesion1.nii.gz\n"
    )
    failed, printed = run(capsys, "--visits", f"{files}:a", "--out", files / "out")
    assert failed != 0 and "E-VISIT-IMAGE" in printed.err and "ct, pet" in printed.err
    code, printed = run(capsys, "--visits", f"{files}:a", "--visits-image", "ct", "--out", files / "out")
    assert code == 0, printed.err


def test_describe_says_how_many_visits_and_outputs(id, capsys):
    assert cli.main(["describe", id]) == 0
    text = capsys.readouterr().out
    assert (
        "visits (FollowUp [HU], required, 2 visits or more)" in text
        and "region (LabelMap, optional, on any grid)" in text
    )
    assert "brighter_… (Map [HU])" in text
