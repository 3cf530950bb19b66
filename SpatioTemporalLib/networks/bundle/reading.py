"""Trained networks as MONAI bundles: read without running anything they bring."""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from ...errors import Finding, InputError, Severity
from ...system.plain_text import for_message
from ..cases.batch import Batch
from ..registry import networks as registered
from ..task_registry import task_named
from .container import Container
from .facts import BundleFacts
from .limits import maker, planned_network, require_room
from .metadata import read_facts, read_json, require_task
from .weights import read_weights, require_fit

SELF_TEST = "tests/case0/expected.json"
ANEW = "Get the bundle anew."
MOST_PATIENTS, MOST_MEMBERS = 64, 100


@dataclass(frozen=True, eq=False)
class Bundle:
    """Facts and networks of a bundle; several networks are an ensemble.

    name : of its folder. networks : on the CPU, ready to predict.
    """

    name: str
    facts: BundleFacts
    networks: tuple[nn.Module, ...]

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """What must be told beside every answer of its."""
        if not self.facts.training.simulated:
            return ()
        text = "was trained on simulated data; its answer says nothing about a real patient"
        return (Finding("W-SIMULATED", Severity.WARN, text, self.name),)

    def refuse_seen(self, cases) -> None:
        """Raise ``E-LEAK`` when some of these patients were among those it was trained on."""
        seen = set(self.facts.training.digests)
        known = [own for own, digest in zip(cases.ids, cases.digests()) if digest in seen]
        if known:
            raise InputError(
                "E-LEAK",
                f"{len(known)} of {len(cases)} patients were among those it was trained on ({', '.join(known[:5])})",
                where=self.name,
                fix="Evaluate on patients that it has not seen: --split test, or another cohort.",
            )


def read_bundle(path: str | os.PathLike, task: str = "") -> Bundle:
    """The networks of a folder or archive, each checked against its metadata and its own recorded answers.

    Weights are read as safetensors, or as PyTorch files of nothing but
    tensors. The architecture is looked up by its registered name.

    Parameters
    ----------
    task : what it must have been trained for, "" for anything

    Raises
    ------
    InputError
        ``E-BUNDLE-TASK`` when it was trained for another task;
        ``E-BUNDLE...``: what is missing, damaged or does not fit.
    MissingPackageError
        When torch, MONAI or safetensors is not installed.
    """
    container = Container(path)
    facts = read_facts(container)
    require_task(facts, task, container.where)
    _require_served(facts, container.where)
    names = container.models()
    if not names:
        raise InputError(
            "E-BUNDLE-MISSING",
            "holds no weights",
            where=container.where,
            fix="There should be a file models/model.safetensors.",
        )
    if len(names) > MOST_MEMBERS:
        text = f"holds {len(names)} networks, at most {MOST_MEMBERS} are read"
        raise InputError("E-BUNDLE-SIZE", text, where=container.where, fix=ANEW)
    require_room(facts, 1, container.where)
    networks = tuple(_network(facts, container, name) for name in names)
    bundle = Bundle(container.where, facts, networks)
    if container.has(SELF_TEST):
        _self_test(bundle, read_json(container, SELF_TEST))
    else:
        # Sooner here, in words, than when a patient waits for the answer.
        _answers(bundle, 0, 1)
    return bundle


def answers_of(task: str, networks: tuple[nn.Module, ...], batch: Batch) -> Tensor:
    """(members, B) the number by which a bundle of that task is recognised, on the device of the batch."""
    with torch.inference_mode():
        return torch.stack([task_named(task).told(batch.scores(network)) for network in networks])


def _require_served(facts: BundleFacts, where: str) -> None:
    declared = registered().get(facts.architecture.name)
    if declared is not None and facts.task not in declared.tasks:
        text = f"says that {declared.name} was trained for {facts.task}, which that network does not serve"
        raise InputError("E-BUNDLE", text, where=where, fix=ANEW)


def _network(facts: BundleFacts, container: Container, name: str) -> nn.Module:
    weights = read_weights(container, name)
    planned = planned_network(facts, container.size(name), container.where)
    require_fit(planned, weights, f"{container.where}/{name}")
    network = maker(facts.architecture)()
    network.load_state_dict(weights)
    return network.eval()


def _self_test(bundle: Bundle, expected: dict) -> None:
    """Refuse a network that answers otherwise here than where it was written."""
    try:
        wanted = np.array(expected["difference"], dtype=float)
        members, patients = wanted.shape
        seed, tolerance = int(expected["seed"]), float(expected["tolerance"])
        if not (1 <= patients <= MOST_PATIENTS and seed >= 0 and 0 < tolerance <= 1 and np.isfinite(wanted).all()):
            raise ValueError(f"{patients} patients, seed {seed}, tolerance {tolerance:g}")
    except (KeyError, TypeError, ValueError, IndexError, OverflowError) as error:
        raise InputError(
            "E-BUNDLE", f"{SELF_TEST} is incomplete: {for_message(repr(error))}", where=bundle.name, fix=ANEW
        ) from error
    found = _answers(bundle, seed, patients)
    if members != len(found) or not np.abs(found - wanted).max() <= tolerance:
        raise InputError(
            "E-BUNDLE-TEST",
            "the network does not answer as it did where it was written",
            where=bundle.name,
            fix="Update MONAI and PyTorch, or get the bundle anew.",
        )


def _answers(bundle: Bundle, seed: int, patients: int) -> np.ndarray:
    """(members, patients) what the networks say of random inputs, as the metadata describe inputs."""
    require_room(bundle.facts, patients, bundle.name)
    try:
        batch = task_named(bundle.facts.task).example(bundle.facts, seed, patients)
        return answers_of(bundle.facts.task, bundle.networks, batch).double().numpy()
    except (InputError, RuntimeError, ValueError, IndexError, TypeError, AssertionError, ZeroDivisionError) as error:
        said = error.message if isinstance(error, InputError) else str(error)
        why = for_message(next(iter(said.splitlines()), "") or type(error).__name__, 160)
        text = f"its network cannot take what its metadata describe: {why}"
        raise InputError("E-BUNDLE", text, where=bundle.name, fix=ANEW) from error
