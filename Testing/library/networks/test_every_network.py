"""What every registered network must and must not do."""

from __future__ import annotations

import pytest
import torch
from library.networks.checks import visits, without_gradient
from library.small.networks import CASES, CLASSIFYING, SMALL, small_batch, small_network

from SpatioTemporalLib.networks.cases.batch import Batch
from SpatioTemporalLib.networks.registry import build

ONE_VISIT, TIMED, CLINICAL = {"nas_lung", "radfusion"}, {"csfnet", "t_lstm"}, {"csfnet", "deepcad", "mcfn", "radfusion"}


@pytest.fixture(params=CASES, ids="-".join)
def case(request):
    return small_network(*request.param), small_batch(request.param[0]).parts


def test_gives_two_logits_a_patient(case):
    network, given = case
    logits = network(*given)
    assert logits.shape == (3, 2) and logits.isfinite().all()


def test_prediction_is_independent_of_who_else_is_in_the_batch(case):
    network, given = case
    alone = torch.cat([network(*(part[n : n + 1] for part in given)) for n in range(3)])
    assert torch.allclose(network(*given), alone, atol=1e-5)


@pytest.mark.parametrize("training", [False, True])
def test_unobserved_visits_and_missing_covariates_play_no_part(case, training):
    network, (images, times, mask, covariates, known) = case
    for module in network.modules():
        # Dropout draws anew at each call; all else as in training.
        module.train(training and not isinstance(module, torch.nn.MultiheadAttention))
    before = network(images, times, mask, covariates, known)
    images[~mask], times[~mask], covariates[~known] = torch.nan, torch.nan, torch.nan
    assert torch.equal(network(images, times, mask, covariates, known), before)


def test_gradients_reach_every_parameter(case):
    network, given = case
    assert not without_gradient(network.train(), network(*given))


@pytest.mark.parametrize("name", CLASSIFYING)
def test_each_network_uses_what_its_method_uses_and_nothing_else(name):
    network, (images, times, mask, covariates, known) = small_network(name), small_batch(name).parts
    before = network(images, times, mask, covariates, known)

    def changed(images=images, times=times, covariates=covariates):
        return bool((network(images, times, mask, covariates, known) - before).abs().max() > 1e-5)

    earlier, latest = images.clone(), images.clone()
    # The third patient's visits are all observed and in order.
    earlier[2, 0] += torch.randn(1, 8, 8, 8)
    latest[2, 3] += torch.randn(1, 8, 8, 8)
    assert changed(images=latest)
    assert changed(images=earlier) == (name not in ONE_VISIT)
    assert changed(times=3 * times) == (name in TIMED)
    assert changed(covariates=covariates + torch.tensor([1.0, 0.0])) == (name in CLINICAL)


@pytest.mark.parametrize(
    "name, changes",
    [
        ("nas_lung", {}),
        ("radfusion", {}),
        ("csfnet", {"temporal": "last", "cross_modal": "none"}),
        ("scans", {"visits": "last"}),
    ],
)
def test_a_network_of_one_visit_keeps_the_others_out_of_its_batch_statistics(name, changes):
    torch.manual_seed(0)
    network = build(name, arguments={**SMALL[name], **changes, "norm": "batch"}).train()
    images, times, mask = visits(1, 16, 16, 16)
    clinical = torch.zeros(3, 2), torch.ones(3, 2, dtype=torch.bool)
    before = network(images, times, mask, *clinical)
    images[2, :3] = 7.0
    assert torch.equal(network(images, times, mask, *clinical), before)


@pytest.mark.parametrize("name", CLASSIFYING)
def test_weights_saved_and_loaded_give_the_same(name, tmp_path):
    from safetensors.torch import load_file, save_file

    network, given = small_network(name), small_batch(name).parts
    save_file(network.state_dict(), tmp_path / "model.safetensors")
    other = build(name, arguments=SMALL[name]).eval()
    other.load_state_dict(load_file(tmp_path / "model.safetensors"))
    assert torch.equal(other(*given), network(*given))


def test_sizes_of_the_presets():
    with torch.device("meta"):
        sizes = {p: sum(w.numel() for w in build("nas_lung", p).parameters()) for p in ("small", "default", "large")}
    assert sizes["small"] == pytest.approx(0.14e6, rel=0.05)
    assert sizes["default"] == pytest.approx(0.9e6, rel=0.05)
    assert sizes["large"] == pytest.approx(4e6, rel=0.05)


def test_nas_lung_trains_with_its_margin():
    torch.manual_seed(0)
    network = build("nas_lung", arguments=SMALL["nas_lung"])
    images, times, mask = visits(1, 8, 8, 8)
    labels = torch.tensor([0, 1, 1])
    features = network.features(Batch(images, times, mask, None, None))
    assert torch.equal(network.head(features), network(images, times, mask))
    loss = torch.nn.functional.cross_entropy(network.head.with_margin(features, labels, relaxation=0.0), labels)
    assert loss > torch.nn.functional.cross_entropy(network.head(features), labels)
    assert not without_gradient(network, loss[None])


def test_radfusion_lets_covariates_and_image_add_but_not_interact():
    torch.manual_seed(0)
    network = small_network("radfusion")
    images, times, mask = visits(1, 8, 8, 8)
    first, second = torch.tensor([[0.5, 1.0]]).repeat(3, 1), torch.tensor([[-2.0, 0.0]]).repeat(3, 1)
    known = torch.ones(3, 2, dtype=torch.bool)
    with torch.no_grad():
        # Rows are patients who differ in their images, columns are covariates.
        p = torch.stack([network(images, times, mask, c, known).exp() for c in (first, second)], dim=1)
    assert torch.allclose(p.sum(dim=2), torch.ones(3, 2))
    assert (p[0] - p[1]).abs().max() > 1e-4 and (p[:, 0] - p[:, 1]).abs().max() > 1e-4
    assert (p[0, 0] - p[0, 1] - p[1, 0] + p[1, 1]).abs().max() < 1e-6
