"""What each lesion, structure and clinical fact adds to a risk: how far it falls without."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from ...steps.structures.graph_arrays import GraphArrays
from ...steps.structures.left_out import without_lesion, without_organ
from ..cases.graphs import batch_of


@dataclass(frozen=True, eq=False)
class Contributions:
    """Log-risk of M networks, and how far it falls without each part.

    whole : (M,) log-risk. lesions : (M, L). organs : (M, O), NaN where none is drawn. covariates : (M, C).
    """

    whole: np.ndarray
    lesions: np.ndarray
    organs: np.ndarray
    covariates: np.ndarray


def contributions(
    networks: Sequence[nn.Module], graph: GraphArrays, covariates: np.ndarray, known: np.ndarray, endpoint: int = 0
) -> Contributions:
    """How far the log-risk of one patient falls without each part, all others kept.

    Parameters
    ----------
    covariates, known : (C,) codes, and whether they are known; one that is left out is not known.

    Notes
    -----
    Differences of parts that tell the same are small, and they need not add up to the whole.
    """
    lesions, organs, facts = graph.seen.shape[1], graph.drawn.shape[1], len(covariates)
    graphs = [graph, *(without_lesion(graph, n) for n in range(lesions))]
    graphs += [*(without_organ(graph, n) for n in range(organs)), *[graph] * facts]
    there = np.tile(np.asarray(known, dtype=bool), (len(graphs), 1))
    for n in range(facts):
        there[len(graphs) - facts + n, n] = False
    batch = batch_of(graphs, np.tile(covariates, (len(graphs), 1)).reshape(len(graphs), facts), there)
    with torch.inference_mode():
        risk = np.stack([batch.scores(network)[:, endpoint, 0].double().numpy() for network in networks])
    falls = risk[:, :1] - risk[:, 1:]
    drawn = graph.drawn.any(axis=0)
    parts = np.split(falls, [lesions, lesions + organs], axis=1)
    return Contributions(risk[:, 0], parts[0], np.where(drawn, parts[1], np.nan), parts[2])
