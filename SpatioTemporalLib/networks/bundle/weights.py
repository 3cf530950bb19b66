"""Files of weights: tensors as plain numbers and nothing else, however they are damaged."""

from __future__ import annotations

import io

import torch
from torch import Tensor

from ...errors import InputError
from ...io.files.room import free_memory
from ...system.packages import require
from ...system.plain_text import for_message
from .container import Container
from .tensor_files import read_tensors

FIX = "Do not use it; get the bundle anew from where it came."


def read_weights(container: Container, name: str) -> dict[str, Tensor]:
    """The tensors of a file, by name, on the processor.

    Raises
    ------
    InputError
        ``E-BUNDLE-WEIGHTS`` for a file that is damaged or holds anything else.
    """
    safetensors = require("safetensors.torch", package="safetensors", extra="networks", purpose="A bundle")
    free = free_memory()
    if free is not None and 2 * container.size(name) > free:
        text = f"{name} takes {container.size(name) / 2**30:.1f} GiB, {free / 2**30:.1f} GiB of memory are free"
        raise InputError("E-BUNDLE-SIZE", text, where=container.where, fix="Close other programs.")
    content = container.read(name)
    try:
        if name.endswith(".safetensors"):
            weights = safetensors.load(content)
        else:
            weights = read_tensors(io.BytesIO(content))
    except MemoryError as error:
        raise InputError("E-BUNDLE-SIZE", f"{name} does not fit the memory", where=container.where, fix=FIX) from error
    # Damaged files make these readers fail in every way there is; a user can act on none of them.
    except Exception as error:
        reason = for_message(next(iter(str(error).splitlines()), "") or type(error).__name__, 120)
        text = f"{name} holds more than tensors, or is damaged: {reason}"
        raise InputError("E-BUNDLE-WEIGHTS", text, where=container.where, fix=FIX) from error
    if not isinstance(weights, dict) or not all(map(_is_plain, weights.items())):
        text = f"{name} is no table of plain tensors"
        raise InputError("E-BUNDLE-WEIGHTS", text, where=container.where, fix=FIX)
    return weights


def require_fit(planned: dict[str, Tensor], weights: dict[str, Tensor], where: str) -> None:
    """Names, shapes and kinds as the architecture has them, and finite numbers.

    Raises
    ------
    InputError
        ``E-BUNDLE-WEIGHTS``
    """
    missing, extra = sorted(planned.keys() - weights.keys()), sorted(weights.keys() - planned.keys())
    both = sorted(planned.keys() & weights.keys())
    other = [n for n in both if planned[n].shape != weights[n].shape]
    kinds = [n for n in both if planned[n].is_floating_point() != weights[n].is_floating_point()]
    # Only of what has the size that was planned: a tensor may claim more numbers than its file has bytes.
    wild = [n for n in both if n not in other and not bool(torch.isfinite(weights[n].float()).all())]
    faults = [
        f"{len(names)} {what} ({for_message(names[0])})"
        for names, what in [
            (missing, "tensors are missing"),
            (extra, "tensors too many"),
            (other, "tensors of another shape"),
            (kinds, "tensors of another kind"),
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


def _is_plain(item: tuple[object, object]) -> bool:
    name, tensor = item
    if not isinstance(name, str) or not isinstance(tensor, Tensor):
        return False
    is_plain = tensor.layout == torch.strided and not tensor.is_quantized and not tensor.is_complex()
    return is_plain and tensor.device.type == "cpu"
