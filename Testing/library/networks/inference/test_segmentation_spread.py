"""How far segmentations differ is told of what differs, and leaves the networks as they were."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from library.networks.checks import perturbed
from library.small.phases import SMALL_UNET, small_phase_facts

from SpatioTemporalLib.context import Context
from SpatioTemporalLib.networks.inference.segmentation import logit_map
from SpatioTemporalLib.networks.inference.segmentation_spread import Shown, left_to_chance, segmented
from SpatioTemporalLib.networks.registry import build

SMALL = {
    "film_unet": SMALL_UNET,
    "st_mamba": {"widths": [4, 8], "state": 4},
    "conv_transformer": {"widths": [4, 8], "depth": 1, "heads": 2, "hidden": 8, "dropout": 0.3},
}
FACTS = small_phase_facts()
TOGETHER = replace(FACTS, shown=replace(FACTS.shown, together=True))


def network(name, seed=0):
    torch.manual_seed(seed)
    return perturbed(build(name, arguments=SMALL[name])).eval()


def shown(count=5):
    rng = np.random.default_rng(0)
    seconds = np.array([-1.0, 30.0, 90.0, 200.0, 400.0])[:count]
    return Shown(rng.random((count, 8, 8, 8)).astype(np.float32), seconds.astype(np.float32), "cpu")


def mean_of(networks, given, together=False):
    return logit_map(networks, given.phases, given.seconds, (8, 8, 8), together=together)


def test_one_network_differs_between_later_phases():
    unet, given = network("film_unet"), shown()
    found = segmented((unet,), FACTS, given, 0.5, 0, Context())
    each = np.stack([mean_of((unet,), given.some([0, 1, n])) for n in (2, 3, 4)])
    chances = 1 / (1 + np.exp(-each))
    np.testing.assert_allclose(found.logits, mean_of((unet,), given), atol=1e-6)
    np.testing.assert_allclose(found.deviation, chances.std(axis=0, ddof=1), atol=1e-6)
    np.testing.assert_array_equal(found.voxels, (chances >= 0.5).sum(axis=(1, 2, 3)))
    assert found.spread_of == "3 later phases"


def test_networks_trained_alike_come_before_phases():
    members, given = (network("film_unet"), network("film_unet", 1)), shown()
    found = segmented(members, FACTS, given, 0.5, 0, Context())
    each = np.stack([mean_of((member,), given) for member in members])
    np.testing.assert_allclose(found.logits, each.mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(found.deviation, (1 / (1 + np.exp(-each))).std(axis=0, ddof=1), atol=1e-6)
    assert found.spread_of == "2 networks trained alike"


def test_where_nothing_differs_nothing_is_said():
    found = segmented((network("st_mamba"),), TOGETHER, shown(), 0.5, 0, Context())
    assert found.deviation is None and found.spread_of == "" and len(found.voxels) == 1


@pytest.mark.parametrize("name, what", [("st_mamba", "scans"), ("conv_transformer", "dropout")])
def test_random_passes_say_how_sure_a_network_is_and_change_nothing_of_it(name, what):
    net, given = network(name), shown(3)
    facts = TOGETHER if name == "st_mamba" else FACTS
    together = name == "st_mamba"
    found = segmented((net,), facts, given, 0.5, 6, Context(seed=3))
    assert found.deviation.max() > 1e-4 and len(found.voxels) == 6 and f"6 passes of {what}" in found.spread_of
    np.testing.assert_allclose(found.logits, mean_of((net,), given, together), atol=1e-6)
    again = segmented((net,), facts, given, 0.5, 6, Context(seed=3))
    np.testing.assert_array_equal(found.deviation, again.deviation)
    other = segmented((net,), facts, given, 0.5, 6, Context(seed=4))
    assert not np.array_equal(found.deviation, other.deviation)
    assert not any(module.training for module in net.modules())


def test_passes_that_would_be_the_same_are_not_made():
    found = segmented((network("film_unet"),), FACTS, shown(), 0.5, 6, Context())
    assert found.spread_of == "3 later phases"


def test_what_breaks_within_leaves_no_chance_behind():
    net = network("st_mamba")
    with pytest.raises(KeyError), left_to_chance((net,), 0):
        raise KeyError
    assert all(module.skipped == 0.0 for module in net.modules() if hasattr(module, "skipped"))
