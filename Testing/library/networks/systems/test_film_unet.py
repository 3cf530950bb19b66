"""The U-Net that knows acquisition times begins as the one that does not, and then uses them at every stage."""

import pytest
import torch
from library.networks.checks import perturbed, without_gradient

from SpatioTemporalLib.networks.blocks.conditioning import FiLM
from SpatioTemporalLib.networks.registry import build

SMALL = {"widths": [4, 8], "hidden": 8}


def phases(seed=0, size=8):
    generator = torch.Generator().manual_seed(seed)
    images = torch.rand(2, 3, 1, size, size, size, generator=generator)
    times = torch.tensor([[-1.0, 30.0, 90.0], [-1.0, 30.0, 400.0]])
    return images, times, torch.ones(2, 3, dtype=torch.bool)


def timed(**changes):
    torch.manual_seed(0)
    return build("film_unet", arguments={**SMALL, **changes})


@pytest.mark.parametrize("arguments", [SMALL, {}])
def test_at_the_start_it_is_the_same_network_without_times(arguments):
    torch.manual_seed(0)
    network, base = (build("film_unet", preset, arguments) for preset in ("default", "without_times"))
    left = base.load_state_dict({k: v for k, v in network.state_dict().items() if k in base.state_dict()})
    assert not left.missing_keys
    given = phases(size=16)
    assert (network(*given) - base(*given)).abs().max() < 1e-6


def test_every_stage_is_changed_by_the_times():
    network = build("film_unet", arguments={"widths": [4, 8, 16]})
    assert sum(isinstance(module, FiLM) for module in network.modules()) == 5
    before = perturbed(network).eval()
    images, times, mask = phases()
    assert (before(images, times, mask) - before(images, times * 2, mask)).abs().max() > 1e-3


def test_without_times_they_play_no_part():
    network = perturbed(timed(times=False))
    images, times, mask = phases()
    assert torch.equal(network(images, times, mask), network(images, times * 2, mask))


def test_two_logits_a_voxel_whoever_else_is_in_the_batch():
    network = perturbed(timed()).eval()
    images, times, mask = phases()
    scores = network(images, times, mask)
    assert scores.shape == (2, 2, 8, 8, 8)
    alone = torch.cat([network(images[n : n + 1], times[n : n + 1], mask[n : n + 1]) for n in (0, 1)])
    assert torch.allclose(scores, alone, atol=1e-5)


def test_a_phase_that_was_not_acquired_plays_no_part():
    network = perturbed(timed()).eval()
    images, times, mask = phases()
    mask[0, 2] = False
    before = network(images, times, mask)
    images[0, 2], times[0, 2] = torch.nan, torch.nan
    assert torch.equal(network(images, times, mask), before)


def test_gradients_reach_every_parameter():
    network = perturbed(timed()).train()
    assert not without_gradient(network, network(*phases()))


def test_another_number_of_phases_is_refused():
    images, times, mask = phases()
    with pytest.raises(ValueError, match="2 phases were given, 3 expected"):
        timed()(images[:, :2], times[:, :2], mask[:, :2])
