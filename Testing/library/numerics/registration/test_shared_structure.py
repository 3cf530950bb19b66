"""Structure that two images share is told from what any two images share, whatever their smoothness and contrast."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from SpatioTemporalLib.numerics.registration.shared_structure import shared_structure

SHAPE = (30, 40, 44)
EVERYWHERE = np.ones(SHAPE, bool)


def texture(seed, width=2.5, shape=SHAPE):
    values = gaussian_filter(np.random.default_rng(seed).normal(size=shape), width)
    return values / values.std()


@pytest.mark.parametrize("width", [0.0, 1.0, 2.5, 5.0])
def test_image_shares_all_with_itself_and_its_inverse(width):
    image = texture(1, width)
    for other in (image, -image, 300 + 40 * image):
        found = shared_structure(image, other, EVERYWHERE)
        assert found.value == pytest.approx(1, abs=1e-9) and found.is_beyond_chance


@pytest.mark.parametrize("width", [0.0, 1.0, 2.5, 5.0, 8.0])
def test_unrelated_images_share_what_is_by_chance(width):
    for seed in range(8):
        assert not shared_structure(texture(seed, width), texture(seed + 100, width), EVERYWHERE).is_beyond_chance


def test_noise_on_one_of_them_does_not_hide_what_they_share():
    image = texture(1)
    noisy = image + 3 * np.random.default_rng(2).normal(size=SHAPE)
    assert shared_structure(image, noisy, EVERYWHERE).is_beyond_chance


def test_only_what_both_show_counts():
    image, seen = texture(1), EVERYWHERE.copy()
    seen[:, :, 20:] = False
    other = np.where(seen, image, -1e6)
    assert shared_structure(image, other, seen).value == pytest.approx(1, abs=1e-6)
    # The same numbers, were all of them taken to be seen.
    assert shared_structure(image, other, EVERYWHERE).value < 0.9


@pytest.mark.parametrize("part", [np.s_[:, :, :3], np.s_[:2, :5, :5], np.s_[:0]])
def test_too_little_seen_tells_nothing(part):
    seen = np.zeros(SHAPE, bool)
    seen[part] = True
    found = shared_structure(texture(1), texture(1), seen)
    assert np.isnan(found.value) and not found.is_beyond_chance


@pytest.mark.parametrize("constant", [0.0, -1024.0, 0.1])
def test_constant_image_shares_nothing(constant):
    found = shared_structure(texture(1), np.full(SHAPE, constant), EVERYWHERE)
    assert found.value == 0 and not found.is_beyond_chance


def test_large_images_and_thin_ones_are_judged_too():
    for shape in ((6, 200, 180), (1, 90, 90)):
        image, other = texture(1, 3, shape), texture(2, 3, shape)
        seen = np.ones(shape, bool)
        assert shared_structure(image, image, seen).is_beyond_chance
        assert not shared_structure(image, other, seen).is_beyond_chance
