"""The time-aware LSTM against PyTorch's LSTM and its own equations; the transformer at real times."""

from __future__ import annotations

import math

import pytest
import torch
from library.networks.checks import visits
from torch import nn

from SpatioTemporalLib.networks.blocks.sequence_fusion import (
    DAYS_PER_MONTH,
    GRUOverTime,
    TimeAwareLSTM,
    TransformerOverTime,
    memory_left,
)


def lstm_of(cell: nn.LSTMCell) -> nn.LSTM:
    lstm = nn.LSTM(cell.input_size, cell.hidden_size, batch_first=True)
    lstm.load_state_dict({f"{name}_l0": value for name, value in cell.state_dict().items()})
    return lstm


@pytest.mark.parametrize("decay", ["logarithmic", "inverse"])
def test_without_intervals_it_is_an_lstm(decay):
    torch.manual_seed(0)
    features = torch.randn(2, 5, 3)
    fuse = TimeAwareLSTM(3, 4, decay)
    state = fuse(features, torch.full((2, 5), 50.0), torch.ones(2, 5, dtype=torch.bool))
    assert torch.allclose(state, lstm_of(fuse.cell)(features)[0][:, -1], atol=1e-6)


def test_two_visits_follow_the_equations():
    torch.manual_seed(0)
    features = torch.randn(1, 2, 3)
    fuse = TimeAwareLSTM(3, 4)
    state, memory = fuse.cell(features[:, 0])
    short = torch.tanh(memory @ fuse.short_term.weight.T + fuse.short_term.bias)
    faded = memory - short + short / math.log(math.e + 12)
    expected, _ = fuse.cell(features[:, 1], (state, faded))
    days = torch.tensor([[0.0, 12 * DAYS_PER_MONTH]])
    assert torch.allclose(fuse(features, days, torch.ones(1, 2, dtype=torch.bool)), expected, atol=1e-6)


def test_interval_counts_from_the_last_observed_visit():
    torch.manual_seed(0)
    fuse = TimeAwareLSTM(3, 4)
    features, times = torch.randn(1, 3, 3), torch.tensor([[0.0, 100.0, 400.0]])
    without = fuse(features, times, torch.tensor([[True, False, True]]))
    two = fuse(features[:, [0, 2]], times[:, [0, 2]], torch.ones(1, 2, dtype=torch.bool))
    assert torch.allclose(without, two, atol=1e-6)


@pytest.mark.parametrize("decay", ["logarithmic", "inverse"])
def test_memory_falls_with_the_interval_from_one(decay):
    left = memory_left(torch.linspace(0, 50, 201), decay)
    assert left[0] == pytest.approx(1.0)
    assert bool((left.diff() <= 0).all()) and 0 < left[-1] < 0.3


def test_transformer_gives_the_same_in_training_and_evaluation_without_dropout():
    torch.manual_seed(0)
    features, times, mask = visits(4)
    fuse = TransformerOverTime(4, heads=2)
    trained = fuse.train()(features, times, mask)
    with torch.no_grad():
        assert torch.allclose(fuse.eval()(features, times, mask), trained, atol=1e-5)


def test_gated_recurrence_is_that_of_pytorch_over_the_observed_visits():
    torch.manual_seed(0)
    features, times, mask = visits(3)
    fuse = GRUOverTime(3, 4)
    whole = nn.GRU(3, 4, batch_first=True)
    whole.load_state_dict({f"{name}_l0": value for name, value in fuse.cell.state_dict().items()})
    state = fuse(features, times, mask)
    for patient, seen in enumerate([[0, 1, 3], [1, 0], [0, 1, 2, 3]]):
        assert torch.allclose(state[patient], whole(features[patient : patient + 1, seen])[0][0, -1], atol=1e-6)
