"""Networks by name: what a file of weights may ask for, and nothing else. Imports no torch itself."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ..errors import ParameterError
from ..system.declarations import declarations
from ..system.packages import require

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Network:
    """A published network: how it is made, and with which settings.

    Attributes
    ----------
    name, citation : str
    card : str
        What the source says, what it leaves open, and what was chosen here.
    make : callable
        Gives the module of one of the settings.
    presets : mapping
        A frozen dataclass of settings per name of a preset, one of them "default".
    tasks : tuple of str
        What it can be trained for; the first unless another is asked for.
    """

    name: str
    citation: str
    card: str
    make: Callable[[Any], nn.Module]
    presets: Mapping[str, Any]
    tasks: tuple[str, ...] = ("classification",)


def network(
    name: str, *, citation: str, presets: Mapping[str, Any], card: str, tasks: tuple[str, ...] = ("classification",)
):
    """Declare a class or function of one argument, the settings, to be the network of that name."""

    def declare(make):
        make.declaration = Network(name, citation, card, make, presets, tasks)
        return make

    return declare


@functools.cache
def networks() -> dict[str, Network]:
    """All networks by name, sorted; each lies in a module of `systems`.

    Raises
    ------
    MissingPackageError
        When torch or MONAI is not installed.
    TypeError
        If two claim the same name.
    """
    for name in ("torch", "monai"):
        require(name, package=name, extra="networks", purpose="A network")
    return declarations(Network, f"{__package__}.systems", what="network", attribute="declaration").declared


def network_named(name: str) -> Network:
    """The declaration of that name; ``E-NETWORK`` where there is none."""
    return _pick(networks(), name, "network")


def settings_of(name: str, preset: str = "default", arguments: Mapping[str, Any] | None = None) -> Any:
    """The settings of a preset with some of them replaced.

    Raises
    ------
    ParameterError
        ``E-NETWORK``: no such network, preset or setting, or values that no network can have.
    """
    preset_settings = _pick(_pick(networks(), name, "network").presets, preset, f"preset of {name}")
    for argument in arguments or {}:
        _pick(vars(preset_settings), argument, f"setting of {name}")
    with _told(name):
        return replace(preset_settings, **(arguments or {}))


def build(name: str, preset: str = "default", arguments: Mapping[str, Any] | None = None) -> nn.Module:
    """The network of that name, with random weights.

    Parameters
    ----------
    name, preset : str
    arguments : mapping, optional
        Settings that differ from those of the preset.

    Raises
    ------
    ParameterError
        ``E-NETWORK``: see `settings_of`. A name is only ever looked up here, never imported.
    """
    settings = settings_of(name, preset, arguments)
    with _told(name):
        return networks()[name].make(settings)


def parameter_counts(name: str) -> dict[str, int]:
    """How many parameters the network of that name has, per preset; none of them is given memory.

    Raises
    ------
    ParameterError
        ``E-NETWORK``: no such network.
    """
    import torch

    declared = _pick(networks(), name, "network")
    with torch.device("meta"):
        return {p: sum(w.numel() for w in build(name, p).parameters()) for p in declared.presets}


@contextmanager
def _told(name: str) -> Iterator[None]:
    """Tell the user of values of a wrong kind or size, which the layers of a network only stumble over."""
    try:
        yield
    except (TypeError, ValueError, RuntimeError, AttributeError, IndexError, ZeroDivisionError) as error:
        reason = (str(error) or repr(error)).splitlines()[0]
        raise ParameterError(
            "E-NETWORK",
            f"the settings of {name} make no network: {reason}",
            fix=f"'spatiotemporal networks {name}' shows them as they are meant.",
        ) from error


def _pick(known: Mapping[str, Any], name: str, what: str):
    if name not in known:
        raise ParameterError("E-NETWORK", f"there is no {what} {name!r}", fix=f"Choose one of {', '.join(known)}.")
    return known[name]
