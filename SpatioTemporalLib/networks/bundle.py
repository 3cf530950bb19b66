"""Trained networks as MONAI bundles: read without running anything they bring."""

from __future__ import annotations

import functools
import io
import os
import pickle
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from ..errors import InputError, ParameterError
from ..packages import require
from .batch import Batch
from .bundle_container import Container
from .bundle_facts import BundleFacts
from .bundle_metadata import read_facts, read_json
from .registry import build

SELF_TEST = "tests/case0/expected.json"


@dataclass(frozen=True, eq=False)
class Bundle:
    """Facts and networks of a bundle; several networks are an ensemble.

    name : of its folder. networks : on the CPU, ready to predict.
    """

    name: str
    facts: BundleFacts
    networks: tuple[nn.Module, ...]


def read_bundle(path: str | os.PathLike) -> Bundle:
    """The networks of a folder or archive, each checked against its metadata and its own recorded answers.

    Weights are read as safetensors, or as PyTorch files of nothing but
    tensors. The architecture is looked up by its registered name.

    Raises
    ------
    InputError
        ``E-BUNDLE...``: what is missing, damaged or does not fit.
    MissingPackageError
        When torch, MONAI or safetensors is not installed.
    """
    container = Container(path)
    facts = read_facts(container)
    names = container.models()
    if not names:
        raise InputError(
            "E-BUNDLE-MISSING",
            "holds no weights",
            where=container.where,
            fix="There should be a file models/model.safetensors.",
        )
    networks = tuple(_network(facts, _weights(container, name), container.where, name) for name in names)
    bundle = Bundle(container.where, facts, networks)
    if container.has(SELF_TEST):
        _self_test(bundle, read_json(container, SELF_TEST))
    return bundle


def random_batch(facts: BundleFacts, seed: int, patients: int = 2) -> Batch:
    """Inputs of the right shapes with values from a seed, the same on every machine."""
    rng = np.random.default_rng(seed)
    visits, shape = facts.visits[1], facts.crops.shape
    images = rng.random((patients, visits, len(facts.crops.spacings), *shape)).astype(np.float32)
    levels = [len(c.levels) for c in facts.covariates]
    covariates = np.array([[rng.integers(n) if n else rng.random() for n in levels] for _ in range(patients)])
    times = np.arange(visits) * 180.0 + np.zeros((patients, 1))
    return Batch(
        torch.from_numpy(images),
        torch.from_numpy(times).float(),
        torch.ones(patients, visits, dtype=torch.bool),
        torch.from_numpy(covariates.reshape(patients, len(levels))).float(),
        torch.ones(patients, len(levels), dtype=torch.bool),
    )


def ensemble_logits(networks: tuple[nn.Module, ...], batch: Batch) -> Tensor:
    """(members, B) logit of class 1 less that of class 0, on the device of the batch."""
    with torch.inference_mode():
        logits = [batch.scores(network) for network in networks]
    return torch.stack([scores[:, 1] - scores[:, 0] for scores in logits])


def _weights(container: Container, name: str) -> dict[str, Tensor]:
    safetensors, damaged = (
        require(module, package="safetensors", extra="networks", purpose="A bundle")
        for module in ("safetensors.torch", "safetensors")
    )
    content = container.read(name)
    try:
        if name.endswith(".safetensors"):
            weights = safetensors.load(content)
        else:
            weights = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except (damaged.SafetensorError, pickle.UnpicklingError, RuntimeError, ValueError, EOFError, KeyError) as error:
        reason = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
        raise InputError(
            "E-BUNDLE-WEIGHTS",
            f"{name} holds more than tensors, or is damaged: {reason}",
            where=container.where,
            fix="Do not use it; get the bundle anew from where it came.",
        ) from error
    if not isinstance(weights, dict) or not all(isinstance(value, Tensor) for value in weights.values()):
        raise InputError(
            "E-BUNDLE-WEIGHTS", f"{name} is no table of tensors", where=container.where, fix="Get the bundle anew."
        )
    return weights


def _network(facts: BundleFacts, weights: dict[str, Tensor], where: str, file: str) -> nn.Module:
    architecture = facts.architecture
    make = functools.partial(build, architecture.name, architecture.preset, architecture.arguments)
    try:
        # Without memory first: sizes are compared before a metadata file can ask for all there is.
        with torch.device("meta"):
            planned = make().state_dict()
    except ParameterError as error:
        raise InputError("E-BUNDLE", error.message, where=where, fix=error.fix) from error
    _require_fit(planned, weights, f"{where}/{file}")
    network = make()
    network.load_state_dict(weights)
    return network.eval()


def _require_fit(planned: dict[str, Tensor], weights: dict[str, Tensor], where: str) -> None:
    """Names and shapes as the architecture has them, and finite numbers."""
    missing, extra = sorted(planned.keys() - weights.keys()), sorted(weights.keys() - planned.keys())
    other = [n for n in planned.keys() & weights.keys() if planned[n].shape != weights[n].shape]
    wild = [n for n, tensor in weights.items() if not bool(torch.isfinite(tensor.float()).all())]
    faults = [
        f"{len(names)} {what} ({names[0]})"
        for names, what in [
            (missing, "tensors are missing"),
            (extra, "tensors too many"),
            (other, "tensors of another shape"),
            (wild, "tensors with NaN or infinite values"),
        ]
        if names
    ]
    if faults:
        raise InputError(
            "E-BUNDLE-WEIGHTS",
            f"the weights do not fit the architecture: {'; '.join(faults)}",
            where=where,
            fix="The weights belong to other settings; get the bundle anew.",
        )


def _self_test(bundle: Bundle, expected: dict) -> None:
    """Refuse a network that answers otherwise here than where it was written."""
    try:
        wanted = np.array(expected["difference"], dtype=float)
        batch = random_batch(bundle.facts, int(expected["seed"]), wanted.shape[1])
        tolerance = float(expected["tolerance"])
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise InputError(
            "E-BUNDLE", f"{SELF_TEST} is incomplete: {error!r}", where=bundle.name, fix="Get the bundle anew."
        ) from error
    found = ensemble_logits(bundle.networks, batch).double().numpy()
    if found.shape != wanted.shape or not np.abs(found - wanted).max() <= tolerance:
        raise InputError(
            "E-BUNDLE-TEST",
            "the network does not answer as it did where it was written",
            where=bundle.name,
            fix="Update MONAI and PyTorch, or get the bundle anew.",
        )
