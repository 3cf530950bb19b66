"""What is told by where lesions lie, and what by how they change: two towers that share nothing but their inputs."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..cases.graph_batch import GraphBatch
from .sage import Edges, HeteroSAGE, Relation

KINDS = ("lesion", "organ", "scan", "clinical")
READ = ("lesion", "scan", "clinical")
RELATIONS: tuple[Relation, ...] = (
    ("lesion", "near", "lesion"),
    ("organ", "at", "lesion"),
    ("lesion", "at_reversed", "organ"),
    ("lesion", "part", "scan"),
    ("scan", "part_reversed", "lesion"),
    ("organ", "part_of", "scan"),
    ("scan", "part_of_reversed", "organ"),
    ("clinical", "informs", "lesion"),
    ("clinical", "informs_organ", "organ"),
    ("clinical", "informs_scan", "scan"),
)
ATTRIBUTES = {"near": 1, "at": 4, "at_reversed": 4}


def spatial_edges(batch: GraphBatch) -> dict[Relation, Edges]:
    """The relations of one visit, the last of each patient."""
    seen, drawn, near, at = batch.seen[:, -1], batch.drawn[:, -1], batch.near[:, -1], batch.at[:, -1]
    known = torch.isfinite(at)
    told = torch.cat([torch.where(known, at, torch.zeros_like(at)), known.to(at)], dim=-1)
    both = seen[:, :, None] & drawn[:, None, :]
    one = torch.ones_like
    lesions, organs = seen[:, :, None], drawn[:, :, None]
    found = {
        "near": Edges(near > 0, near, near[..., None]),
        "at": Edges(both, one(both, dtype=at.dtype), told),
        "at_reversed": Edges(both.mT, one(both.mT, dtype=at.dtype), told.transpose(1, 2)),
        "part": _plain(lesions.mT, at),
        "part_reversed": _plain(lesions, at),
        "part_of": _plain(organs.mT, at),
        "part_of_reversed": _plain(organs, at),
        "informs": _plain(lesions, at),
        "informs_organ": _plain(organs, at),
        "informs_scan": _plain(torch.ones_like(lesions[:, :1]), at),
    }
    return {relation: found[relation[1]] for relation in RELATIONS}


class SpatialTower(nn.Module):
    """Layers on the graph of the last visit, and what is read out of it, (B, width)."""

    def __init__(self, width: int, layers: int, dropout: float, bases: int):
        super().__init__()
        settings = {"attributes": ATTRIBUTES, "dropout": dropout, "bases": bases}
        # What the last layer would tell nodes that are not read would be lost.
        kinds = [*[KINDS] * (layers - 1), READ]
        self.layers = nn.ModuleList(HeteroSAGE(width, own, RELATIONS, **settings) for own in kinds)
        self.attention = nn.Linear(width, 1, bias=False)
        self.read = nn.Sequential(nn.Linear(6 * width, width), nn.ReLU())

    def forward(self, nodes: dict[str, Tensor], batch: GraphBatch) -> Tensor:
        edges = spatial_edges(batch)
        for layer in self.layers:
            nodes = layer(nodes, edges)
        pooled = self._pooled(nodes["lesion"], batch.seen[:, -1])
        return self.read(torch.cat([nodes["clinical"][:, 0], nodes["scan"][:, 0], *pooled], dim=1))

    def _pooled(self, lesions: Tensor, seen: Tensor) -> list[Tensor]:
        """Mean, largest, attended and sum: burden grows with each lesion, which a mean does not tell."""
        there = seen[..., None].to(lesions)
        total = (there * lesions).sum(dim=1)
        largest = torch.where(seen[..., None], lesions, torch.zeros_like(lesions)).amax(dim=1)
        score = self.attention(lesions).masked_fill(~seen[..., None], -1e4)
        attended = (torch.softmax(score, dim=1) * there * lesions).sum(dim=1)
        return [total / there.sum(dim=1).clamp(min=1.0), largest, attended, total]


class TemporalTower(nn.Module):
    """Lesions tell themselves at the visit after, forward in time only; a recurrent unit goes over the visits."""

    def __init__(self, width: int, dropout: float):
        super().__init__()
        self.own, self.earlier = nn.Linear(width, width), nn.Linear(width, width, bias=False)
        self.edge = nn.Linear(2, width, bias=False)
        self.norm, self.dropout = nn.LayerNorm(width), nn.Dropout(dropout)
        self.summary = nn.Linear(3 * width + 1, width)
        self.unit = nn.GRUCell(width, width)

    def forward(self, lesions: Tensor, scans: Tensor, batch: GraphBatch) -> Tensor:
        """(B, width) of lesions (B, T, L, width) and scans (B, T, width)."""
        state = lesions.new_zeros(len(lesions), lesions.shape[-1])
        last, was_seen = torch.zeros_like(lesions[:, 0]), torch.zeros_like(batch.seen[:, 0])
        months, volume = batch.scans[..., 0].nan_to_num(), batch.lesions[..., 0].nan_to_num()
        before, last_volume = months[:, 0], volume[:, 0]
        for t in range(lesions.shape[1]):
            seen = batch.seen[:, t]
            passed = (months[:, t] - before).clamp(min=0.0)
            grown = (volume[:, t] - last_volume) / passed.clamp(min=0.1)[:, None]
            edge = torch.stack([torch.log1p(passed)[:, None].expand_as(grown), grown], dim=-1)
            told = (seen & was_seen)[..., None] * (self.earlier(last) + self.edge(edge))
            own = self.dropout(torch.relu(self.norm(self.own(lesions[:, t]) + told)))
            there = seen[..., None].to(own)
            total = (there * own).sum(dim=1)
            mean = total / there.sum(dim=1).clamp(min=1.0)
            summary = torch.cat([scans[:, t], mean, total, torch.log1p(passed)[:, None]], dim=1)
            there_now = batch.mask[:, t, None]
            state = torch.where(there_now, self.unit(torch.relu(self.summary(summary)), state), state)
            last = torch.where(seen[..., None], own, last)
            last_volume = torch.where(seen, volume[:, t], last_volume)
            was_seen = was_seen | seen
            before = torch.where(batch.mask[:, t], months[:, t], before)
        return state


def _plain(there: Tensor, like: Tensor) -> Edges:
    return Edges(there, torch.ones_like(there, dtype=like.dtype))
