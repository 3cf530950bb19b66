"""A network while it is looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from ..cases.batch import Batch

Report = Callable[[float], None] | None


@contextmanager
def undisturbed(network: nn.Module) -> Iterator[nn.Module]:
    """The network in evaluation and without gradients of its parameters; afterwards as it was before."""
    training = [(module, module.training) for module in network.modules()]
    trainable = [(parameter, parameter.requires_grad) for parameter in network.parameters()]
    try:
        yield network.eval().requires_grad_(False)
    finally:
        for module, was in training:
            module.training = was
        for parameter, was in trainable:
            parameter.requires_grad_(was)


def log_odds(network: nn.Module, batch: Batch, target: int = 1) -> Tensor:
    """(B,), logarithm of the probability of a class over that of all others."""
    scores = batch.scores(network)
    others = torch.arange(scores.shape[1], device=scores.device) != target
    return scores[:, target] - scores[:, others].logsumexp(dim=1)


def probability(network: nn.Module, batch: Batch, target: int = 1) -> Tensor:
    """(B,), of a class."""
    return batch.scores(network).softmax(dim=1)[:, target]


def with_images(patient: Batch, images: Tensor) -> Batch:
    """A batch of one patient repeated, with images (N, T, C, K, J, I) in place of the patient's."""
    repeated = (part.expand(len(images), *part.shape[1:]) for part in patient.parts[1:])
    return Batch(images, *repeated)


def each_patient(batch: Batch, report: Report) -> Iterator[tuple[int, Batch]]:
    """Number and batch of every patient alone, told of once it is done with.

    One at a time: memory does not grow with the batch, and no patient can play
    a part in what is said of another.
    """
    for number in range(len(batch)):
        yield number, batch[number : number + 1]
        if report is not None:
            report((number + 1) / len(batch))
