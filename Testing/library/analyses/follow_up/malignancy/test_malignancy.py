"""Malignancy from two visits: the number is the network's, wherever it is asked and however the nodule was marked."""

from dataclasses import replace

import numpy as np
import pytest
from library.analyses.follow_up.malignancy.assessed_patient import (
    ANALYSIS,
    QUICK,
    assessed,
    batch_by_hand,
    codes_of,
    difference,
    probability,
)
from library.command_line.commands import run

import SpatioTemporalLib as st
from SpatioTemporalLib.context import Context
from SpatioTemporalLib.io import read_participant
from SpatioTemporalLib.networks.bundle.reading import read_bundle
from SpatioTemporalLib.simulation.nodule_cohort import write_nodule_cohort
from SpatioTemporalLib.steps.follow_up.visit_crops import centres_of
from SpatioTemporalLib.workers.worker_client import Worker


@pytest.fixture(scope="module")
def larger(tmp_path_factory):
    """One patient with enough of the chest around the nodule for a registration."""
    folder = tmp_path_factory.mktemp("larger")
    write_nodule_cohort(folder, 1, Context(seed=3), extent=(70.0, 70.0, 50.0))
    return read_participant(folder, "nodule1")


def unmarked(visits: st.FollowUp, *numbers: int) -> st.FollowUp:
    """The visits with nothing that says where the nodule is at some of them."""
    return replace(
        visits,
        visits=tuple(
            replace(
                visit, masks={}, covariates={k: v for k, v in visit.covariates.items() if not k.startswith("centre_")}
            )
            if n in numbers
            else visit
            for n, visit in enumerate(visits.visits)
        ),
    )


def without_covariates(visits: st.FollowUp) -> st.FollowUp:
    return replace(visits, visits=tuple(replace(visit, covariates={}) for visit in visits.visits))


def test_probability_is_the_calibrated_mean_of_the_logits(result, visits, ensemble):
    bundle = read_bundle(ensemble)
    batch = batch_by_hand(bundle, visits)
    first, second = (difference(network, batch) for network in bundle.networks)
    assert abs(first - second) > 0.05
    expected = 1 / (1 + np.exp(-(1.7 * (first + second) / 2 - 0.4)))
    assert probability(result) == pytest.approx(expected, abs=1e-6)
    row = result.prediction.columns
    assert (row["network"], row["bundle"], row["calibration"]) == (["csfnet"], ["two"], ["by hand"])
    ends = [1 / (1 + np.exp(-(1.7 * x - 0.4))) for x in sorted((first, second))]
    assert row["lower"][0] == pytest.approx(ends[0], abs=0.03 * (ends[1] - ends[0]) + 1e-6)
    assert row["upper"][0] == pytest.approx(ends[1], abs=0.03 * (ends[1] - ends[0]) + 1e-6)


def test_the_same_run_gives_the_same_numbers(result, visits, ensemble):
    again = assessed(visits, ensemble, grad_cam=True, integrated_gradients=True)
    assert again.prediction.columns == result.prediction.columns
    np.testing.assert_array_equal(again["grad_cam_2"].values, result["grad_cam_2"].values)


def test_command_line_gives_the_same_probability(capsys, result, ensemble, other_cohort_folder, tmp_path):
    code, _, err = run(
        capsys, "run", ANALYSIS, "--visits", f"{other_cohort_folder}:nodule03", "--bundle", ensemble, "--out",
        tmp_path / "r", "--device", "cpu", "--grad-cam", "false", "--integrated-gradients", "false",
    )  # fmt: skip
    assert code == 0, err
    assert probability_of_file(tmp_path / "r") == pytest.approx(probability(result), abs=1e-9)


def probability_of_file(folder) -> float:
    return st.read_table(folder / "prediction.csv").columns["probability"][0]


def test_worker_gives_the_same_probability(result, visits, ensemble):
    worker = Worker()
    try:
        job = worker.submit(ANALYSIS, {"visits": visits}, {"bundle": str(ensemble), **QUICK})
        event = worker.wait(job, timeout=120)[-1]
    finally:
        worker.close()
    assert event.result is not None, event.text
    assert probability(event.result) == pytest.approx(probability(result), abs=1e-6)
    assert event.result.report.html.startswith("<!DOCTYPE html>")


@pytest.mark.parametrize("marked", [0, 1])
def test_a_nodule_marked_at_one_visit_is_followed_to_the_other(larger, trained_bundle, marked):
    truth = np.array(centres_of(larger))
    nodule = larger.visits[marked].masks["nodule"]
    found = assessed(unmarked(larger, 0, 1), trained_bundle, nodule=nodule, nodule_visit=marked + 1)
    centres = np.column_stack([found.visits.columns[axis] for axis in "RAS"])
    np.testing.assert_allclose(centres[marked], truth[marked], atol=1e-6)
    # Found on grids of 2.5 mm.
    assert np.linalg.norm(centres[1 - marked] - truth[1 - marked]) < 1.0
    assert found.visits.columns["correlation after registration"][1 - marked] > 0.8
    assert "N-REGISTERED" in codes_of(found) and "W-REGISTRATION-POOR" not in codes_of(found)


def test_a_doubtful_registration_is_told(visits, trained_bundle):
    # 30 mm of the chest, seen at two places in it, are too little to find one in the other.
    found = assessed(unmarked(visits, 0), trained_bundle)
    assert found.visits.columns["correlation after registration"][0] < 0.5
    assert "W-REGISTRATION-POOR" in codes_of(found) and "is doubtful" in found.report.html


def test_the_visit_of_a_segment_is_found_by_its_grid(visits, trained_bundle):
    coarse = st.Geometry.from_spacing((10, 12, 12), (2.5, 2.5, 2.5), (-14.0, -14.0, -11.0))
    first = visits.visits[0]
    values = np.linspace(-820.0, -780.0, int(np.prod(coarse.shape))).reshape(coarse.shape)
    image = st.Map(values, coarse, "HU", "ct")
    other = replace(visits, visits=(replace(first, images={"ct": image}, masks={}), visits.visits[1]))
    blob = np.zeros(coarse.shape, np.uint8)
    blob[5, 6, 6] = 1
    found = assessed(other, trained_bundle, nodule=st.LabelMap(blob, coarse, name="blob"))
    np.testing.assert_allclose([found.visits.columns[a][0] for a in "RAS"], coarse.ijk_to_ras((6, 6, 5)), atol=1e-6)


def test_a_point_stands_for_a_segment(visits, ensemble):
    centres = centres_of(visits)
    found = assessed(unmarked(visits, 1), ensemble, point=st.Point(tuple(centres[1])))
    assert probability(found) == pytest.approx(probability(assessed(visits, ensemble)), abs=1e-9)
    elsewhere = assessed(unmarked(visits, 1), ensemble, point=st.Point(tuple(centres[1] + (3, 0, 0))))
    assert elsewhere.visits.columns["R"][1] == pytest.approx(centres[1][0] + 3)


def test_a_point_for_a_visit_there_is_not_is_refused(visits, trained_bundle):
    with pytest.raises(st.ParameterError, match="nodule_visit = 3, of 2 visits"):
        assessed(visits, trained_bundle, point=st.Point((0.0, 0.0, 0.0)), nodule_visit=3)


def test_a_nodule_that_nobody_marked_is_asked_for(visits, trained_bundle):
    with pytest.raises(st.InputError, match="E-NODULE"):
        assessed(unmarked(visits, 0, 1), trained_bundle)


def test_covariates_are_the_same_from_text_table_and_visits(visits, ensemble):
    age, sex = (visits.visits[0].covariates[name] for name in ("age", "sex"))
    bare = without_covariates(visits)
    table = st.Table({"age": [age], "sex": [sex], "hospital": ["north"]})
    given = [
        assessed(visits, ensemble),
        assessed(bare, ensemble, patient=table),
        assessed(bare, ensemble, covariates=(f"age={age}", f" sex = {sex} ")),
        assessed(
            bare, ensemble, patient=replace(table, columns={**table.columns, "age": [20.0]}), covariates=f"age={age}"
        ),
    ]
    assert len({probability(found) for found in given}) == 1
    missing = assessed(bare, ensemble)
    assert probability(missing) != probability(given[0])
    assert "W-COVARIATE-MISSING" in codes_of(missing) and "age, sex" in missing.report.html


@pytest.mark.parametrize(
    ("covariates", "words"),
    [
        (("weight=70",), "does not take weight; it takes age, sex"),
        (("age=old",), "age = 'old' is no number"),
        (("sex=X",), "sex = 'X'.*one of F, M"),
        (("age",), "'age' has no value"),
    ],
)
def test_covariates_the_bundle_does_not_know_are_refused(visits, trained_bundle, covariates, words):
    with pytest.raises(st.InputError, match=words):
        assessed(without_covariates(visits), trained_bundle, covariates=covariates)


def test_a_table_of_several_patients_is_refused(visits, trained_bundle):
    with pytest.raises(st.InputError, match="2 rows were given, one was expected"):
        assessed(visits, trained_bundle, patient=st.Table({"age": [50, 60]}))


def test_an_age_far_from_training_is_told(visits, trained_bundle):
    assert "W-COVARIATE" in codes_of(assessed(visits, trained_bundle, covariates="age=4000"))


@pytest.mark.parametrize("count", [1, 3])
def test_another_number_of_visits_than_in_training_is_refused(visits, trained_bundle, count):
    several = [*visits.visits, replace(visits.visits[1], days=visits.visits[1].days + 90)]
    with pytest.raises(
        st.InputError, match=f"{count} visits? w(as|ere) given, the bundle was trained with 2"
    ) as caught:
        assessed(replace(visits, visits=tuple(several[:count])), trained_bundle)
    assert caught.value.code == "E-BUNDLE-VISITS"


def test_visits_in_the_wrong_order_are_refused(visits):
    with pytest.raises(st.InputError, match="E-VISIT-ORDER"):
        replace(visits, visits=visits.visits[::-1])


def test_visits_much_further_apart_than_in_training_are_told(visits, trained_bundle):
    later = replace(visits, visits=(visits.visits[0], replace(visits.visits[1], days=4000.0)))
    assert "W-INTERVAL" in codes_of(assessed(later, trained_bundle))


def test_values_that_are_no_number_are_refused_with_the_visit(visits, trained_bundle):
    image = visits.visits[1].images["ct"]
    values = image.values.astype(np.float32)
    values[3, 4, 5] = np.nan
    broken = replace(visits.visits[1], images={"ct": replace(image, values=values)})
    with pytest.raises(st.InputError, match=rf"(visit 2|day {broken.days:g}).*1 voxel .*E-NOT-FINITE"):
        assessed(replace(visits, visits=(visits.visits[0], broken)), trained_bundle)


def test_cancelling_stops(visits, trained_bundle):
    heard = []

    def report(fraction, message):
        heard.append(message)
        if message == "LayerCAM":
            context.cancel()

    context = Context(report=report, device="cpu")
    with pytest.raises(st.Cancelled):
        st.run(ANALYSIS, visits=visits, bundle=str(trained_bundle), context=context, samples=2)
    assert heard[-1] == "LayerCAM"


def test_progress_rises_to_the_end(visits, ensemble):
    heard = []
    context = Context(report=lambda fraction, message: heard.append(fraction), device="cpu")
    st.run(ANALYSIS, visits=visits, bundle=str(ensemble), context=context, occlusion=True)
    assert heard == sorted(heard) and heard[-1] == 1.0


def test_the_device_is_part_of_the_provenance(result):
    assert result.provenance.device == "cpu"
