"""Small images of nodules show what is said of them."""

import numpy as np
import pytest

from SpatioTemporalLib.numerics.statistics.roc import roc_area
from SpatioTemporalLib.simulation.nodule_crops import CropDesign, nodule_crops
from SpatioTemporalLib.simulation.nodule_growth import NodulePopulation, VisitPlan

CLEAN = CropDesign(texture=0.0, noise=0.0, scanner_gain=0.0)


def volumes(images, design):
    """Volume of the nodules in mm³ by summing what is brighter than the background."""
    return images.sum(axis=(2, 3, 4, 5)) * np.prod(design.spacing)


def test_seed_alone_decides():
    first, again, other = (nodule_crops(4, np.random.default_rng(s)) for s in (0, 0, 1))
    np.testing.assert_array_equal(first.images, again.images)
    assert first.images.shape == (4, 2, 1, 16, 32, 32) and first.images.dtype == np.float32
    assert not np.array_equal(first.images, other.images)


def test_nodules_have_the_volume_of_their_radius_wherever_they_are_moved():
    crops = nodule_crops(20, np.random.default_rng(1), design=CLEAN)
    radius = crops.history.radius
    # A linear rim of width w adds the part (w / r)² / 4.
    exact = 4 / 3 * np.pi * radius**3 * (1 + CLEAN.edge**2 / (4 * radius**2))
    # The smallest nodules span no more than three slices of 2 mm.
    assert (np.abs(volumes(crops.images, CLEAN) / exact - 1) < 0.06).all()


def test_noise_and_texture_have_their_strength():
    quiet = CropDesign(noise=0.0, scanner_gain=0.0, shift=0.0)
    crops = nodule_crops(6, np.random.default_rng(2), design=quiet)
    corner = crops.images[..., :3, :6, :6]
    # The background is the same at both visits, and only it is in the corner.
    np.testing.assert_array_equal(corner[:, 0], corner[:, 1])
    assert np.std(crops.images[:, 0, 0, [0, -1]]) == pytest.approx(0.15, rel=0.15)
    noisy = nodule_crops(6, np.random.default_rng(2), design=CropDesign(scanner_gain=0.0, shift=0.0))
    difference = (noisy.images[:, 0] - noisy.images[:, 1])[..., :3, :6, :6]
    assert difference.std() == pytest.approx(0.05 * np.sqrt(2), rel=0.1)


def test_scanners_differ_in_gain():
    design = CropDesign(texture=0.0, noise=0.0, shift=0.0)
    crops = nodule_crops(30, np.random.default_rng(3), design=design)
    brightest = crops.images.max(axis=(2, 3, 4, 5))
    np.testing.assert_allclose(brightest, np.where(crops.scanner == 0, 1.1, 0.9), rtol=1e-5)


def test_missed_visits_are_marked_and_empty():
    crops = nodule_crops(40, np.random.default_rng(4), plan=VisitPlan((0, 180, 360), missing=0.4))
    assert (~crops.observed).any()
    assert (crops.images[~crops.observed] == 0).all()
    assert crops.images[crops.observed].any(axis=(1, 2, 3, 4)).all()


def test_growth_seen_in_images_tells_malignancy_and_one_visit_tells_little():
    crops = nodule_crops(240, np.random.default_rng(5), NodulePopulation(age_weight=0.0))
    bright = (crops.images > 0.5).sum(axis=(2, 3, 4, 5)).astype(float)
    # About four standard errors above and below: areas of 240 cases have one of 0.02 to 0.035.
    assert roc_area(crops.malignant, bright[:, 1] / bright[:, 0]).auc > 0.85
    assert roc_area(crops.malignant, bright[:, 1]).auc < 0.8
    assert roc_area(crops.malignant, crops.covariates[:, 1]).auc == pytest.approx(0.5, abs=0.1)
