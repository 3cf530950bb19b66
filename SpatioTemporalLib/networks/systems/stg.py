"""Recurrence and survival from a graph of lesions, organs, scans and clinical facts over visits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from scipy import optimize, special
from torch import Tensor, nn

from ...numerics.survival.life_table import stepwise_hazards
from ...numerics.survival.outcomes import Outcomes
from ...steps.structures.graph_arrays import GROWTH, LESION_FEATURES, ORGAN_FEATURES, SCAN_FEATURES
from ...steps.structures.roles import ORGANS, PORTAL
from ..cases.graph_batch import GraphBatch
from ..graphs.linear_risk import LinearRisk, linear_rows
from ..graphs.standardised import Standardised
from ..graphs.towers import SpatialTower, TemporalTower
from ..hazards.contrast import cross_correlation, cross_modal_contrast, ordinal_contrast
from ..hazards.losses import survival_loss
from ..registry import network


@dataclass(frozen=True)
class STGSettings:
    """Settings of the network.

    Attributes
    ----------
    width : int
        Of what each node knows.
    layers : int
        Of the graph of the last visit.
    bases : int
        Of the matrices of relations, 0 for one each; then projections are shared too.
    over_time : bool
        Whether earlier visits and growth are looked at.
    portal : bool
        Whether distances to the portal vein are, and places, which imply them.
    chain : bool
        Whether hazards come from a chain of states, one a step, in place of a layer.
    contrast, decoupling : float
        Weights of the losses beside those of survival.
    edge_drop : float
        Share of the relations that are left out in training.
    steps : int
        Of the time that is predicted, each of step_months.
    endpoints : int
    levels : sequence of int
        Of the covariates: 0 for a number, how many for a category.
    """

    width: int = 64
    layers: int = 2
    dropout: float = 0.3
    bases: int = 0
    over_time: bool = True
    portal: bool = True
    chain: bool = False
    contrast: float = 0.1
    decoupling: float = 0.01
    edge_drop: float = 0.1
    steps: int = 12
    step_months: float = 12.0
    endpoints: int = 1
    levels: Sequence[int] = ()


BEGINNING = 0.05
"""Of the usual size, of the weights of the last layer: the network begins at Cox's model and the life table."""

PRESETS = {
    "default": STGSettings(),
    "light": STGSettings(width=28, bases=2),
    "paper": STGSettings(width=256, over_time=False, chain=True),
    "without_time": STGSettings(over_time=False),
    "without_portal": STGSettings(portal=False),
}

CARD = """\
STG-style: of the published network (arXiv 2505.03123, version 1; later versions under that number are another
method) little is known. Known: a heterogeneous graph of five anatomical nodes, the whole scan and clinical data;
GraphSAGE; supervised and contrastive losses; recurrence time and survival together; a light version with 78.55 % fewer
parameters; time-adjacent accuracy 85 % and mean absolute error 1.1005 on 197 patients with one scan each, over twelve
yearly steps. Not known: features of edges, layers and widths, weights of losses, how the light version is made.

Chosen here: each lesion is a node with sizes, image values, distances and growth that are measured, not encoded by a
network of 33 million weights that 197 patients cannot determine. Two layers of width 64 on the graph of the last visit;
lesions tell themselves at later visits, forward in time; the two towers are kept from telling the same. Mean, largest,
attended and sum of the lesions are read out. Heads: log-risk (Cox), hazards of 12 years, years until the event. Losses:
Cox + hazards + 0.1 time + 0.1 contrast (image against clinical facts, and outcomes by order) + 0.01 cross-correlation.
To the log-risk is added that of Cox's model with an elastic net, of what a table holds and of what one step on the
graph tells each structure of its lesions. It is fitted to the training patients first and held; training begins there
and at the usual hazard of each year, so that the network learns only what a line does not tell.

"light" has width 28, matrices of relations mixed of two, and one projection for all kinds of nodes: at least 75 %
fewer parameters. "paper" looks at one scan, is 256 wide, and steps through the twelve years by a chain of states; its
features are those measured here too. Accuracies near 85 % cannot be the goal: on simulated patients whose hazard is
known exactly, who knows it reaches 50 to 56 % by the plainest definition, a constant 52 %.
"""


@network(
    "stg",
    citation="Zhu et al., STG: spatiotemporal graph neural network with fusion and spatiotemporal decoupling learning "
    "for prognostic prediction of colorectal cancer liver metastasis, arXiv 2505.03123v1 (2025); Hamilton, Ying and "
    "Leskovec, Inductive representation learning on large graphs, NIPS 2017",
    presets=PRESETS,
    card=CARD,
    tasks=("survival",),
)
class STG(nn.Module):
    """Scores (B, endpoints, 2 + steps) of a `GraphBatch`: log-risk, years before softplus, logits of hazards."""

    def __init__(self, settings: STGSettings):
        super().__init__()
        width, self.settings = settings.width, settings
        hidden = _hidden(settings)
        self.lesion_input = Standardised(len(LESION_FEATURES), hidden["lesion"])
        self.organ_input = Standardised(len(ORGAN_FEATURES))
        self.scan_input = Standardised(len(SCAN_FEATURES), hidden["scan"])
        sizes = {"lesion": len(LESION_FEATURES), "organ": len(ORGAN_FEATURES), "scan": len(SCAN_FEATURES)}
        self.register_buffer("organs_known", torch.ones(len(ORGANS), dtype=torch.bool))
        self.register_buffer("relations_known", torch.ones((len(ORGANS), 2), dtype=torch.bool))
        self.project = nn.ModuleDict({kind: _projection(2 * count, settings) for kind, count in sizes.items()})
        self.organ_kind = nn.Embedding(len(ORGANS), width)
        levels = list(settings.levels)
        clinical_size = max(sum(max(n, 1) + 1 for n in levels), 1)
        self.project["clinical"] = _projection(clinical_size, settings)
        self.shared = nn.Linear(width, width) if settings.bases else nn.Identity()
        self.spatial = SpatialTower(width, settings.layers, settings.dropout, settings.bases)
        self.temporal = TemporalTower(width, settings.dropout) if settings.over_time else None
        parts = 3 if settings.over_time else 2
        self.mix = nn.Sequential(nn.Linear(parts * width, width), nn.ReLU(), nn.Dropout(settings.dropout))
        outputs = settings.endpoints * (2 if settings.chain else 2 + settings.steps)
        self.head = nn.Linear(width, outputs)
        # What a line in the patient's own numbers tells is not learned through the graph, which adds to it.
        self.linear = LinearRisk(clinical_size, settings.endpoints)
        self.step = nn.GRUCell(width, width) if settings.chain else None
        self.hazard = nn.Linear(width, settings.endpoints) if settings.chain else None
        # The light version does without views of one another.
        views = ("image", "clinical") if settings.contrast and not settings.bases else ()
        self.seen_as = nn.ModuleDict({kind: nn.Linear(width, width) for kind in views})

    def fit_inputs(self, batch: GraphBatch, outcomes: np.ndarray) -> None:
        """Take means and deviations of the features from the training patients, and begin at Cox's model of them.

        outcomes : (B, E, 2) months and event, NaN where not known
        """
        self.lesion_input.learn(batch.lesions[batch.seen])
        self.organ_input.learn(batch.organs[batch.drawn])
        self.scan_input.learn(batch.scans[batch.mask])
        self.organs_known.copy_(batch.drawn.flatten(0, 1).any(dim=0))
        at = batch.at[batch.seen]
        self.relations_known.copy_(torch.isfinite(at).any(dim=0))
        self.linear.fit(self._linear_rows(batch), outcomes)
        with torch.no_grad():
            self._begin(self.linear(self._linear_rows(batch)).numpy(), outcomes)

    def _begin(self, risk: np.ndarray, outcomes: np.ndarray) -> None:
        """Small weights of the last layers, on top of the usual hazard of each step and the median time."""
        settings = self.settings
        layers = [self.head] if self.hazard is None else [self.head, self.hazard]
        for layer in layers:
            layer.weight.mul_(BEGINNING)
        biases = self.head.bias.view(settings.endpoints, -1)
        for endpoint in range(settings.endpoints):
            known = np.isfinite(outcomes[:, endpoint]).all(axis=1)
            own = Outcomes(*outcomes[known, endpoint].T)
            if not own.event_count:
                continue
            hazards = stepwise_hazards(own, settings.step_months, settings.steps)
            usual = np.array([_intercept(risk[known, endpoint].astype(float), hazard) for hazard in hazards])
            years = float(np.median(own.times[own.events > 0])) / 12
            biases[endpoint, :2] = torch.tensor([0.0, np.log(np.expm1(years))])
            if self.hazard is None:
                biases[endpoint, 2:] = torch.from_numpy(usual)
            else:
                self.hazard.bias[endpoint] = float(usual.mean())

    def forward(self, batch: GraphBatch) -> Tensor:
        return self._scores(self._state(batch)[0], batch)

    def training_loss(self, batch: GraphBatch, target: Tensor, iteration: int, generator: torch.Generator) -> Tensor:
        """Losses of survival, contrast and decoupling of outcomes (B, E, 2)."""
        settings = self.settings
        views = [batch.without_edges(settings.edge_drop, generator) for _ in range(2 if settings.contrast else 1)]
        states = [self._state(view) for view in views]
        mixed, towers, _ = states[0]
        loss = survival_loss(self._scores(mixed, views[0]), target, settings.step_months)
        if settings.contrast and len(batch) > 2:
            loss = loss + settings.contrast * self._contrast(states, target)
        if settings.over_time and settings.decoupling and len(batch) > 2:
            loss = loss + settings.decoupling * cross_correlation(*towers)
        return loss

    def _contrast(self, states: list, target: Tensor) -> Tensor:
        mixed = torch.stack([state[0] for state in states])
        known = torch.isfinite(target[:, 0]).all(dim=1)
        ordinal = ordinal_contrast(mixed[:, known], target[known, 0, 0], target[known, 0, 1], self.settings.step_months)
        if not self.seen_as:
            return ordinal
        (spatial, _), clinical = states[0][1], states[0][2]
        modal = cross_modal_contrast(self.seen_as["image"](spatial), self.seen_as["clinical"](clinical))
        return (ordinal + modal) / 2

    def _state(self, batch: GraphBatch) -> tuple[Tensor, tuple[Tensor, Tensor], Tensor]:
        """(B, width) all together, those of the two towers, that of the clinical facts."""
        batch = self._as_learned(batch)
        lesions = self._projected("lesion", self.lesion_input(batch.lesions))
        scans = self._projected("scan", self.scan_input(batch.scans))
        organs = self._projected("organ", self.organ_input(batch.organs[:, -1])) + self.organ_kind.weight
        clinical = self._projected("clinical", self._clinical(batch))
        nodes = {"lesion": lesions[:, -1], "organ": organs, "scan": scans[:, -1:], "clinical": clinical[:, None]}
        spatial = self.spatial(nodes, batch)
        if self.temporal is None:
            return self.mix(torch.cat([spatial, clinical], dim=1)), (spatial, spatial), clinical
        temporal = self.temporal(lesions, scans, batch)
        return self.mix(torch.cat([spatial, temporal, clinical], dim=1)), (spatial, temporal), clinical

    def _as_learned(self, batch: GraphBatch) -> GraphBatch:
        """Without structures and relations that no training patient had, or that are not to be looked at."""
        known = self.relations_known.clone()
        if not self.settings.portal:
            known[ORGANS.index(PORTAL)] = False
        at = batch.at.masked_fill(~known, float("nan"))
        return replace(batch, at=at, drawn=batch.drawn & self.organs_known)

    def _projected(self, kind: str, values: Tensor) -> Tensor:
        return torch.relu(self.shared(self.project[kind](values)))

    def _clinical(self, batch: GraphBatch) -> Tensor:
        """Numbers as they are coded, categories one-hot, and whether each is known."""
        columns = []
        for n, levels in enumerate(self.settings.levels):
            code, known = batch.covariates[:, n], batch.covariate_mask[:, n].to(batch.covariates)
            if levels:
                choices = torch.arange(levels, device=code.device)
                columns.append((code[:, None].round() == choices).to(code) * known[:, None])
            else:
                columns.append((code.nan_to_num() * known)[:, None])
            columns.append(known[:, None])
        return torch.cat(columns, dim=1) if columns else batch.scans.new_zeros(len(batch), 1)

    def _linear_rows(self, batch: GraphBatch) -> Tensor:
        batch = self._as_learned(batch)
        lesions, scans = self.lesion_input(batch.lesions[:, -1]), self.scan_input(batch.scans[:, -1])
        return linear_rows(batch, lesions, scans, self._clinical(batch))

    def _scores(self, mixed: Tensor, batch: GraphBatch) -> Tensor:
        settings = self.settings
        out = self.head(mixed).view(len(mixed), settings.endpoints, -1)
        risk = out[..., :1] + self.linear(self._linear_rows(batch))[..., None]
        if self.step is None:
            # The log-risk is in every hazard; what is beside it is how it changes with time.
            return torch.cat([risk, out[..., 1:2], out[..., 2:] + risk], dim=-1)
        state, hazards = torch.tanh(mixed), []
        for _ in range(settings.steps):
            state = self.step(mixed, state)
            hazards.append(self.hazard(state))
        return torch.cat([risk, out[..., 1:], torch.stack(hazards, dim=-1) + risk], dim=-1)


def _intercept(risk: np.ndarray, hazard: float) -> float:
    """What is added to the log-risks of all so that their mean hazard is this one."""
    return float(optimize.brentq(lambda added: special.expit(added + risk).mean() - hazard, -60.0, 60.0))


def _projection(count: int, settings: STGSettings) -> nn.Linear:
    return nn.Linear(count, settings.width)


def _hidden(settings: STGSettings) -> dict[str, tuple[int, ...]]:
    """Features that are never shown, by number."""
    told = (PORTAL, "place") if not settings.portal else ()
    hidden = {name for name in LESION_FEATURES if any(word in name for word in told)}
    if not settings.over_time:
        hidden |= {*GROWTH, "months"}
    return {
        "lesion": tuple(n for n, name in enumerate(LESION_FEATURES) if name in hidden),
        "scan": tuple(n for n, name in enumerate(SCAN_FEATURES) if name in hidden),
    }
