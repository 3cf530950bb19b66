"""What every network that looks for change between two visits must and must not do."""

import pytest
import torch
from library.networks.checks import perturbed, without_gradient

from SpatioTemporalLib.networks.registry import build, networks

SMALL = {
    "dustilnet": {"widths": [4, 6], "hidden": 6, "dropout": 0.0},
    "siamese_utransformer": {"widths": [4, 8], "depth": 1, "heads": 2},
}
CASES = [(name, dimensions) for name in SMALL for dimensions in (2, 3)]
DAYS, THERE = torch.tensor([[0.0, 200.0]] * 2), torch.ones(2, 2, dtype=torch.bool)


def small(name, dimensions=3, **changes):
    torch.manual_seed(0)
    return perturbed(build(name, arguments={**SMALL[name], "dimensions": dimensions, **changes})).eval()


def pair(dimensions=3, seed=0):
    depth = 1 if dimensions == 2 else 4
    return torch.randn(2, 2, 1, depth, 8, 8, generator=torch.Generator().manual_seed(seed))


def test_all_are_tried_here():
    assert set(SMALL) == {name for name, declared in networks().items() if "change" in declared.tasks}


@pytest.mark.parametrize("name, dimensions", CASES)
def test_three_logits_a_voxel_whoever_else_is_in_the_batch(name, dimensions):
    network, images = small(name, dimensions), pair(dimensions)
    scores = network(images, DAYS, THERE)
    assert scores.shape == (2, 3, *images.shape[3:])
    alone = torch.cat([network(images[n : n + 1], DAYS[:1], THERE[:1]) for n in (0, 1)])
    assert torch.allclose(scores, alone, atol=1e-5)


@pytest.mark.parametrize("name, dimensions", CASES)
def test_gradients_reach_every_parameter(name, dimensions):
    network = small(name, dimensions).train()
    assert not without_gradient(network, network(pair(dimensions), DAYS, THERE))


@pytest.mark.parametrize("name, dimensions", CASES)
def test_which_visit_came_first_matters(name, dimensions):
    network, images = small(name, dimensions), pair(dimensions)
    assert (network(images, DAYS, THERE) - network(images.flip(1), DAYS, THERE)).abs().max() > 1e-4


def test_the_comparison_sees_the_later_visit_only():
    network, images = small("dustilnet", last_only=True), pair()
    before = network(images, DAYS, THERE)
    images[:, 0] += 3.0
    assert torch.equal(network(images, DAYS, THERE), before)


def test_sizes_of_the_published_layers():
    """Table of the source: an encoder, and the first recurrent layer with two biases, as torch keeps them."""
    with torch.device("meta"):
        network = build("dustilnet", "paper")
    assert [sum(p.numel() for p in encoder.layers.parameters()) for encoder in network.encoders] == [93248, 93248]
    assert sum(p.numel() for p in network.first.parameters()) == 197632
    assert network.first.input_size == 256


def test_the_published_layers_walk_over_places():
    torch.manual_seed(0)
    network = perturbed(
        build("dustilnet", "paper", {"widths": [4, 6], "hidden": 6, "in_channels": 1, "dropout": 0.0})
    ).eval()
    images = pair(2).requires_grad_()
    network(images, DAYS, THERE)[0, :, 0, -1, -1].sum().backward()
    # The last place has seen all before it.
    assert (images.grad[0, :, 0, 0, 0, 0].abs() > 0).all()


def test_three_visits_are_refused():
    with pytest.raises(ValueError, match="3 visits were given, 2 expected"):
        small("dustilnet")(torch.zeros(1, 3, 1, 4, 8, 8), torch.zeros(1, 3), torch.ones(1, 3, dtype=torch.bool))
