"""The dense layer is GraphSAGE: as a loop over neighbours computes it, and as PyTorch Geometric does."""

import pytest
import torch

from SpatioTemporalLib.networks.graphs.sage import Edges, HeteroSAGE, mean_of_neighbours
from SpatioTemporalLib.networks.graphs.standardised import Standardised


def test_mean_of_neighbours_is_that_of_a_loop():
    generator = torch.Generator().manual_seed(0)
    sources = torch.rand((2, 5, 3), generator=generator, dtype=torch.float64)
    there = torch.rand((2, 4, 5), generator=generator) > 0.5
    there[0, 1] = False
    weights = torch.rand((2, 4, 5), generator=generator, dtype=torch.float64)
    attributes = torch.rand((2, 4, 5, 2), generator=generator, dtype=torch.float64)
    told = torch.nn.Linear(2, 3, bias=False).double()
    found = mean_of_neighbours(sources, Edges(there, weights, attributes), told)
    for b in range(2):
        for i in range(4):
            own = [weights[b, i, j] * sources[b, j] + told(attributes[b, i, j]) for j in range(5) if there[b, i, j]]
            wanted = torch.stack(own).mean(dim=0) if own else torch.zeros(3, dtype=torch.float64)
            torch.testing.assert_close(found[b, i], wanted)


def test_one_relation_is_the_layer_of_pytorch_geometric():
    geometric = pytest.importorskip("torch_geometric.nn")
    generator = torch.Generator().manual_seed(1)
    there = torch.rand((1, 6, 6), generator=generator) > 0.6
    nodes = torch.rand((1, 6, 4), generator=generator)
    layer = HeteroSAGE(4, ("a",), [("a", "r", "a")])
    other = geometric.SAGEConv(4, 4, aggr="mean")
    with torch.no_grad():
        other.lin_r.weight.copy_(layer.own["a"].weight)
        other.lin_l.weight.copy_(layer.told.matrices[0])
        other.lin_l.bias.copy_(layer.own["a"].bias)
        targets, sources = there[0].nonzero().T
        wanted = other(nodes[0], torch.stack([sources, targets]))
        found = layer.aggregated({"a": nodes}, {("a", "r", "a"): Edges(there, torch.ones(1, 6, 6))})["a"][0]
    torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-6)


def test_a_node_that_is_not_there_changes_nothing():
    layer = HeteroSAGE(4, ("a",), [("a", "r", "a")], dropout=0.0).eval()
    nodes = torch.rand(1, 3, 4)
    there = torch.ones(1, 3, 3, dtype=torch.bool)
    there[:, :, 2] = False
    edges = {("a", "r", "a"): Edges(there, torch.ones(1, 3, 3))}
    one = layer({"a": nodes}, edges)["a"][:, :2]
    nodes[:, 2] = 1e6
    torch.testing.assert_close(layer({"a": nodes}, edges)["a"][:, :2], one)


def test_shared_bases_have_fewer_weights():
    relations = [("a", f"r{n}", "a") for n in range(8)]
    count = {b: sum(p.numel() for p in HeteroSAGE(16, ("a",), relations, bases=b).told.parameters()) for b in (0, 2)}
    assert count[2] < count[0] / 3


def test_features_are_standardised_as_in_training_and_gaps_are_zero():
    inputs = Standardised(4, hidden=(3,))
    values = torch.tensor([[1.0, float("nan"), 5.0, 1.0], [3.0, float("nan"), 5.0, 2.0]])
    inputs.learn(values)
    found = inputs(torch.tensor([[3.0, 7.0, 9.0, 2.0], [float("nan"), 7.0, 9.0, 2.0]]))
    # The second was never known, the third never varied, the fourth is hidden.
    torch.testing.assert_close(found[0], torch.tensor([1.0, 0, 0, 0, 1.0, 0, 0, 0]))
    torch.testing.assert_close(found[1], torch.zeros(8))
