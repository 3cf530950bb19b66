"""Training: it learns, it goes on where it stopped with the same numbers, and it refuses what cannot be learned."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from library.small.cases import small_cases
from library.small.networks import small_network

from SpatioTemporalLib.context import Context
from SpatioTemporalLib.errors import Cancelled, InputError
from SpatioTemporalLib.networks.inference.prediction import logits_of
from SpatioTemporalLib.networks.tasks.classification import CLASSIFICATION
from SpatioTemporalLib.networks.training.loop import Exercise, rate_at, train_network
from SpatioTemporalLib.networks.training.settings import TrainingSettings

SPACINGS = ((1.0, 1.0, 1.0),)
SETTINGS = TrainingSettings(epochs=4, batch_size=8, learning_rate=3e-3, patience=50)


@pytest.fixture(scope="module")
def cases(tmp_path_factory):
    return small_cases(tmp_path_factory.mktemp("cases"))


def task_of(cases, **changes) -> Exercise:
    return Exercise(CLASSIFICATION, cases, cases, SPACINGS, replace(SETTINGS, **changes))


def weights_after(folder, task, context=None) -> dict[str, torch.Tensor]:
    network = small_network("csfnet")
    train_network(network, task, folder, context or Context())
    return network.state_dict()


def assert_same(first: dict, second: dict) -> None:
    assert first.keys() == second.keys()
    for name, tensor in first.items():
        assert torch.equal(tensor, second[name]), name


def test_eight_patients_are_learned_by_heart(cases, tmp_path):
    few = cases.subset(range(8))
    network = small_network("csfnet")
    settings = replace(SETTINGS, epochs=120, patience=120, batch_size=4, augment=False, learning_rate=5e-3)
    train_network(network, Exercise(CLASSIFICATION, few, few, SPACINGS, settings), tmp_path, Context())
    logits = logits_of(network, few)
    assert ((logits[:, 1] > logits[:, 0]) == (few.labels == 1)).all()


def test_training_twice_gives_the_same_weights(cases, tmp_path):
    assert_same(weights_after(tmp_path / "a", task_of(cases)), weights_after(tmp_path / "b", task_of(cases)))


def test_another_seed_gives_other_weights(cases, tmp_path):
    first, second = (weights_after(tmp_path / str(seed), task_of(cases, seed=seed)) for seed in (0, 1))
    assert any(not torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("reports_until_stopped", [3, 6, 9])
def test_interrupted_and_resumed_equals_uninterrupted(cases, tmp_path, reports_until_stopped):
    whole = weights_after(tmp_path / "whole", task_of(cases))
    told = []

    def report(fraction, message):
        told.append(fraction)
        if len(told) == reports_until_stopped:
            context.cancel()

    context = Context(report=report)
    with pytest.raises(Cancelled):
        weights_after(tmp_path / "parts", task_of(cases), context)
    assert_same(whole, weights_after(tmp_path / "parts", task_of(cases)))


def test_the_best_epoch_is_kept_and_training_stops_after_patience(cases, tmp_path):
    network = small_network("csfnet")
    # A rate this high does harm: the first epochs are the best.
    progress = train_network(network, task_of(cases, epochs=60, learning_rate=1.0, patience=2), tmp_path, Context())
    assert progress.epoch == progress.best_epoch + 2 or progress.epoch == 60
    values = [row["validation loss"] for row in progress.history]
    assert int(np.argmin(values)) + 1 == progress.best_epoch
    assert_same(progress.best, network.state_dict())


def test_a_checkpoint_of_other_settings_is_refused_with_what_differs(cases, tmp_path):
    weights_after(tmp_path, task_of(cases))
    with pytest.raises(InputError, match=r"batch_size was 8, is 4.*E-CHECKPOINT"):
        weights_after(tmp_path, task_of(cases, batch_size=4))


def test_a_damaged_checkpoint_is_refused(cases, tmp_path):
    (tmp_path / "checkpoint.pt").write_bytes(b"PK\x03\x04 no more than this")
    with pytest.raises(InputError, match="E-CHECKPOINT"):
        weights_after(tmp_path, task_of(cases))


def test_one_class_only_is_refused(cases, tmp_path):
    one = cases.subset(np.flatnonzero(cases.labels == 1))
    with pytest.raises(InputError, match=r"8 positive, 0 negative.*E-LABEL"):
        train_network(
            small_network("csfnet"), Exercise(CLASSIFICATION, one, cases, SPACINGS, SETTINGS), tmp_path, Context()
        )


def test_a_loss_that_is_not_finite_stops_training(cases, tmp_path):
    network = small_network("csfnet")
    with torch.no_grad():
        next(network.parameters()).fill_(torch.nan)
    with pytest.raises(InputError, match="E-TRAINING"):
        train_network(network, task_of(cases), tmp_path, Context())


@pytest.mark.parametrize("name", ["nas_lung", "mcfn", "t_lstm"])
def test_networks_with_losses_of_their_own_are_trained_too(cases, tmp_path, name):
    network = small_network(name)
    before = {key: tensor.clone() for key, tensor in network.state_dict().items()}
    progress = train_network(network, task_of(cases, epochs=2), tmp_path, Context())
    assert progress.epoch == 2
    assert any(not torch.equal(before[key], tensor) for key, tensor in network.state_dict().items())


def test_the_rate_rises_and_falls_to_zero():
    rates = [rate_at(step, 100, SETTINGS) for step in range(100)]
    assert np.argmax(rates) == 4 and max(rates) == SETTINGS.learning_rate
    assert rates[-1] < 0.01 * SETTINGS.learning_rate
