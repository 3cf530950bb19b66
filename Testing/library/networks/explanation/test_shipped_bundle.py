"""The network that comes with the package rests on growth, and its explanations are true to it."""

import copy

import numpy as np
import pytest
import torch
from library.networks.explanation.growing_nodules import nodules_that_grow

from SpatioTemporalLib.networks.bundle.reading import read_bundle
from SpatioTemporalLib.networks.bundle.shipped import SHIPPED, bundle_path
from SpatioTemporalLib.networks.cases.batch import Batch
from SpatioTemporalLib.networks.explanation.faithfulness import insertion_deletion
from SpatioTemporalLib.networks.explanation.grad_cam import grad_cam
from SpatioTemporalLib.networks.explanation.integrated_gradients import integrated_gradients
from SpatioTemporalLib.networks.explanation.layer_cam import layer_cam
from SpatioTemporalLib.networks.explanation.occlusion import occlusion, visit_occlusion
from SpatioTemporalLib.networks.inference.prediction import ensemble_logits

PATIENTS = 4
# Integrated gradients take seconds for each.
EXPLAINED = 2


@pytest.fixture(scope="module")
def bundle():
    return read_bundle(bundle_path(SHIPPED))


@pytest.fixture(scope="module")
def growing(bundle):
    return nodules_that_grow(bundle, PATIENTS)


@pytest.fixture(scope="module")
def explained(bundle, growing):
    return integrated_gradients(bundle.networks[0], growing[0][:EXPLAINED], "carry_forward")


def test_growing_nodules_are_called_malignant_and_stable_ones_are_not(bundle, growing):
    stable, _ = nodules_that_grow(bundle, PATIENTS, growth=1.0)
    calibrated = bundle.facts.calibration.probability
    probabilities = [
        calibrated(ensemble_logits(bundle.networks, batch).double().mean(dim=0)) for batch in (growing[0], stable)
    ]
    assert (probabilities[0] > 0.5).all() and (probabilities[1] < 0.5).all()


def test_swapping_the_visits_lowers_the_probability(bundle, growing):
    batch, _ = growing
    swapped = Batch(batch.images.flip(1), *batch.parts[1:])
    difference = [ensemble_logits(bundle.networks, one).mean(dim=0) for one in (batch, swapped)]
    assert (difference[1] < difference[0]).all()


def test_integrated_gradients_add_up_within_one_percent(explained):
    assert explained.complete.all() and float(explained.completeness_error.max()) < 0.01


def test_the_strongest_voxel_lies_on_the_nodule_that_grew(growing, explained):
    latest = explained.values.sum(dim=2)[:, 1].numpy()
    hits = [growing[1][n, 1].ravel()[latest[n].argmax()] for n in range(EXPLAINED)]
    assert np.mean(hits) >= 0.8


def test_voxels_named_first_matter_more_than_others(bundle, growing, explained):
    order = explained.values.sum(dim=2)
    found = insertion_deletion(bundle.networks[0], growing[0][:EXPLAINED], order, baseline="carry_forward")
    assert float((found.insertion - found.random_insertion).mean()) >= 0.15
    assert float((found.random_deletion - found.deletion).mean()) >= 0.15


def test_shuffled_weights_give_other_maps(bundle, growing, explained):
    other = copy.deepcopy(bundle.networks[0])
    generator = torch.Generator().manual_seed(1)
    for parameter in other.parameters():
        order = torch.randperm(parameter.numel(), generator=generator)
        parameter.data = parameter.data.flatten()[order].reshape(parameter.shape)
    # How complete they are is not asked here, so a few steps do.
    found = integrated_gradients(other, growing[0][:EXPLAINED], "carry_forward", 8, tolerance=1e9)
    for n in range(EXPLAINED):
        assert abs(np.corrcoef(explained.values[n].flatten(), found.values[n].flatten())[0, 1]) < 0.3


def test_covering_the_nodule_costs_most(bundle, growing):
    batch, near = growing
    fall = occlusion(bundle.networks[0], batch[:1], (4, 8, 8), (4, 8, 8))[0, 1].numpy()
    assert fall[near[0, 1]].mean() > 3 * abs(fall[~near[0, 1]].mean())


def test_taking_back_what_is_new_at_the_last_visit_lowers_the_odds(bundle, growing):
    assert (visit_occlusion(bundle.networks[0], growing[0])[:, 1] > 0).all()


def test_layer_cam_is_strongest_on_the_nodule_that_grew(bundle, growing):
    batch, near = growing
    maps = layer_cam(bundle.networks[0], batch).numpy()
    assert not maps[:, 0].any(), "the first visit holds nothing new"
    for found, there in zip(maps[:, 1], near[:, 1]):
        assert there.flat[found.argmax()]
        assert found[there].sum() > 0.6 * found.sum()


def test_layer_cam_is_truer_to_the_network_than_grad_cam(bundle, growing):
    network, (batch, _) = bundle.networks[0], growing
    found = {
        explain: insertion_deletion(network, batch, explain(network, batch), 10, baseline="carry_forward")
        for explain in (grad_cam, layer_cam)
    }
    assert found[layer_cam].insertion.mean() > found[grad_cam].insertion.mean()
    assert found[layer_cam].deletion.mean() < found[grad_cam].deletion.mean()
