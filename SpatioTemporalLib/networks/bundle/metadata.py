"""What a bundle says of itself, without its weights: quick, and without any optional package."""

from __future__ import annotations

import os

from ...errors import InputError
from ...io.files.json_text import parsed
from ...parameters import Described, NamedValue
from ...steps.follow_up.covariates import Covariate
from ...system.plain_text import for_message
from ..task_registry import task_named
from .container import METADATA, MOST_METADATA, Container
from .facts import BundleFacts, facts_from_json
from .shipped import bundle_path

SIMULATED = "TRAINED ON SIMULATED DATA: its answer says nothing about a real patient."


def read_facts(container: Container) -> BundleFacts:
    """The facts of a bundle, checked.

    Raises
    ------
    InputError
        ``E-BUNDLE``: what is missing or wrong.
    """
    described = read_json(container, METADATA)
    if not isinstance(described, dict) or "spatiotemporal" not in described:
        raise InputError(
            "E-BUNDLE",
            "its metadata has no object 'spatiotemporal': it is a bundle of another program",
            where=container.where,
            fix="Choose a bundle that 'spatiotemporal train' wrote.",
        )
    return facts_from_json(described["spatiotemporal"], container.where)


def read_json(container: Container, name: str):
    """The content of a JSON file of a bundle."""
    try:
        return parsed(container.read(name, MOST_METADATA).decode("utf-8"))
    except ValueError as error:
        raise InputError(
            "E-BUNDLE", f"{name} {for_message(error, 160)}", where=container.where, fix="Get the bundle anew."
        ) from error


def covariates_of(path: str | os.PathLike) -> tuple[Covariate, ...]:
    """The covariates that the network of a bundle takes; raises as `described_bundle`."""
    return read_facts(_container(path)).covariates


def require_task(facts: BundleFacts, wanted: str, where: str) -> None:
    """Refuse a bundle that was trained for another task than the wanted one; "" takes any.

    Raises
    ------
    InputError
        ``E-BUNDLE-TASK``
    """
    if wanted and facts.task != wanted:
        raise InputError(
            "E-BUNDLE-TASK",
            f"was trained for {facts.task}, {wanted} is asked for",
            where=where,
            fix="Choose another bundle, or the analysis that takes this one.",
        )


def described_bundle(path: str | os.PathLike, task: str = "") -> Described:
    """What a bundle is, in a line, and the covariates it takes.

    task : what it must have been trained for, "" for anything

    Raises
    ------
    InputError
        ``E-BUNDLE...`` when it is none, broken, or of another task; ``E-SAMPLE`` when it was to be installed and is
        not.
    """
    container = _container(path)
    facts = read_facts(container)
    require_task(facts, task, container.where)
    phrases = (f"Network {facts.architecture.name}", *task_named(facts.task).in_words(facts), _covariates(facts))
    return Described(
        text="; ".join(phrases) + ".",
        warning=SIMULATED if facts.training.simulated else "",
        values=tuple(_named_value(covariate) for covariate in facts.covariates),
    )


def _container(path: str | os.PathLike) -> Container:
    path = bundle_path(path)
    # A path that is still being typed may be a whole disk, which must not be searched.
    if path.is_dir() and not any((inner / METADATA).exists() for inner in (path, *path.glob("*/"))):
        raise InputError(
            "E-BUNDLE-MISSING",
            f"has no file {METADATA}",
            where=path.name or str(path),
            fix="Choose the folder of a bundle, or such a folder as a .zip.",
        )
    return Container(path)


def _covariates(facts: BundleFacts) -> str:
    return f"covariates: {', '.join(c.name for c in facts.covariates) or 'none'}"


def _named_value(covariate: Covariate) -> NamedValue:
    usual = f"{covariate.mean:.3g} ± {covariate.std:.2g} in training" if covariate.kind == "numeric" else ""
    return NamedValue(covariate.name, covariate.unit, covariate.levels, usual)
