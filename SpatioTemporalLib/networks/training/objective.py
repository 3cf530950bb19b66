"""What a network is trained to make small."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..cases.batch import Batch


def training_loss(
    network: nn.Module, batch: Batch, labels: Tensor, iteration: int, generator: torch.Generator
) -> Tensor:
    """Loss of a batch, a scalar tensor: the network's own where its method has one, cross-entropy otherwise.

    A network's own is its method ``training_loss(batch, labels, iteration, generator)``.

    Parameters
    ----------
    network : module
        Left in the mode it is in; call its ``train()`` first.
    batch : Batch
    labels : (B,) int64
        Class of each patient.
    iteration : int
        Batches since training began, from 0; a margin may tighten with them.
    generator : torch.Generator, on the CPU
        Of whatever the method draws at random.
    """
    own = getattr(network, "training_loss", None)
    if own is not None:
        return own(batch, labels, iteration, generator)
    return nn.functional.cross_entropy(batch.scores(network), labels)
