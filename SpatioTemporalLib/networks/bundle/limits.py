"""What the metadata of a bundle ask for, measured before any of it is taken: memory, layers, inputs."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn
from torch.nn.modules.module import register_module_module_registration_hook

from ...errors import InputError, ParameterError
from ...io.files.json_text import is_number
from ...io.files.room import free_memory
from ...system.plain_text import for_message
from ..registry import build
from ..task_registry import task_named
from .facts import Architecture, BundleFacts

MOST_ARGUMENTS, MOST_LAYERS, LONGEST_ARGUMENT = 2000, 20_000, 100
# Numbers of one patient that a network is shown; a lung at 1 mm, at four visits, has fewer.
MOST_INPUTS = 2**27
# Maps as fine as the input that are held at once, by rule of thumb: those of a stem, and what it is made of.
MAPS_AT_ONCE = 24
# Half precision and bytes are the smallest that weights are kept in.
FEWEST_BYTES = 1


def planned_network(facts: BundleFacts, weight_bytes: int, where: str) -> dict[str, torch.Tensor]:
    """Names and shapes of the weights that the architecture has, none of which takes memory.

    Parameters
    ----------
    weight_bytes : int
        Size of the file of weights: an architecture that needs more than it can hold is not its own.

    Raises
    ------
    InputError
        ``E-BUNDLE`` for settings that make no network, ``E-BUNDLE-WEIGHTS`` for more than the file can hold.
    """
    _check_arguments(facts.architecture, where)
    try:
        with torch.device("meta"), _few_layers():
            planned = maker(facts.architecture)().state_dict()
    except ParameterError as error:
        raise InputError("E-BUNDLE", error.message, where=where, fix=error.fix) from error
    needed = sum(tensor.numel() for tensor in planned.values())
    if needed * FEWEST_BYTES > weight_bytes:
        raise InputError(
            "E-BUNDLE-WEIGHTS",
            f"the settings of the architecture ask for {needed:.3g} weights, a file of {weight_bytes} bytes has fewer",
            where=where,
            fix="The weights belong to other settings; get the bundle anew.",
        )
    return planned


def maker(architecture: Architecture):
    """What makes the network with random weights."""
    return functools.partial(build, architecture.name, architecture.preset, architecture.arguments)


def require_room(facts: BundleFacts, patients: int, where: str) -> None:
    """Refuse regions and numbers of visits that would fill the memory, before a single one is made.

    Raises
    ------
    InputError
        ``E-BUNDLE-SIZE``
    """
    visits, shape = facts.visits[1], facts.shown.shape
    shown = task_named(facts.task).size(facts)
    needed, free = 4 * MAPS_AT_ONCE * shown * patients, free_memory()
    if shown > MOST_INPUTS or (free is not None and needed > free):
        size = f"regions of {'×'.join(map(str, shape))} voxels" if shape else "its inputs"
        raise InputError(
            "E-BUNDLE-SIZE",
            f"{size} at up to {visits} visits would take about {needed / 2**30:.1f} GiB of memory"
            + (f", {free / 2**30:.1f} GiB are free" if free is not None else ""),
            where=where,
            fix="Close other programs, or get the bundle anew from where it came.",
        )


def _check_arguments(architecture: Architecture, where: str) -> None:
    """Few and finite settings: a list of a million layers would be built for hours."""
    waiting, count = list(architecture.arguments.values()), 0
    while waiting:
        value, count = waiting.pop(), count + 1
        if isinstance(value, (list, tuple)):
            waiting += value
        elif isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, str) and len(value) > LONGEST_ARGUMENT:
            raise _no_settings(architecture, f"a text of {len(value)} letters among them", where)
        elif isinstance(value, (int, float)) and not isinstance(value, bool) and not is_number(value):
            raise _no_settings(architecture, f"the number {for_message(value, 20)} among them", where)
        if count + len(waiting) > MOST_ARGUMENTS:
            raise _no_settings(architecture, f"more than {MOST_ARGUMENTS} of them", where)


@contextmanager
def _few_layers() -> Iterator[None]:
    """A number among the settings may stand for that many layers."""
    count = 0

    def counted(outer: nn.Module, name: str, inner: nn.Module) -> None:
        nonlocal count
        count += 1
        if count > MOST_LAYERS:
            raise ValueError(f"they make more than {MOST_LAYERS} layers")

    handle = register_module_module_registration_hook(counted)
    try:
        yield
    finally:
        handle.remove()


def _no_settings(architecture: Architecture, why: str, where: str) -> InputError:
    text = f"the settings of {for_message(architecture.name)} make no network: there is {why}"
    return InputError("E-BUNDLE", text, where=where, fix="Get the bundle anew from where it came.")
