"""A network of MONAI made from settings that nobody vouches for: never larger than its weights, never without end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import nn
from torch.nn.modules import module

# The largest networks of the Model Zoo have some thousand parts.
MOST_PARTS = 20_000
# Of settings, before anything is made: constructors also build lists that are as long as they say.
LARGEST_SETTING = 100_000


class TooLarge(Exception):
    """What is being made has more parts, or more numbers, than it may have."""


def planned_weights(maker: Callable[..., nn.Module], given: dict[str, object], most_numbers: int) -> dict:
    """Names and shapes of a network's weights, without their memory.

    Parameters
    ----------
    most_numbers : int      Weights that the network may have.

    Raises
    ------
    TooLarge
        As soon as it is, however many parts the settings ask for.
    """
    if _largest(list(given.values())) > LARGEST_SETTING:
        raise TooLarge(f"a setting above {LARGEST_SETTING}")
    with _counted(most_numbers), torch.device("meta"):
        return maker(**given).state_dict()


def _largest(value: object) -> float:
    """Of all numbers in lists and tables of settings."""
    if isinstance(value, (list, tuple, set, dict)):
        return max(map(_largest, value.values() if isinstance(value, dict) else value), default=0)
    return abs(value) if isinstance(value, (int, float)) else 0


@contextmanager
def _counted(most_numbers: int) -> Iterator[None]:
    """Counts parts and numbers while modules are made: one number of blocks can ask for billions."""
    parts = numbers = 0

    def part(*_) -> None:
        nonlocal parts
        parts += 1
        if parts > MOST_PARTS:
            raise TooLarge(f"more than {MOST_PARTS} parts")

    def tensor(_module, _name, value) -> None:
        nonlocal numbers
        # Networks that another thread makes meanwhile have real tensors.
        if value is not None and value.is_meta:
            numbers += value.numel()
        if numbers > most_numbers:
            raise TooLarge("more weights than its file can hold")

    hooks = [
        module.register_module_module_registration_hook(part),
        module.register_module_parameter_registration_hook(tensor),
        module.register_module_buffer_registration_hook(tensor),
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
