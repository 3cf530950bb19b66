"""What a bundle for survival says of one patient: risk, curves with their spread, and what each part adds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from ...context import Context
from ...data.curve import Table
from ...errors import Finding, Severity
from ...numerics.survival.survival_curves import median_time
from ...steps.follow_up.covariates import coded
from ...steps.structures.graph_arrays import GraphArrays, graph_arrays
from ..bundle.facts import far_from_training
from ..bundle.reading import Bundle
from ..cases.graphs import batch_of
from ..explanation.left_out import Contributions, contributions
from ..hazards.predicted import survival_of


@dataclass(frozen=True, eq=False)
class Prognosis:
    """What was found, of the E endpoints and K steps of a bundle.

    scores : (M, E, 2 + K) of its networks. samples : (S, E, 2 + K) with dropout. covariates, known : (C,). parts : one
    for each endpoint.
    """

    graph: GraphArrays
    scores: np.ndarray
    samples: np.ndarray
    covariates: np.ndarray
    known: np.ndarray
    parts: tuple[Contributions, ...]
    findings: tuple[Finding, ...]

    def survival(self, endpoint: int) -> np.ndarray:
        """(K,) chance of being without the event after each step, mean over the networks."""
        return survival_of(self.scores[:, endpoint]).mean(axis=0)

    def band(self, endpoint: int, confidence: float) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper (K,) of the samples."""
        tails = [(1 - confidence) / 2, (1 + confidence) / 2]
        low, high = np.quantile(survival_of(self.samples[:, endpoint]), tails, axis=0)
        middle = self.survival(endpoint)
        return np.minimum(low, middle), np.maximum(high, middle)

    def expected(self, endpoint: int, horizons) -> float:
        """Months by which half of such patients have the event; infinite beyond twice the last step."""
        months = float(median_time(self.survival(endpoint)[None], horizons)[0])
        return months if months <= 2 * horizons[-1] else float("inf")


def prognosis(
    bundle: Bundle, structures: Table, values: dict[str, object], samples: int, context: Context
) -> Prognosis:
    """The answer of a bundle's networks to a table of structures and clinical facts by name."""
    facts = bundle.facts
    graph = graph_arrays(structures)
    codes, known, odd = coded(facts.covariates, values)
    batch = batch_of([graph], codes[None], known[None])
    with torch.inference_mode():
        scores = np.stack([batch.scores(network)[0].double().numpy() for network in bundle.networks])
    context.progress(0.3, "sampling")
    drawn = _sampled(bundle, batch, samples, context)
    context.progress(0.6, "leaving out each part")
    parts = tuple(contributions(bundle.networks, graph, codes, known, e) for e in range(scores.shape[1]))
    return Prognosis(graph, scores, drawn, codes, known, parts, (*odd, *_unlike_training(bundle, graph)))


def _sampled(bundle: Bundle, batch, samples: int, context: Context) -> np.ndarray:
    """(S, E, 2 + K) with dropout, in turn of each network (Gal and Ghahramani, ICML 2016)."""
    torch.manual_seed(context.seed)
    found = []
    many = batch[[0] * samples]
    for network in bundle.networks:
        network.train()
        try:
            with torch.inference_mode():
                found.append(many.scores(network).double().numpy())
        finally:
            network.eval()
    return np.concatenate(found)


def _unlike_training(bundle: Bundle, graph: GraphArrays) -> list[Finding]:
    found, (fewest, most) = [], bundle.facts.visits
    if not fewest <= len(graph.days) <= most:
        text = f"{len(graph.days)} visits, in training {fewest} to {most}"
        found.append(Finding("W-VISITS", Severity.WARN, text, bundle.name))
    elif bool(far_from_training(bundle.facts.training, graph.days[-1] - graph.days[0])):
        low, high = bundle.facts.training.days
        text = f"visits span {graph.days[-1] - graph.days[0]:.0f} days, in training {low:.0f} to {high:.0f}"
        found.append(Finding("W-INTERVAL", Severity.WARN, text, bundle.name))
    unseen = [int(name) for name, there in zip(graph.names, graph.seen[-1]) if not there]
    if unseen:
        text = f"lesions {', '.join(map(str, unseen))} were not seen at the last visit; only their past counts"
        found.append(Finding("I-VANISHED", Severity.NOTE, text))
    return found
