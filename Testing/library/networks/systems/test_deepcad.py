"""DeepCAD: nodule, lung and covariates over the visits."""

from __future__ import annotations

import pytest
import torch
from library.small.networks import small_batch, small_network

from SpatioTemporalLib.errors import InputError, ParameterError
from SpatioTemporalLib.networks.registry import build


@pytest.mark.parametrize("variant", ["default", "transformer"])
@pytest.mark.parametrize("channel", [0, 1])
def test_nodule_and_lung_of_every_visit_are_looked_at(variant, channel):
    network, batch = small_network("deepcad", variant), small_batch("deepcad")
    before = batch.scores(network)
    for visit in range(4):
        images = batch.images.clone()
        images[2, visit, channel] += torch.randn(8, 8, 8, generator=torch.Generator().manual_seed(3))
        assert (network(images, *batch.parts[1:]) - before)[2].abs().max() > 1e-6


def test_nodule_and_lung_have_encoders_of_their_own():
    network, batch = small_network("deepcad"), small_batch("deepcad")
    swapped = network(batch.images.flip(2), *batch.parts[1:])
    assert (swapped - batch.scores(network)).abs().max() > 1e-4


@pytest.mark.parametrize("lung, channels", [(True, 1), (False, 2)])
def test_channels_that_do_not_fit_the_setting_are_refused(lung, channels):
    network, batch = small_network("deepcad", lung=lung), small_batch("deepcad")
    with pytest.raises(InputError, match=f"given {channels} channels, it takes {2 if lung else 1}"):
        network(batch.images[:, :, :channels], *batch.parts[1:])


def test_without_the_lung_the_nodule_alone_is_enough():
    network, batch = small_network("deepcad", lung=False), small_batch("deepcad")
    assert network(batch.images[:, :, :1], *batch.parts[1:]).shape == (3, 2)


@pytest.mark.parametrize("variant", ["default", "transformer"])
def test_one_visit_is_enough_and_the_order_of_the_array_plays_no_part(variant):
    network, batch = small_network("deepcad", variant), small_batch("deepcad")
    alone = batch.mask & (torch.arange(4) == 1)
    assert network(batch.images, batch.times, alone, *batch.parts[3:]).isfinite().all()
    order = [2, 0, 3, 1]
    turned = network(batch.images[:, order], batch.times[:, order], batch.mask[:, order], *batch.parts[3:])
    assert torch.allclose(turned, batch.scores(network), atol=1e-5)


@pytest.mark.parametrize("variant, timed", [("default", False), ("transformer", True)])
def test_only_the_transformer_knows_the_days(variant, timed):
    network, batch = small_network("deepcad", variant), small_batch("deepcad")
    later = network(batch.images, 3 * batch.times, *batch.parts[2:])
    assert ((later - batch.scores(network)).abs().max() > 1e-5) == timed


def test_an_unknown_way_over_time_is_refused():
    with pytest.raises(ParameterError, match="no over_time 'mean'"):
        build("deepcad", arguments={"over_time": "mean"})
