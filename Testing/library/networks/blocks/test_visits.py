"""Visits are put in the order of their times, and an unobserved one is never looked at."""

from __future__ import annotations

import pytest
import torch
from library.networks.checks import visits
from torch import nn

from SpatioTemporalLib.errors import InputError
from SpatioTemporalLib.networks.blocks.visits import (
    EachVisit,
    chronological,
    first_and_last,
    interval,
    last,
    only_earliest,
    only_latest,
    require_visits,
)


def test_observed_visits_come_first_in_order_of_time():
    features, times, mask = visits(1)
    ordered, days, observed = chronological(features, times, mask)
    assert days.tolist() == [[0, 90, 400, 0], [0, 300, 0, 0], [0, 30, 365, 700]]
    assert observed.sum(1).tolist() == [3, 2, 4] and observed[0].tolist() == [True, True, True, False]
    assert torch.equal(ordered[1, :2], features[1, [1, 0]])
    assert not ordered[1, 2:].any()


def test_first_and_last_follow_time_not_position():
    features, times, mask = visits(2)
    first, latest = first_and_last(features, times, mask)
    assert torch.equal(first, torch.stack([features[0, 0], features[1, 1], features[2, 0]]))
    assert torch.equal(latest, torch.stack([features[0, 3], features[1, 0], features[2, 3]]))
    assert torch.equal(last(features, times, mask), latest)
    assert interval(times, mask).tolist() == [400, 300, 700]


def test_masks_of_one_visit():
    _, times, mask = visits(1)
    assert only_earliest(times, mask).nonzero().tolist() == [[0, 0], [1, 1], [2, 0]]
    assert only_latest(times, mask).nonzero().tolist() == [[0, 3], [1, 0], [2, 3]]


def test_times_of_unobserved_visits_may_be_nan():
    features, times, mask = visits(1)
    known = interval(times, mask)
    times[~mask] = torch.nan
    assert torch.equal(interval(times, mask), known)
    assert not chronological(features, times, mask)[1].isnan().any()
    assert torch.equal(only_latest(times, mask).any(1), torch.tensor([True] * 3))


def test_a_patient_with_too_few_visits_is_named():
    with pytest.raises(InputError, match="patient 1 of the batch has 1 observed visits, 2 are needed"):
        require_visits(torch.tensor([[True, True], [False, True]]), 2)


def test_one_encoder_sees_each_observed_visit_of_each_patient():
    images, _, mask = visits(1, 2, 2, 2)
    encode = EachVisit(nn.Conv3d(1, 3, 1))
    features = encode(images, mask)
    assert features.shape == (3, 4, 3, 2, 2, 2)
    assert torch.allclose(features[1, 0], encode.encoder(images[1, :1])[0], atol=1e-6)
    assert not features[~mask].any()


def test_unobserved_visits_touch_no_batch_statistics():
    images, _, mask = visits(1, 2, 2, 2)
    encode = EachVisit(nn.BatchNorm3d(1)).train()
    known = encode(images, mask)
    images[~mask] = torch.nan
    assert torch.equal(encode(images, mask), known)


def test_gradients_stay_finite_when_an_unobserved_visit_holds_nan():
    images, _, mask = visits(1, 2, 2, 2)
    images[~mask] = torch.nan
    encode = EachVisit(nn.Conv3d(1, 3, 1))
    encode(images, mask).square().sum().backward()
    assert all(p.grad.isfinite().all() for p in encode.parameters())
