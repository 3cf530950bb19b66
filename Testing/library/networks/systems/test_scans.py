"""SCANs: which slices it looks at, and how much."""

from __future__ import annotations

import pytest
import torch
from library.small.networks import small_batch, small_network

from SpatioTemporalLib.errors import ParameterError
from SpatioTemporalLib.networks.registry import build


def test_attention_sums_to_one_over_the_slices_taken_of_an_observed_visit():
    network, batch = small_network("scans"), small_batch("scans", 9)
    batch.images[~batch.mask] = torch.nan
    weights = network.slice_attention(batch.images, batch.mask)
    assert weights.shape == (3, 4, 9)
    assert torch.allclose(weights.sum(dim=2), batch.mask.float())
    taken = (weights[batch.mask] > 0).nonzero()[:, 1].unique()
    assert taken.tolist() == [0, 2, 4, 6, 8]


def test_a_slice_that_is_not_taken_plays_no_part():
    network, batch = small_network("scans"), small_batch("scans", 9)
    before = batch.scores(network)
    batch.images[:, :, :, 1::2] = torch.nan
    assert torch.equal(batch.scores(network), before)


def test_attention_follows_a_slice_to_its_new_place():
    network, batch = small_network("scans", "all_slices"), small_batch("scans")
    order = torch.tensor([3, 1, 7, 0, 2, 6, 5, 4])
    moved = network.slice_attention(batch.images[:, :, :, order], batch.mask)
    assert torch.allclose(moved, network.slice_attention(batch.images, batch.mask)[:, :, order], atol=1e-6)
    assert moved[batch.mask].std(dim=1).min() > 1e-4


def test_order_of_the_visits_matters_and_those_between_do_not():
    network, batch = small_network("scans"), small_batch("scans")[2:]
    images, *rest = batch.parts
    before = network(images, *rest)
    assert (network(images[:, [3, 1, 2, 0]], *rest) - before).abs().max() > 1e-4
    assert torch.equal(network(images[:, [0, 2, 1, 3]], *rest), before)


@pytest.mark.parametrize("changes, said", [({"visits": "first"}, "no visits 'first'"), ({"slices": 0}, "0 slices")])
def test_settings_that_mean_nothing_are_refused(changes, said):
    with pytest.raises(ParameterError, match=said):
        build("scans", arguments=changes)
