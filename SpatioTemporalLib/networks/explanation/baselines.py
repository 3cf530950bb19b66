"""What images are compared with, or replaced by, when a network is explained."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from ...errors import ParameterError
from ..blocks.visits import only_earliest
from ..cases.batch import Batch

Baseline = Literal["zero", "mean", "blurred", "carry_forward"]

# Wide enough to take a nodule out of its crop.
BLUR_SHARE = 1 / 8


def observed_images(batch: Batch) -> Tensor:
    """Images (B, T, C, K, J, I), zero where a visit was not observed."""
    # Filled, not multiplied by zero: an unobserved visit may hold NaN.
    return batch.images.masked_fill(~_column(batch.mask), 0.0)


def baseline_images(batch: Batch, baseline: Baseline | Tensor) -> Tensor:
    """Images (B, T, C, K, J, I) to compare with; zero where a visit was not observed.

    Parameters
    ----------
    batch : Batch
    baseline : str or tensor
        "zero"; "mean", of each channel of each visit; "blurred", by a Gaussian
        of an eighth of each axis; "carry_forward", the earliest visit in place
        of all later ones, which asks what changed; or images that `batch.images`
        can be compared with.

    Raises
    ------
    ParameterError
        ``E-BASELINE``, for an unknown name or images of another shape.
    """
    images = observed_images(batch)
    if isinstance(baseline, Tensor):
        return _given(batch, baseline)
    if baseline == "zero":
        return torch.zeros_like(images)
    if baseline == "mean":
        return images.mean(dim=(3, 4, 5), keepdim=True).expand_as(images)
    if baseline == "blurred":
        return blurred(images)
    if baseline == "carry_forward":
        earliest = images[only_earliest(batch.times, batch.mask)]
        return earliest[:, None].expand_as(images).masked_fill(~_column(batch.mask), 0.0)
    raise ParameterError(
        "E-BASELINE",
        f"there is no baseline {baseline!r}",
        fix="Choose one of zero, mean, blurred, carry_forward, or give images.",
    )


def blurred(images: Tensor) -> Tensor:
    """Images (..., K, J, I) under a Gaussian of `BLUR_SHARE` of each axis, the outermost voxels repeated beyond."""
    volumes = images.reshape(-1, 1, *images.shape[-3:])
    for axis in range(3):
        deviation = BLUR_SHARE * volumes.shape[2 + axis]
        reach = int(3 * deviation)
        weights = torch.exp(-0.5 * (torch.arange(-reach, reach + 1).to(volumes) / deviation) ** 2)
        shape = [1, 1, 1, 1, 1]
        shape[2 + axis] = -1
        padding = [0] * 6
        padding[2 * (2 - axis)] = padding[2 * (2 - axis) + 1] = reach
        padded = nn.functional.pad(volumes, padding, mode="replicate")
        volumes = nn.functional.conv3d(padded, (weights / weights.sum()).reshape(shape))
    return volumes.reshape(images.shape)


def _given(batch: Batch, baseline: Tensor) -> Tensor:
    try:
        images = baseline.to(batch.images).expand_as(batch.images)
    except RuntimeError as error:
        raise ParameterError(
            "E-BASELINE",
            f"the baseline has shape {tuple(baseline.shape)}, the images {tuple(batch.images.shape)}",
            fix="Give images of the same shape, or of one that broadcasts to it.",
        ) from error
    return images.masked_fill(~_column(batch.mask), 0.0)


def _column(mask: Tensor) -> Tensor:
    """(B, T) as (B, T, 1, 1, 1, 1)."""
    return mask[:, :, None, None, None, None]
