"""Simulated patients whose nodules grow, as a bundle is given them, and where each nodule is."""

import numpy as np
import torch
from scipy import ndimage

from SpatioTemporalLib.context import Context
from SpatioTemporalLib.data.follow_up import FollowUp, Visit
from SpatioTemporalLib.networks.cases.batch import Batch
from SpatioTemporalLib.numerics.spatial.region_of_interest import resampled_labels
from SpatioTemporalLib.simulation.lung_anatomy import draw_anatomy
from SpatioTemporalLib.simulation.lung_ct import SCANNERS, scan_lung
from SpatioTemporalLib.steps.follow_up.visit_crops import centres_of, crop_visits

GROWTH = 1.45


def nodules_that_grow(bundle, count: int, *, growth: float = GROWTH, seed: int = 5) -> tuple[Batch, np.ndarray]:
    """Patients whose nodules grow by a factor, and the voxels (N, T, K, J, I) on or near each nodule."""
    rng = np.random.default_rng(seed)
    images, near = [], []
    for _ in range(count):
        anatomy, radius = draw_anatomy(rng), rng.uniform(3.5, 6)
        scans = [
            scan_lung(anatomy, r, SCANNERS[rng.integers(2)], rng, extent=(44, 44, 32), misplaced=3.0)
            for r in (radius, growth * radius)
        ]
        visits = (Visit(day, {"ct": scan.ct}, {"nodule": scan.nodule}) for day, scan in zip((0, 365), scans))
        follow_up = FollowUp("simulated", tuple(visits))
        crops = crop_visits(follow_up, centres_of(follow_up), bundle.facts.shown, Context())
        images.append(crops.images)
        masks = [
            resampled_labels(scan.nodule.values, scan.nodule.geometry, grid) for scan, grid in zip(scans, crops.grids)
        ]
        near.append([ndimage.binary_dilation(mask > 0, iterations=2) for mask in masks])
    known = torch.ones(count, 2, dtype=torch.bool)
    days = torch.tensor([[0.0, 365.0]]).expand(count, 2)
    return Batch(torch.from_numpy(np.stack(images)), days, known, torch.zeros(count, 2), known), np.array(near)
