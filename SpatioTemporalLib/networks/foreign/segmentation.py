"""One image segmented by a bundle of the Model Zoo."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from ...data.geometry import Geometry
from ...numerics.spatial.region_of_interest import resampled
from ..inference.segmentation import windowed_scores
from .model_zoo import ZooBundle


def segmented_image(
    bundle: ZooBundle, values: np.ndarray, geometry: Geometry, device: str, report: Callable[[float], None]
) -> np.ndarray:
    """(K, J, I) numbers of the bundle's labels on the grid of an image (K, J, I).

    Where several channels reach their threshold the last of them counts, for
    labels of a map do not overlap.
    """
    grid = bundle.preparation.grid(geometry)
    placed = resampled(values, geometry, grid, fill=float(values.min()))
    # MONAI's arrays run along I, J, K.
    image = torch.from_numpy(np.ascontiguousarray(placed.transpose(2, 1, 0)))[None]
    for change in bundle.preparation.intensities:
        image = torch.as_tensor(change(image))
    scores = _scores(bundle, image[None].float(), device, report)[0]
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


def _scores(bundle: ZooBundle, image: torch.Tensor, device: str, report: Callable[[float], None]) -> torch.Tensor:
    network, image = bundle.network.to(device), image.to(device)
    with torch.inference_mode():
        if bundle.window is None:
            report(0.0)
            return network(image)
        return windowed_scores(network, image, bundle.window, bundle.overlap, report)
