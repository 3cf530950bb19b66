"""Change between visits: what is right, what is shown in reverse, the bundle, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from library.networks.checks import perturbed
from library.small.pairs import SHAPE, SMALL_NETWORK, small_pair_bundle, small_pair_cohort, small_pair_facts

from SpatioTemporalLib.context import Context
from SpatioTemporalLib.errors import InputError, ParameterError
from SpatioTemporalLib.networks.bundle.facts import Architecture, facts_as_json, facts_from_json
from SpatioTemporalLib.networks.bundle.metadata import described_bundle
from SpatioTemporalLib.networks.bundle.reading import read_bundle
from SpatioTemporalLib.networks.cases.pairs import NEW, VANISHED
from SpatioTemporalLib.networks.registry import build
from SpatioTemporalLib.networks.task import Step
from SpatioTemporalLib.networks.tasks.change import CHANGE, answer, lesion_counts
from SpatioTemporalLib.networks.training.augmentation import draw_motion
from SpatioTemporalLib.networks.training.loop import Exercise, train_network
from SpatioTemporalLib.networks.training.plan import Plan
from SpatioTemporalLib.networks.training.settings import TrainingSettings
from SpatioTemporalLib.steps.follow_up.visit_pair import PairSettings

SHOWN = PairSettings(shape=SHAPE)


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    return small_pair_cohort(tmp_path_factory.mktemp("change") / "cohort", 6)


@pytest.fixture(scope="module")
def cases(cohort, tmp_path_factory):
    return CHANGE.cases(cohort, SHOWN, (), "new", cache=tmp_path_factory.mktemp("cache") / "c", context=Context())


def plan(**changes):
    return replace(Plan(Architecture("siamese_utransformer", "default", SMALL_NETWORK), shown=SHOWN), **changes)


def shown(cases, seed, motion=None):
    rows = np.arange(len(cases))
    generator = torch.Generator().manual_seed(seed)
    return CHANGE.shown(cases, Step(rows, rows, motion, SHOWN.spacings, "cpu", 0, generator))


def test_visits_shown_in_reverse_have_new_and_vanished_exchanged(cases):
    turned = set()
    for seed in range(4):
        batch, target = shown(cases, seed)
        for n in range(len(cases)):
            images, classes = cases.volumes(n)
            reverse = bool(np.allclose(batch.images[n, 0, 0], images[1]))
            turned.add(reverse)
            wanted = np.where(classes > 0, NEW + VANISHED - classes, 0) if reverse else classes
            np.testing.assert_array_equal(target[n], wanted)
            np.testing.assert_allclose(batch.images[n, 1 - reverse, 0], images[1])
    assert turned == {True, False}


def test_both_visits_and_the_masks_move_together(cases):
    settings = TrainingSettings(rotation=0.0, shift=0.0, gain=0.0)
    motion = draw_motion(len(cases), 2, settings, torch.Generator().manual_seed(3))
    (still, classes), (moved, turned) = shown(cases, 1), shown(cases, 1, motion)
    for n in range(len(cases)):
        axes = [axis for axis, sign in zip((2, 1, 0), motion.mirror[n]) if sign < 0]
        np.testing.assert_array_equal(turned[n], np.flip(classes[n].numpy(), axes))
        flipped = np.flip(still.images[n, :, 0].numpy(), [axis + 1 for axis in axes])
        np.testing.assert_allclose(moved.images[n, :, 0], flipped, atol=1e-4)


def test_training_watches_dice_and_learns_few_patients_by_heart(cases, tmp_path):
    rows = [n for n in range(len(cases)) if (cases.volumes(n)[1] == NEW).any()][:2]
    few = cases.subset(rows)
    settings = TrainingSettings(epochs=60, patience=60, batch_size=2, learning_rate=0.005, augment=False)
    torch.manual_seed(0)
    network = build("siamese_utransformer", arguments=SMALL_NETWORK)
    progress = train_network(network, Exercise(CHANGE, few, few, SHOWN.spacings, settings), tmp_path, Context())
    values = [row["validation Dice"] for row in progress.history]
    assert int(np.argmax(values)) + 1 == progress.best_epoch and max(values) > 0.7
    assert CHANGE.held_out(network, few, "cpu").mean() > 0.5


def test_lesions_are_counted_one_by_one():
    classes = np.zeros((1, 10, 10), int)
    classes[0, 1:3, 1:3], classes[0, 6:8, 6:8], classes[0, 1, 8] = 1, 1, 2
    scores = np.zeros((3, 1, 10, 10))
    scores[0] = 0.5
    scores[1, 0, 2:4, 2:4] = scores[1, 0, 8, 1] = 1.0
    found = lesion_counts(scores, classes)
    assert found == {"Dice": pytest.approx(2 / 13), "new lesions": 2, "new lesions found": 1, "false positives": 1}
    nothing = lesion_counts(scores, np.zeros_like(classes))
    assert nothing["Dice"] == 0.0 and nothing["false positives"] == 2
    assert lesion_counts(np.stack([scores[0], scores[2], scores[2]]), np.zeros_like(classes))["Dice"] == 1.0


def test_the_plan_says_how_many_dimensions_and_refuses_sizes_that_do_not_fit(cohort):
    completed, covariates, splits = CHANGE.completed(cohort, plan())
    assert completed.architecture.arguments["dimensions"] == 3 and completed.label == "new" and covariates == ()
    assert splits == ["train", "train", "train", "validation", "test", "train"]
    flat = CHANGE.completed(cohort, plan(shown=PairSettings(shape=(1, 8, 8))))[0]
    assert flat.architecture.arguments["dimensions"] == 2
    with pytest.raises(ParameterError, match=r"--size 4,9,8 is not made of multiples of 2"):
        CHANGE.completed(cohort, plan(shown=PairSettings(shape=(4, 9, 8))))
    with pytest.raises(ParameterError, match="looks at no covariates"):
        CHANGE.completed(cohort, plan(covariates=("age",)))
    with pytest.raises(InputError, match="there is no mask 'tumour'"):
        CHANGE.completed(cohort, plan(label="tumour"))


def test_patients_without_anything_new_are_no_lesson(cases):
    quiet = cases.subset([n for n in range(len(cases)) if not (cases.volumes(n)[1] > 0).any()])
    assert len(quiet)
    with pytest.raises(InputError, match="none has anything new in its mask"):
        CHANGE.check(quiet, "training")


def test_facts_survive_their_writing():
    facts = small_pair_facts(registration="rigid")
    assert facts_from_json(facts_as_json(facts), "b") == facts


@pytest.mark.parametrize("field, value, told", [
    ("registration", "perhaps", "registration 'perhaps' is none of none, rigid"),
    ("inputs", [{"name": "flair", "channels": ["a", "b"], "spacing_mm": [[1, 1, 1]]}], "unit of one channel"),
    ("inputs", [{"name": "flair", "channels": ["a"], "spacing_mm": []}], "0 spacings, one was expected"),
])  # fmt: skip
def test_metadata_that_are_wrong_are_refused(field, value, told):
    with pytest.raises(InputError, match=told) as caught:
        facts_from_json(facts_as_json(small_pair_facts()) | {field: value}, "b")
    assert caught.value.code == "E-BUNDLE"


def test_a_bundle_answers_as_where_it_was_written_and_tells_what_it_takes(tmp_path, cases):
    folder = small_pair_bundle(tmp_path / "b")
    described = described_bundle(folder, "change")
    assert "two visits, 90 to 700 days apart" in described.text and "SIMULATED" in described.warning
    bundle = read_bundle(folder, "change")
    scores, classes = answer(bundle.networks, cases, 0, "cpu")
    assert scores.shape == (3, *classes.shape)
    torch.manual_seed(0)
    network = perturbed(build("siamese_utransformer", arguments=SMALL_NETWORK)).eval()
    np.testing.assert_allclose(answer((network,), cases, 0, "cpu")[0], scores, atol=1e-5)


def test_assessment_counts_lesions_of_each_patient(tmp_path, cohort):
    bundle = read_bundle(small_pair_bundle(tmp_path / "b"))
    given = {"label": "new", "cache": tmp_path / "c", "device": "cpu", "context": Context()}
    table, findings = CHANGE.assessed(bundle, cohort, [4, 5], **given)
    assert list(table.columns) == ["participant_id", "Dice", "new lesions", "new lesions found", "false positives"]
    assert table.columns["participant_id"] == ["pair5", "pair6"] and not findings
