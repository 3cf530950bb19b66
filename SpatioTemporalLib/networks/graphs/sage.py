"""GraphSAGE on nodes of several kinds with several kinds of relations, as products of dense matrices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

EVERY = "every"
Relation = tuple[str, str, str]
"""Kind of the nodes that tell, name, kind of the nodes that are told."""


@dataclass(frozen=True, eq=False)
class Edges:
    """Of one relation, from M nodes to N.

    there : (B, N, M) bool. weights : (B, N, M). attributes : (B, N, M, A) or None.
    """

    there: Tensor
    weights: Tensor
    attributes: Tensor | None = None


class RelationWeights(nn.Module):
    """A matrix for each relation; with `bases` all of them are mixtures of so few.

    Schlichtkrull et al., Modeling relational data with graph convolutional networks, ESWC 2018, equation 3.
    """

    def __init__(self, width: int, count: int, bases: int = 0):
        super().__init__()
        shape = (bases or count, width, width)
        self.matrices = nn.Parameter(torch.empty(shape))
        for matrix in self.matrices:
            nn.init.xavier_uniform_(matrix)
        self.mixture = nn.Parameter(torch.randn(count, bases) / max(bases, 1) ** 0.5) if bases else None

    def forward(self, number: int) -> Tensor:
        """(width, width) of a relation."""
        if self.mixture is None:
            return self.matrices[number]
        return torch.einsum("b,bij->ij", self.mixture[number], self.matrices)


class HeteroSAGE(nn.Module):
    """One layer: what a node knows, and the mean of what its neighbours of each relation tell it.

    Parameters
    ----------
    kinds : of nodes that are told something; others stay out of the result
    relations : see `Relation`
    attributes : mapping
        Number of attributes of the edges of relations that have some.
    bases : int
        See `RelationWeights`; then kinds of nodes share their own matrix too.

    Notes
    -----
    Hamilton, Ying and Leskovec, NIPS 2017, mean aggregator; with one kind, one
    relation, weights of 1 and neither norm nor activation it is PyTorch
    Geometric's ``SAGEConv(aggr="mean")``.
    """

    def __init__(
        self,
        width: int,
        kinds: Sequence[str],
        relations: Sequence[Relation],
        *,
        attributes: Mapping[str, int] | None = None,
        dropout: float = 0.2,
        bases: int = 0,
    ):
        super().__init__()
        relations = [relation for relation in relations if relation[2] in kinds]
        self.relations = tuple(relations)
        self.kinds = tuple(kinds)
        # With bases one matrix serves all kinds.
        self.own = nn.ModuleDict({kind: nn.Linear(width, width) for kind in ([EVERY] if bases else kinds)})
        self.told = RelationWeights(width, len(relations), bases)
        used = {name: (attributes or {})[name] for _, name, _ in relations if name in (attributes or {})}
        self.edge = nn.ModuleDict({name: nn.Linear(n, width, bias=False) for name, n in used.items()})
        self.norms = nn.ModuleDict({kind: nn.LayerNorm(width) for kind in kinds})
        self.dropout = nn.Dropout(dropout)

    def forward(self, nodes: Mapping[str, Tensor], edges: Mapping[Relation, Edges]) -> dict[str, Tensor]:
        """(B, N, width) of each kind to the same."""
        sums = self.aggregated(nodes, edges)
        return {kind: self.dropout(torch.relu(self.norms[kind](value))) for kind, value in sums.items()}

    def aggregated(self, nodes: Mapping[str, Tensor], edges: Mapping[Relation, Edges]) -> dict[str, Tensor]:
        """Before norm and activation."""
        sums = {kind: self.own[kind if kind in self.own else EVERY](nodes[kind]) for kind in self.kinds}
        for number, relation in enumerate(self.relations):
            source, name, target = relation
            told = mean_of_neighbours(nodes[source], edges[relation], self.edge[name] if name in self.edge else None)
            sums[target] = sums[target] + told @ self.told(number).T
        return sums


def mean_of_neighbours(sources: Tensor, edges: Edges, attributes: nn.Module | None = None) -> Tensor:
    """(B, N, W) mean of the weighted neighbours (B, M, W) and of what their edges say; 0 without a neighbour."""
    there = edges.there.to(sources)
    told = (there * edges.weights) @ sources
    if attributes is not None and edges.attributes is not None:
        told = told + (there[..., None] * attributes(edges.attributes)).sum(dim=2)
    return told / there.sum(dim=2, keepdim=True).clamp(min=1.0)
