"""Normalisation layers by name, in the form MONAI's blocks take."""

from __future__ import annotations

from math import gcd
from typing import Literal

Norm = Literal["group", "instance", "batch"]

MOST_GROUPS = 8
# Alone in its group, a channel is zero wherever the grid has shrunk to one position.
FEWEST_CHANNELS = 4


def norm_layer(norm: Norm, channels: int) -> tuple[str, dict]:
    """Name and arguments of a normalisation of so many channels.

    Batch normalisation makes the output of one patient depend on the others of
    the batch while training; it is there for published networks only.
    """
    if norm == "group":
        return "group", {"num_groups": gcd(MOST_GROUPS, channels, max(channels // FEWEST_CHANNELS, 1))}
    return norm, {"affine": True}
