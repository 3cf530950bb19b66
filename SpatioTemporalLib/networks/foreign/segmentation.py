"""One image segmented by a bundle of the Model Zoo."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch

from ...data.geometry import Geometry
from ...errors import InputError
from ...io.files.room import free_memory
from ...numerics.spatial.region_of_interest import resampled
from ...system.plain_text import for_message
from ..inference.segmentation import windowed_scores
from .model_zoo import ZooBundle


def segmented_image(
    bundle: ZooBundle, values: np.ndarray, geometry: Geometry, device: str, report: Callable[[float], None]
) -> np.ndarray:
    """(K, J, I) numbers of the bundle's labels on the grid of an image (K, J, I).

    Where several channels reach their threshold the last of them counts, for
    labels of a map do not overlap.

    Raises
    ------
    InputError
        ``E-ZOO`` where the bundle cannot take this image, or gives what is no segmentation of it.
    """
    grid = bundle.preparation.grid(geometry)
    _require_room(bundle, grid)
    placed = resampled(values, geometry, grid, fill=float(values.min()))
    # MONAI's arrays run along I, J, K.
    image = torch.from_numpy(np.ascontiguousarray(placed.transpose(2, 1, 0)))[None]
    scores = _scores_of_image(bundle, image, device, report)
    if bundle.activation:
        scores = scores.softmax(dim=0) if bundle.activation == "softmax" else scores.sigmoid()
    channels = scores.cpu().numpy().transpose(0, 3, 2, 1)
    back = [resampled(channel, grid, geometry, fill=float(channel.flat[0])) for channel in channels]
    if bundle.threshold is None:
        return np.argmax(back, axis=0).astype(np.int16)
    labels = np.zeros(geometry.shape, np.int16)
    for n, channel in enumerate(back, start=1):
        labels[channel >= bundle.threshold] = n
    return labels


def _scores_of_image(
    bundle: ZooBundle, image: torch.Tensor, device: str, report: Callable[[float], None]
) -> torch.Tensor:
    """(C, X, Y, Z) of an image (1, X, Y, Z), after its intensities were changed as the bundle wants it."""
    try:
        for change in bundle.preparation.intensities:
            image = torch.as_tensor(change(image))
        scores = _scores(bundle, image[None].float(), device, report)
    # Settings that no constructor looks at, as an offset that is a text, and sizes that a network cannot halve.
    except (TypeError, ValueError, LookupError, RuntimeError, ArithmeticError) as error:
        size = " x ".join(map(str, image.shape[1:]))
        raise _refused(bundle, f"fails for an image of {size} voxels: {for_message(error, 160)}") from error
    # Some networks give what they found at several depths, the last of which is the finest.
    scores = scores[-1] if isinstance(scores, (list, tuple)) else scores
    wanted = (1, bundle.channels, *image.shape[1:])
    if scores.shape != wanted:
        # As of a network that halves odd sizes and doubles them again: a voxel too many shifts what it found.
        told = [" x ".join(map(str, shape)) for shape in (scores.shape, wanted)]
        raise _refused(bundle, f"gives {told[0]} numbers, {told[1]} were expected")
    if not bool(torch.isfinite(scores).all()):
        raise _refused(bundle, "gives values that are no numbers; its settings of intensities may be wrong")
    return scores[0]


def _require_room(bundle: ZooBundle, grid: Geometry) -> None:
    """Refuse a grid on which images and scores would not fit the memory, as one with a spacing of 0.05 mm."""
    # The image twice, the scores before and after activation, and the windows' weights.
    needed, free = 4 * math.prod(grid.shape) * (3 + 2 * bundle.channels), free_memory()
    if free is not None and needed > free:
        size = " x ".join(map(str, grid.shape[::-1]))
        text = f"wants images of {size} voxels, which take {needed / 2**30:.1f} GiB; {free / 2**30:.1f} are free"
        raise InputError("E-BUNDLE-SIZE", text, where=bundle.name, fix="Crop the series, or close other programs.")


def _refused(bundle: ZooBundle, text: str) -> InputError:
    fix = "Check that it was made for such images; otherwise use it with MONAI itself."
    return InputError("E-ZOO", text, where=bundle.name, fix=fix)


def _scores(bundle: ZooBundle, image: torch.Tensor, device: str, report: Callable[[float], None]) -> torch.Tensor:
    network, image = bundle.network.to(device), image.to(device)
    with torch.inference_mode():
        if bundle.window is None:
            report(0.0)
            return network(image)
        return windowed_scores(network, image, bundle.window, bundle.overlap, report)
