"""Simulated pairs hold what they say: lesions that are bright at the visits they are there at, and nothing else."""

import numpy as np
import pytest
from scipy import ndimage

import SpatioTemporalLib as st
from SpatioTemporalLib.context import Context
from SpatioTemporalLib.simulation.lesions.new_lesion_cohort import write_lesion_cohort
from SpatioTemporalLib.simulation.lesions.new_lesions import SHAPE_2D, SHAPE_3D, draw_pair


@pytest.fixture(scope="module")
def pairs():
    rng = np.random.default_rng(0)
    return [draw_pair(rng, SHAPE_3D) for _ in range(25)]


def contrast(image, mask):
    ring = ndimage.binary_dilation(mask, iterations=3) & ~ndimage.binary_dilation(mask, iterations=1)
    return image[mask].mean() / image[ring].mean()


def test_lesions_are_bright_at_the_visits_they_are_there_at(pairs):
    seen = {"new": [], "vanished": [], "persistent": []}
    for pair in pairs:
        for name, found in seen.items():
            mask = getattr(pair, name)
            if mask.any():
                found.append([contrast(image, mask) for image in pair.images])
    means = {name: np.mean(found, axis=0) for name, found in seen.items()}
    assert means["new"][1] > 1.15 > 1.1 > means["new"][0]
    assert means["vanished"][0] > 1.15 > 1.1 > means["vanished"][1]
    assert min(means["persistent"]) > 1.15


def test_some_pairs_are_unchanged_and_lesions_never_touch(pairs):
    unchanged = [not (pair.new | pair.vanished).any() for pair in pairs]
    assert 0 < sum(unchanged) < len(pairs)
    for pair in pairs:
        masks = [pair.new, pair.vanished, pair.persistent]
        together = ndimage.label(np.any(masks, axis=0))[1]
        assert together == sum(ndimage.label(mask)[1] for mask in masks)
        assert (pair.images > -100).all() and 90 <= pair.days < 700


def test_slices_are_pairs_of_a_single_slice():
    pair = draw_pair(np.random.default_rng(3), SHAPE_2D)
    assert pair.images.shape == (2, *SHAPE_2D) and pair.new.shape == SHAPE_2D


def test_the_cohort_reads_back_as_it_was_drawn(tmp_path):
    cohort = write_lesion_cohort(tmp_path / "c", 3, Context(seed=9), shape=(4, 24, 24))
    rng = np.random.default_rng(9)
    for n in range(3):
        pair, patient = draw_pair(rng, (4, 24, 24)), cohort.case(n)
        assert patient.days.tolist() == [0.0, pair.days]
        np.testing.assert_allclose(patient.visits[1].images["flair"].values, pair.images[1], rtol=1e-6)
        np.testing.assert_array_equal(patient.visits[1].masks["new"].foreground, pair.new)
        np.testing.assert_array_equal(patient.visits[1].masks["vanished"].foreground, pair.vanished)
    assert isinstance(cohort, st.Cohort)
