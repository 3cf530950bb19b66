"""A segmentation bundle of the layout of MONAI's Model Zoo, without running what it brings."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from torch import nn

from ...errors import InputError
from ...io.files.json_text import parsed
from ...system.packages import require
from ...system.plain_text import for_message
from ..bundle.container import METADATA, MOST_METADATA, Container
from ..bundle.weights import read_weights, require_fit
from .bounded_network import TooLarge, planned_weights
from .configuration import Configuration
from .preparation import Preparation, preparation_of

INFERENCE = "configs/inference.json"
WEIGHTS = ("models/model.safetensors", "models/model.pt")
SCRIPTED = "models/model.ts"
NETWORKS = {
    "UNet", "BasicUNet", "BasicUNetPlusPlus", "DynUNet", "SegResNet", "SwinUNETR", "UNETR", "AttentionUnet", "VNet",
}  # fmt: skip
INFERERS = {"SlidingWindowInferer", "SlidingWindowInfererAdapt", "SimpleInferer"}
# Steps after the network that only bring back, convert or save what it gave, which is done here anyhow.
NOT_NEEDED = {"Invertd", "SaveImaged", "EnsureTyped", "ToTensord", "CopyItemsd", "DeleteItemsd"}
MOST_LABELS, MOST_WEIGHTS, LARGEST_WINDOW = 1000, 2**30, 1024
# Voxels of a window: 320 along each side. Images are filled up to the size of a window.
MOST_IN_WINDOW = 320**3


@dataclass(frozen=True, eq=False)
class ZooBundle:
    """A bundle that is ready to segment.

    name : of its folder. labels : by number, without background. window : (X, Y, Z) voxels, None for the whole image.
    overlap : of windows, 0..1. activation : "softmax", "sigmoid" or "". threshold : of each channel, None where the
    likeliest channel counts. channels : that the network gives.
    """

    name: str
    network: nn.Module
    preparation: Preparation
    labels: Mapping[int, str]
    window: tuple[int, int, int] | None
    overlap: float
    activation: str
    threshold: float | None
    channels: int


def read_zoo_bundle(path: str | os.PathLike) -> ZooBundle:
    """A bundle with one image channel and one network, read by its configuration.

    Raises
    ------
    InputError
        ``E-ZOO`` for what is not on the lists of this module or would have to be run, ``E-BUNDLE...`` for files that
        are damaged or do not fit one another.
    """
    require("monai", package="monai", extra="networks", purpose="A bundle of MONAI")
    container = Container(path)
    if not container.has(INFERENCE):
        raise InputError(
            "E-ZOO", f"has no {INFERENCE}", where=container.where,
            fix="Choose a bundle for segmentation of MONAI's Model Zoo; YAML is not read, convert it to JSON.",
        )  # fmt: skip
    configuration = Configuration(_json(container, INFERENCE), container.where)
    described = _json(container, METADATA)
    _require_one_channel(described, configuration)
    preparation = preparation_of(configuration)
    window, overlap = _inferer(configuration)
    activation, threshold = _afterwards(configuration)
    network, channels = _network(container, configuration)
    labels = _labels(described, channels, threshold)
    return ZooBundle(container.where, network, preparation, labels, window, overlap, activation, threshold, channels)


def _json(container: Container, name: str) -> object:
    try:
        return parsed(container.read(name, MOST_METADATA).decode("utf-8"))
    except ValueError as error:
        text = f"{name} {for_message(error, 160)}"
        raise InputError("E-BUNDLE", text, where=container.where, fix="Get the bundle anew.") from error


def _require_one_channel(described: object, configuration: Configuration) -> None:
    image = _at(described, "network_data_format", "inputs", "image")
    channels = _at(image, "num_channels")
    if channels not in (1, None):
        raise configuration.refused(f"takes {for_message(channels, 20)} channels at once, a frame has one")


def _network(container: Container, configuration: Configuration) -> tuple[nn.Module, int]:
    """The network with its weights, and how many channels it gives."""
    import monai.networks.nets

    kind, given = configuration.component("network_def")
    if kind not in NETWORKS:
        raise configuration.refused(
            f"its network is {for_message(kind, 60)}, which is none of {', '.join(sorted(NETWORKS))}"
        )
    given = {name: configuration.value(value, f"network_def.{name}") for name, value in given.items()}
    name = next((name for name in WEIGHTS if container.has(name)), "")
    if not name:
        scripted = f"; {SCRIPTED} is code and not run" if container.has(SCRIPTED) else ""
        raise configuration.refused(f"has none of {' and '.join(WEIGHTS)}{scripted}")
    maker = getattr(monai.networks.nets, kind)
    try:
        planned = planned_weights(maker, given, min(MOST_WEIGHTS, container.size(name)))
        network = maker(**given)
    except TooLarge as error:
        raise configuration.refused(f"{kind} would have {error}") from error
    # Constructors of MONAI fail in many ways for settings that make no sense.
    except (TypeError, ValueError, LookupError, RuntimeError, AttributeError, ArithmeticError) as error:
        raise configuration.refused(f"{kind} cannot be made: {for_message(error, 120)}") from error
    weights = _inner(read_weights(container, name))
    require_fit(planned, weights, container.where)
    network.load_state_dict(weights)
    channels = given.get("out_channels")
    if not isinstance(channels, int) or not 1 <= channels <= MOST_LABELS:
        raise configuration.refused(f"network_def.out_channels is {for_message(channels, 20)!r}")
    return network.eval(), channels


def _inner(weights: dict) -> dict:
    """The weights of a network that was wrapped for several GPUs, by the names of the network itself."""
    return {name.removeprefix("module."): tensor for name, tensor in weights.items()}


def _inferer(configuration: Configuration) -> tuple[tuple[int, int, int] | None, float]:
    kind, given = configuration.component("inferer")
    if kind not in INFERERS:
        raise configuration.refused(f"its inferer is {for_message(kind, 60)}, which is not known here")
    if kind == "SimpleInferer":
        return None, 0.0
    size = configuration.value(given.get("roi_size"), "inferer.roi_size")
    overlap = configuration.value(given.get("overlap", 0.25), "inferer.overlap")
    if not _is_size(size) or not isinstance(overlap, (int, float)) or not 0 <= overlap < 1:
        raise configuration.refused(
            f"the windows {for_message([size, overlap], 60)} are not three numbers, {MOST_IN_WINDOW} voxels at most, "
            "and an overlap"
        )
    return tuple(size), float(overlap)


def _is_size(size: object) -> bool:
    is_list = isinstance(size, Sequence) and not isinstance(size, str) and len(size) == 3
    is_whole = is_list and all(type(n) is int and 1 <= n <= LARGEST_WINDOW for n in size)
    return is_whole and math.prod(size) <= MOST_IN_WINDOW


def _afterwards(configuration: Configuration) -> tuple[str, float | None]:
    """Activation, and the threshold where several channels may hold at once."""
    activation, threshold = "", None
    for kind, given in configuration.steps("postprocessing"):
        if kind in NOT_NEEDED:
            continue
        if kind not in ("Activationsd", "AsDiscreted"):
            raise configuration.refused(f"postprocessing has the step {for_message(kind, 60)}, which is not known here")
        given = {name: configuration.value(value, f"{kind}.{name}") for name, value in given.items()}
        if kind == "Activationsd":
            activation = next((name for name in ("softmax", "sigmoid") if given.get(name)), "")
        else:
            threshold = _threshold(given, configuration)
    return activation, threshold


def _threshold(given: dict, configuration: Configuration) -> float | None:
    if given.get("argmax"):
        return None
    threshold = given.get("threshold", given.get("threshold_values"))
    threshold = 0.5 if threshold is True else threshold
    if not isinstance(threshold, (int, float)):
        raise configuration.refused(f"AsDiscreted has neither argmax nor a threshold: {for_message(given, 60)}")
    return float(threshold)


def _labels(described: object, channels: int, threshold: float | None) -> dict[int, str]:
    """Names by the numbers of a label map: of channels but background, or of all where each has its threshold."""
    names = _at(described, "network_data_format", "outputs", "pred", "channel_def")
    names = names if isinstance(names, dict) else {}
    first = 1 if threshold is None else 0
    found: dict[int, str] = {}
    for n in range(first, channels):
        name = for_message(names.get(str(n), ""), 60) or f"label {n}"
        # Columns of the table of volumes are called by them, beside that of the frames and their times.
        taken = name in found.values() or name in ("frame", "time")
        found[n + 1 - first] = f"{name} ({n})" if taken else name
    return found


def _at(value: object, *keys: str) -> object:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value
