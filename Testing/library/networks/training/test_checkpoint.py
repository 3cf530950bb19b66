"""Checkpoints that are cut off, of another kind or hostile: told, with what to do."""

from __future__ import annotations

import pickle
import zipfile

import pytest
import torch
from library.small.cases import small_cases
from library.small.networks import small_network

from SpatioTemporalLib.context import Context
from SpatioTemporalLib.errors import InputError
from SpatioTemporalLib.networks.tasks.classification import CLASSIFICATION
from SpatioTemporalLib.networks.training.checkpoint import NAME, Progress, load_checkpoint, save_checkpoint
from SpatioTemporalLib.networks.training.loop import Exercise, train_network
from SpatioTemporalLib.networks.training.settings import TrainingSettings

WHOLE = Progress(2, [{"epoch": 1, "training loss": 0.5}], {"w": torch.ones(3)}, 1, 0.25)
STATE = {"network": {"w": torch.ones(3)}, "optimizer": {}}


def refused(folder) -> str:
    with pytest.raises(InputError) as caught:
        load_checkpoint(folder, {"seed": 1})
    assert caught.value.code == "E-CHECKPOINT"
    return str(caught.value)


def test_a_whole_one_comes_back(tmp_path):
    save_checkpoint(tmp_path, WHOLE, STATE, {"seed": 1})
    progress, state = load_checkpoint(tmp_path, {"seed": 1})
    assert (progress.epoch, progress.best_epoch, progress.history) == (2, 1, WHOLE.history)
    assert torch.equal(state["network"]["w"], torch.ones(3))


@pytest.mark.parametrize("part", [0.0, 0.1, 0.5, 0.9, 0.99])
def test_one_cut_off_is_told(tmp_path, part):
    save_checkpoint(tmp_path, WHOLE, STATE, {"seed": 1})
    data = (tmp_path / NAME).read_bytes()
    (tmp_path / NAME).write_bytes(data[: int(part * len(data))])
    assert "no whole checkpoint" in refused(tmp_path)


@pytest.mark.parametrize(
    "stored",
    [
        *([1, 2], torch.ones(3), {"identity": {}}, {"identity": 3, "progress": {}, "state": {}}),
        *({"identity": {"seed": 1}, "progress": {"other": 1}, "state": {}},),
        *({"identity": {"seed": 1}, "progress": {"epoch": epoch}, "state": {}} for epoch in ("two", -1, None, 1.5)),
        {"identity": {"seed": 1}, "progress": {"epoch": 1, "best_epoch": 2}, "state": {}},
        {"identity": {"seed": 1}, "progress": {"history": [3]}, "state": {}},
        {"identity": {"seed": 1}, "progress": {"history": [{"loss": "low"}]}, "state": {}},
        {"identity": {"seed": 1}, "progress": {"best": {"w": 3}}, "state": {}},
        {"identity": {"seed": 1}, "progress": {}, "state": 3},
    ],
)
def test_one_of_another_kind_is_told(tmp_path, stored):
    torch.save(stored, tmp_path / NAME)
    refused(tmp_path)


@pytest.mark.parametrize("content", [b"text", pickle.dumps({"a": 1}), b"PK\x03\x04" + bytes(100)])
def test_what_is_none_is_told(tmp_path, content):
    (tmp_path / NAME).write_bytes(content)
    refused(tmp_path)


@pytest.mark.parametrize("place", [0.15, 0.3, 0.5])
def test_a_changed_byte_is_told(tmp_path, place):
    save_checkpoint(tmp_path, WHOLE, STATE, {"seed": 1})
    data = (tmp_path / NAME).read_bytes()
    with zipfile.ZipFile(tmp_path / NAME) as packed:
        largest = max((packed.read(entry) for entry in packed.infolist()), key=len)
    at = data.index(largest) + int(place * len(largest))
    changed = bytearray(data)
    changed[at] ^= 4
    (tmp_path / NAME).write_bytes(changed)
    assert "no whole checkpoint" in refused(tmp_path)


def test_another_archive_is_told(tmp_path):
    with zipfile.ZipFile(tmp_path / NAME, "w") as packed:
        packed.writestr("a.txt", "text")
    refused(tmp_path)


def test_weights_of_another_network_in_a_checkpoint_are_told(tmp_path):
    cases = small_cases(tmp_path / "cases", 8)
    task = Exercise(CLASSIFICATION, cases, cases, ((1.0, 1.0, 1.0),), TrainingSettings(epochs=1, batch_size=8))
    train_network(small_network("csfnet"), task, tmp_path, Context())
    stored = torch.load(tmp_path / NAME, weights_only=True)
    stored["state"]["network"] = {"w": torch.ones(3)}
    torch.save(stored, tmp_path / NAME)
    with pytest.raises(InputError, match="E-CHECKPOINT"):
        train_network(small_network("csfnet"), task, tmp_path, Context())
