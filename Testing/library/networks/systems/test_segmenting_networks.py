"""What every network that segments phases must and must not do."""

import pytest
import torch
from library.networks.checks import perturbed, without_gradient

from SpatioTemporalLib.networks.registry import build, networks
from SpatioTemporalLib.networks.systems.fe_swinuper import PyramidPooling, ScaleFusion

SMALL = {
    "film_unet": {"widths": [4, 8], "hidden": 8},
    "film_swin_unetr": {"width": 6, "depths": [2, 2], "heads": [2, 2], "window": 2, "hidden": 8},
    "conv_transformer": {"widths": [4, 8], "depth": 1, "heads": 2, "hidden": 8},
    "fe_swinuper": {"width": 6, "depths": [2, 2], "heads": [2, 2], "window": 2, "pyramid": 6, "pools": [1, 2],
                    "hidden": 8},
    "st_mamba": {"widths": [4, 8], "state": 4},
}  # fmt: skip
SIZE = 8


def small(name, preset="default"):
    torch.manual_seed(0)
    return perturbed(build(name, preset, SMALL[name])).eval()


def phases(seed=0):
    generator = torch.Generator().manual_seed(seed)
    images = torch.rand(2, 3, 1, SIZE, SIZE, SIZE, generator=generator)
    times = torch.tensor([[-1.0, 30.0, 90.0], [-1.0, 30.0, 400.0]])
    return images, times, torch.ones(2, 3, dtype=torch.bool)


def test_all_are_tried_here():
    assert set(SMALL) == {name for name, declared in networks().items() if "segmentation" in declared.tasks}


@pytest.mark.parametrize("name", SMALL)
def test_two_logits_a_voxel_whoever_else_is_in_the_batch(name):
    network, (images, times, mask) = small(name), phases()
    scores = network(images, times, mask)
    assert scores.shape == (2, 2, SIZE, SIZE, SIZE)
    alone = torch.cat([network(images[n : n + 1], times[n : n + 1], mask[n : n + 1]) for n in (0, 1)])
    assert torch.allclose(scores, alone, atol=1e-5)


@pytest.mark.parametrize("name", SMALL)
def test_a_phase_that_was_not_acquired_plays_no_part(name):
    network, (images, times, mask) = small(name), phases()
    mask[0, 1] = False
    before = network(images, times, mask)
    images[0, 1], times[0, 1] = torch.nan, torch.nan
    assert torch.equal(network(images, times, mask), before)


@pytest.mark.parametrize("name", SMALL)
def test_gradients_reach_every_parameter(name):
    network = small(name).train()
    assert not without_gradient(network, network(*phases()))


@pytest.mark.parametrize("name", SMALL)
def test_times_matter_but_where_they_are_not_to_be_known(name):
    images, times, mask = phases()
    for preset in ("default", "without_times"):
        network = small(name, preset)
        changed = (network(images, times, mask) - network(images, 2 * times, mask)).abs().max() > 1e-5
        assert changed == (preset == "default")


@pytest.mark.parametrize("name", [name for name in SMALL if name.startswith("film")])
def test_with_times_it_begins_as_the_same_network_without(name):
    torch.manual_seed(0)
    network, base = (build(name, preset, SMALL[name]) for preset in ("default", "without_times"))
    assert not base.load_state_dict({k: v for k, v in network.state_dict().items() if k in base.state_dict()})[0]
    assert (network(*phases()) - base(*phases())).abs().max() < 1e-6


def test_any_number_of_phases_suits_the_mamba_and_padding_changes_nothing():
    network, (images, times, mask) = small("st_mamba"), phases()
    more = torch.cat([images, 5 * torch.ones_like(images[:, :2])], dim=1)
    later = torch.cat([times, torch.full((2, 2), 7.0)], dim=1)
    there = torch.cat([mask, torch.zeros(2, 2, dtype=torch.bool)], dim=1)
    assert (network(more, later, there) - network(images, times, mask)).abs().max() < 1e-5
    assert network(more, torch.tensor([[-1.0, 30, 60, 90, 120]] * 2), there | True).isfinite().all()


def test_the_maximum_over_the_phases_does_not_know_their_order():
    network, (images, times, mask) = small("st_mamba", "max_projection"), phases()
    assert torch.equal(network(images, times, mask), network(images.flip(1), times, mask))


def test_weights_of_the_scales_sum_to_one():
    torch.manual_seed(0)
    fusion = ScaleFusion(4)
    scales = [torch.randn(2, 4, 3, 3, 3) for _ in range(3)]
    weights = fusion.weights(scales)
    assert weights.shape == (2, 3, 3, 3, 3)
    torch.testing.assert_close(weights.sum(dim=1), torch.ones(2, 3, 3, 3))
    assert torch.allclose(fusion([scales[0]] * 3), scales[0], atol=1e-6)


def test_pooled_features_know_the_whole_patch():
    torch.manual_seed(0)
    pooling, features = PyramidPooling(4, (1, 2)), torch.randn(1, 4, 6, 6, 6, requires_grad=True)
    pooling(features)[0, :, 0, 0, 0].sum().backward()
    assert (features.grad.abs().sum(dim=1) > 0).all()
