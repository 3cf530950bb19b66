"""Segmentation by acquisition time: what is right, the loss, the bundle, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from library.networks.checks import perturbed
from library.small.phases import SIZE, SMALL_UNET, small_phase_bundle, small_phase_cohort, small_phase_facts

from SpatioTemporalLib.context import Context
from SpatioTemporalLib.errors import InputError, ParameterError
from SpatioTemporalLib.networks.bundle.facts import Architecture, facts_as_json, facts_from_json
from SpatioTemporalLib.networks.bundle.metadata import described_bundle
from SpatioTemporalLib.networks.bundle.reading import read_bundle
from SpatioTemporalLib.networks.cases.phases import batch_of
from SpatioTemporalLib.networks.inference.segmentation import logit_map, scores_of
from SpatioTemporalLib.networks.registry import build
from SpatioTemporalLib.networks.task import Step
from SpatioTemporalLib.networks.tasks.segmentation import SEGMENTATION
from SpatioTemporalLib.networks.training.augmentation import draw_motion
from SpatioTemporalLib.networks.training.loop import Exercise, train_network
from SpatioTemporalLib.networks.training.plan import Plan
from SpatioTemporalLib.networks.training.settings import TrainingSettings
from SpatioTemporalLib.networks.voxelwise.losses import dice_and_cross_entropy
from SpatioTemporalLib.steps.bolus.acquired_phases import PhaseSettings

SHOWN = PhaseSettings(shape=(SIZE,) * 3)


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    return small_phase_cohort(tmp_path_factory.mktemp("segmentation") / "cohort")


@pytest.fixture(scope="module")
def cases(cohort, tmp_path_factory):
    cache = tmp_path_factory.mktemp("cache") / "c"
    return SEGMENTATION.cases(cohort, SHOWN, (), "lesion", cache=cache, context=Context())


def network(seed=0):
    torch.manual_seed(seed)
    return perturbed(build("film_unet", arguments=SMALL_UNET)).eval()


def plan(**changes):
    return replace(Plan(Architecture("film_unet", "default", SMALL_UNET), shown=SHOWN), **changes)


def test_the_loss_is_soft_dice_and_cross_entropy():
    scores, target = torch.randn(2, 2, 4, 4, 4), torch.rand(2, 4, 4, 4) > 0.5
    p = torch.softmax(scores, 1)[:, 1]
    overlap = (2 * (p * target).sum() + 1e-5) / (p.sum() + target.sum() + 1e-5)
    entropy = torch.nn.functional.cross_entropy(scores, target.long())
    assert dice_and_cross_entropy(scores, target).item() == pytest.approx((1 - overlap + entropy).item(), rel=1e-4)


def test_phases_and_mask_move_together_and_keep_their_curves(cases):
    settings = TrainingSettings(rotation=30.0, shift=1.0, gain=0.3)
    generator = torch.Generator().manual_seed(1)
    motion = draw_motion(2, cases.times.shape[1], settings, generator)
    rows, own = np.array([0, 1]), np.arange(2)
    still = SEGMENTATION.shown(cases, Step(rows, own, None, SHOWN.spacings, "cpu", 0, generator))
    batch, target = SEGMENTATION.shown(cases, Step(rows, own, motion, SHOWN.spacings, "cpu", 0, generator))
    assert target.dtype == torch.bool and not torch.equal(target, still[1] > 0)
    # What enhances at the first phase is still where the mask says.
    for n in range(2):
        rise = (batch.images[n, 1, 0] - batch.images[n, 0, 0]) / motion.gain[n, 0]
        before = still[0].images[n, 1, 0] - still[0].images[n, 0, 0]
        assert rise[target[n]].mean() == pytest.approx(before[still[1][n] > 0].mean().item(), rel=0.2)


def test_training_watches_dice_and_learns_few_patients_by_heart(cases, tmp_path):
    few = cases.subset([0, 1])
    settings = TrainingSettings(epochs=60, patience=60, batch_size=2, learning_rate=0.02, augment=False)
    net = network()
    progress = train_network(net, Exercise(SEGMENTATION, few, few, SHOWN.spacings, settings), tmp_path, Context())
    values = [row["validation Dice"] for row in progress.history]
    assert int(np.argmax(values)) + 1 == progress.best_epoch and max(values) > 0.8
    np.testing.assert_allclose(SEGMENTATION.held_out(net, few, "cpu").mean(), max(values), atol=1e-6)


def test_training_twice_gives_the_same_weights(cases, tmp_path):
    settings = TrainingSettings(epochs=2, batch_size=2)
    first, second = network(), network()
    for name, net in (("a", first), ("b", second)):
        train_network(net, Exercise(SEGMENTATION, cases, cases, SHOWN.spacings, settings), tmp_path / name, Context())
    assert all(torch.equal(a, b) for a, b in zip(first.state_dict().values(), second.state_dict().values()))


def test_another_number_to_watch_is_refused_with_those_there_are(cases, tmp_path):
    settings = TrainingSettings(monitor="auc")
    with pytest.raises(ParameterError, match="auc.*segmentation.*dice, loss"):
        train_network(network(), Exercise(SEGMENTATION, cases, cases, SHOWN.spacings, settings), tmp_path, Context())


def test_later_phases_and_networks_are_averaged_in_the_log_odds():
    rng = np.random.default_rng(0)
    phases, seconds = rng.random((4, 8, 8, 8)), np.array([-1, 30, 90, 300.0])
    members = (network(0), network(1))
    singles = [logit_map((m,), phases[[0, 1, n]], seconds[[0, 1, n]], (8, 8, 8)) for m in members for n in (2, 3)]
    np.testing.assert_allclose(logit_map(members, phases, seconds, (8, 8, 8)), np.mean(singles, axis=0), atol=1e-5)


def test_a_larger_image_is_gone_over_with_all_phases_and_their_times():
    phases = np.random.default_rng(0).random((3, 12, 9, 8))
    batch = batch_of([phases], [np.array([-1, 30, 90])])
    seen = []

    class Told(torch.nn.Module):
        def forward(self, images, times, mask, covariates, known):
            seen.append((tuple(images.shape), times[0].tolist()))
            return torch.stack([torch.zeros_like(images[:, 0, 0]), images[:, 2, 0]], dim=1)

    scores = scores_of(Told(), batch, (8, 8, 8), "cpu")
    np.testing.assert_allclose(scores[0, 1].numpy(), phases[2], atol=1e-6)
    assert len(seen) > 1 and set(map(str, seen)) == {str(((1, 3, 1, 8, 8, 8), [-1.0, 30.0, 90.0]))}


def test_facts_are_written_and_read_again(tmp_path):
    facts = small_phase_facts(first_post=45.0)
    assert facts_from_json(facts_as_json(facts), "b") == facts
    bundle = read_bundle(small_phase_bundle(tmp_path / "b"), "segmentation")
    assert bundle.facts == small_phase_facts()
    text = described_bundle(tmp_path / "b").text
    assert "60 to 480 s after injection" in text and "8×8×8" in text


@pytest.mark.parametrize(
    "path, value",
    [
        ("inputs.0.roi.size_vox", [8, 8]),
        ("inputs.0.spacing_mm", [[1, 1, 1]] * 2),
        ("inputs.0.channels", []),
        ("inputs.0.phases.first_post_s", -3),
        ("inputs.0.phases", None),
        ("time.mode", "visits"),
    ],
)
def test_metadata_that_no_phases_have_are_refused(path, value):
    described = facts_as_json(small_phase_facts())
    *way, last = path.split(".")
    inner = described
    for key in way:
        inner = inner[int(key) if key.isdigit() else key]
    inner[last] = value
    with pytest.raises(InputError, match="E-BUNDLE"):
        facts_from_json(described, "b")


def test_a_network_of_another_task_is_no_bundle(tmp_path):
    facts = small_phase_facts()
    described = facts_as_json(replace(facts, architecture=Architecture("csfnet")))
    import json

    path = small_phase_bundle(tmp_path / "b")
    metadata = json.loads((path / "configs" / "metadata.json").read_text())
    (path / "configs" / "metadata.json").write_text(json.dumps({**metadata, "spatiotemporal": described}))
    with pytest.raises(InputError, match="csfnet was trained for segmentation, which that network does not serve"):
        read_bundle(path)


def test_the_mask_is_found_by_name_or_told(cohort):
    assert SEGMENTATION.completed(cohort, plan())[0].label == "lesion"
    assert SEGMENTATION.completed(cohort, plan(label="look_alike"))[0].label == "look_alike"
    with pytest.raises(InputError, match=r"no mask 'liver'; there are lesion, look_alike.*E-LABEL"):
        SEGMENTATION.completed(cohort, plan(label="liver"))
    with pytest.raises(InputError, match="has no masks.*mask:lesion"):
        SEGMENTATION.completed(replace(cohort, masks=()), plan())


def test_patches_that_cannot_be_halved_and_covariates_are_refused(cohort):
    with pytest.raises(ParameterError, match=r"9,8,8 is not made of multiples of 2.*E-PHASES"):
        SEGMENTATION.completed(cohort, plan(shown=PhaseSettings(shape=(9, 8, 8))))
    with pytest.raises(ParameterError, match="looks at no covariates, and age"):
        SEGMENTATION.completed(cohort, plan(covariates=("age",)))


def test_masks_that_are_empty_teach_nothing(cases):
    class Empty(type(cases)):
        def volumes(self, row):
            phases, seconds, target, others = super().volumes(row)
            return phases, seconds, 0 * target, others

    with pytest.raises(InputError, match="none has anything in its mask"):
        SEGMENTATION.check(Empty(**vars(cases)), "training")
