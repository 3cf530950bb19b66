"""What every explanation must and must not do, on every registered network."""

from __future__ import annotations

import pytest
import torch
from library.small.networks import CLASSIFYING, small_batch, small_network

from SpatioTemporalLib.networks.explanation.faithfulness import insertion_deletion
from SpatioTemporalLib.networks.explanation.grad_cam import grad_cam
from SpatioTemporalLib.networks.explanation.integrated_gradients import integrated_gradients
from SpatioTemporalLib.networks.explanation.layer_cam import layer_cam
from SpatioTemporalLib.networks.explanation.occlusion import occlusion, visit_occlusion
from SpatioTemporalLib.networks.explanation.uncertainty import ensemble


def gradients(network, batch, report=None):
    # Any completeness will do: what is asked here does not depend on it.
    return integrated_gradients(network, batch, "carry_forward", 4, tolerance=1e9, report=report).values


def occluded(network, batch, report=None):
    return occlusion(network, batch, 4, 4, report=report)


def areas(network, batch, report=None):
    attribution = torch.arange(8.0**3).reshape(1, 1, 8, 8, 8).expand(len(batch), 4, 8, 8, 8)
    return insertion_deletion(network, batch, attribution, 4, report=report).insertion


def members(network, batch, report=None):
    return ensemble([network], batch, report=report).T


MAPS = {
    "grad_cam": grad_cam,
    "layer_cam": layer_cam,
    "gradients": gradients,
    "occlusion": occluded,
    "visit_occlusion": visit_occlusion,
}
ALL = {**MAPS, "faithfulness": areas, "ensemble": members}


@pytest.mark.parametrize("name", CLASSIFYING)
@pytest.mark.parametrize("explain", MAPS.values(), ids=MAPS)
def test_an_unobserved_visit_has_no_part_and_gets_none(name, explain):
    network, batch = small_network(name), small_batch(name)
    before = explain(network, batch)
    batch.images[~batch.mask] = torch.nan
    after = explain(network, batch)
    assert after.isfinite().all() and torch.equal(after, before)
    assert before.shape[:2] == (3, 4) and not before[~batch.mask].any()
    # Of every patient something is explained.
    assert (before.flatten(1) != 0).any(dim=1).all() or explain in (grad_cam, layer_cam)


@pytest.mark.parametrize("name", CLASSIFYING)
@pytest.mark.parametrize("explain", ALL.values(), ids=ALL)
def test_patients_do_not_influence_each_other(name, explain):
    network, batch = small_network(name), small_batch(name)
    alone = torch.cat([explain(network, batch[n : n + 1]) for n in range(3)])
    assert torch.equal(explain(network, batch), alone)


@pytest.mark.parametrize("explain", ALL.values(), ids=ALL)
def test_the_network_is_left_as_it_was_found(explain):
    network, batch = small_network("csfnet").train(), small_batch("csfnet")
    network.head.eval()
    network.fusion.requires_grad_(False)
    network.head.layers[0].bias.grad = torch.ones(8)

    def state():
        weights = [(p.requires_grad, p.grad, p.clone()) for p in network.parameters()]
        return [m.training for m in network.modules()], weights, torch.random.get_rng_state()

    (modes, weights, drawn), shares = state(), []
    explain(network, batch, report=shares.append)
    assert shares == sorted(shares) and shares[-1] == 1.0
    modes_after, weights_after, drawn_after = state()
    assert modes_after == modes and torch.equal(drawn_after, drawn)
    for (asked, gradient, values), (asked_after, gradient_after, values_after) in zip(weights, weights_after):
        assert asked == asked_after and gradient is gradient_after and torch.equal(values, values_after)


@pytest.mark.parametrize("explain", ALL.values(), ids=ALL)
def test_who_is_told_of_the_progress_can_end_it(explain):
    network = small_network("csfnet").train()

    def stop(share):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        explain(network, small_batch("csfnet"), report=stop)
    assert all(m.training for m in network.modules()) and all(p.requires_grad for p in network.parameters())
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in network.modules())
