"""How far predictions spread: over dropout, and over networks trained alike."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ...errors import ParameterError
from ..cases.batch import Batch
from .undisturbed import Report, each_patient, probability, undisturbed, with_images

DROPOUT = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout)


def monte_carlo(
    network: nn.Module,
    batch: Batch,
    samples: int = 30,
    seed: int = 0,
    target: int = 1,
    *,
    at_once: int = 16,
    report: Report = None,
) -> Tensor:
    """Probabilities (samples, B) of a class, each with connections left out by chance.

    Only dropout is as in training; normalisation is as in evaluation. What is
    drawn for a patient depends on the seed and on no other patient, and the
    global random numbers go on as if nothing had been drawn.

    Raises
    ------
    ParameterError
        ``E-EXPLAIN``, when the network has no dropout.

    Notes
    -----
    Gal and Ghahramani, ICML 2016.
    """
    if not any(drops(module) for module in network.modules()):
        raise ParameterError(
            "E-EXPLAIN",
            f"{type(network).__name__} has no dropout, all samples would be the same",
            fix="Take the predictions of several networks trained from different seeds: ensemble.",
        )
    found = []
    with undisturbed(network), torch.no_grad(), torch.random.fork_rng():
        for module in network.modules():
            # A transformer's layer in evaluation takes a short cut past its dropout.
            module.training = drops(module) or isinstance(module, nn.TransformerEncoderLayer)
        for _, patient in each_patient(batch, report):
            torch.manual_seed(seed)
            counts = [min(at_once, samples - n) for n in range(0, samples, at_once)]
            repeated = (with_images(patient, patient.images.expand(n, *patient.images.shape[1:])) for n in counts)
            found.append(torch.cat([probability(network, some, target) for some in repeated]))
    return torch.stack(found, dim=1)


def ensemble(networks: Sequence[nn.Module], batch: Batch, target: int = 1, *, report: Report = None) -> Tensor:
    """Probabilities (members, B) of a class by networks that were trained alike from different seeds.

    Notes
    -----
    Lakshminarayanan et al., NeurIPS 2017.
    """
    found = []
    for number, network in enumerate(networks):
        with undisturbed(network), torch.no_grad():
            found.append(torch.cat([probability(network, patient, target) for _, patient in each_patient(batch, None)]))
        if report is not None:
            report((number + 1) / len(networks))
    return torch.stack(found)


def drops(module: nn.Module) -> bool:
    """Whether a module leaves out connections by chance in training."""
    if isinstance(module, DROPOUT):
        return module.p > 0
    return isinstance(module, nn.MultiheadAttention) and module.dropout > 0
