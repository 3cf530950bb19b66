"""Dropout and ensembles spread predictions, and nothing else does."""

from __future__ import annotations

import pytest
import torch
from library.small.networks import small_batch, small_network

from SpatioTemporalLib.errors import ParameterError
from SpatioTemporalLib.networks.explanation.uncertainty import ensemble, monte_carlo


def test_samples_spread_and_are_those_of_the_seed():
    network, batch = small_network("csfnet"), small_batch("csfnet")
    first, same, other = (monte_carlo(network, batch, 6, seed) for seed in (1, 1, 2))
    assert first.shape == (6, 3) and ((first > 0) & (first < 1)).all()
    assert torch.equal(first, same) and not torch.equal(first, other)
    assert (first.std(dim=0) > 1e-5).all()


def test_samples_of_a_patient_depend_on_no_other():
    network, batch = small_network("csfnet"), small_batch("csfnet")
    alone = torch.cat([monte_carlo(network, batch[n : n + 1], 5) for n in range(3)], dim=1)
    assert torch.equal(monte_carlo(network, batch, 5), alone)


def test_a_transformer_drops_out_too():
    network, batch = small_network("deepcad", "transformer"), small_batch("deepcad")
    for module in network.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.3
    assert (monte_carlo(network, batch, 6).std(dim=0) > 1e-6).all()


def test_batch_statistics_and_global_random_numbers_stay_as_they_were():
    network, batch = small_network("csfnet", "published").train(), small_batch("csfnet")
    before, drawn = {name: value.clone() for name, value in network.state_dict().items()}, torch.random.get_rng_state()
    monte_carlo(network, batch, 3)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert torch.equal(torch.random.get_rng_state(), drawn) and all(m.training for m in network.modules())


def test_a_network_without_dropout_is_refused_with_what_to_use():
    with pytest.raises(ParameterError, match="NASLung has no dropout.* ensemble"):
        monte_carlo(small_network("nas_lung"), small_batch("nas_lung"))


def test_members_of_an_ensemble_speak_for_themselves():
    members, batch = [small_network("t_lstm", seed=seed) for seed in (0, 1)], small_batch("t_lstm")
    found = ensemble(members, batch)
    assert found.shape == (2, 3) and not torch.equal(found[0], found[1])
    with torch.no_grad():
        assert torch.allclose(found[1], batch.scores(members[1]).softmax(dim=1)[:, 1], atol=1e-5)
