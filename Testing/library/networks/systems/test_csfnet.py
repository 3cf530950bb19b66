"""CSF-Net: what its prediction may and may not depend on, its published size, its ablations."""

from __future__ import annotations

import pytest
import torch
from library.small.networks import VARIANTS, small_batch, small_network

from SpatioTemporalLib.errors import InputError
from SpatioTemporalLib.networks.registry import build

SMALL = {"stages": [[8], [16]], "width": 8, "levels": [0, 2]}
VARIANTS = {"default": {}, **VARIANTS["csfnet"]}


def batch():
    return small_batch("csfnet").parts


@pytest.fixture(params=VARIANTS)
def case(request):
    return request.param, small_network("csfnet", request.param, stages=[[8], [16]]), batch()


def test_each_ablation_is_blind_to_what_it_lacks(case):
    name, network, (images, times, mask, covariates, known) = case
    before = network(images, times, mask, covariates, known)

    def changed(images=images, times=times, covariates=covariates):
        return bool((network(images, times, mask, covariates, known) - before).abs().amax() > 1e-5)

    images_first, images_last = images.clone(), images.clone()
    # The third patient's visits are all observed and in order.
    images_first[2, 0] += torch.randn(1, 8, 8, 8)
    images_last[2, 3] += torch.randn(1, 8, 8, 8)
    assert changed(images=images_first) == (not name.startswith("last_visit"))
    assert changed(images=images_last) == (not name.startswith("first_visit"))
    assert changed(covariates=covariates + 0.5 * (torch.arange(2) == 0)) == (
        name not in {"first_visit", "last_visit", "images_only"}
    )
    assert changed(times=2 * times) == (not name.startswith(("first", "last")) and name != "published")


def test_order_of_visits_matters_when_both_are_seen():
    torch.manual_seed(0)
    network = build("csfnet", arguments=SMALL).eval()
    images, times, mask, covariates, known = (part[2:] for part in batch())
    swapped = network(images[:, [3, 1, 2, 0]], times, mask, covariates, known)
    assert (swapped - network(images, times, mask, covariates, known)).abs().max() > 1e-4


def test_interval_changes_nothing_at_the_start():
    torch.manual_seed(0)
    network = build("csfnet", arguments=SMALL).eval()
    images, times, mask, covariates, known = batch()
    assert torch.equal(network(images, 3 * times, mask, covariates, known), network(*batch()))


@pytest.mark.parametrize("variant", ["default", "published"])
def test_half_precision_gives_nearly_the_same(variant):
    torch.manual_seed(0)
    network = build("csfnet", arguments={**SMALL, **VARIANTS[variant]}).eval()
    whole = network(*batch())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        half = network(*batch())
    # bfloat16 keeps 8 bits, 0.4 %, at each of some twenty layers.
    assert torch.allclose(half.float(), whole, atol=0.05)


def test_a_patient_with_one_visit_is_refused_where_a_change_is_asked_for():
    images, times, mask, covariates, known = batch()
    mask[0] = torch.tensor([True, False, False, False])
    with pytest.raises(InputError, match="patient 0 of the batch has 1 observed visits"):
        build("csfnet", arguments=SMALL)(images, times, mask, covariates, known)


def test_presets_have_the_sizes_that_were_published_and_promised():
    with torch.device("meta"):
        sizes = {
            preset: {name: sum(p.numel() for p in part.parameters()) for name, part in network.named_children()}
            for preset in ("default", "paper")
            for network in [build("csfnet", preset)]
        }
    # 43.23 million parameters take part in the authors' code: trunk 28.46, residual fusion 14.16, attention 0.30.
    assert sum(sizes["paper"].values()) == pytest.approx(43.23e6, rel=5e-4)
    assert sizes["paper"]["fusion"] == pytest.approx(14.16e6, rel=5e-4)
    assert sizes["paper"]["cross_modal"] == pytest.approx(0.30e6, rel=0.02)
    assert sum(sizes["default"].values()) < 2e6


def test_paper_preset_takes_crops_of_the_published_size():
    with torch.device("meta"):
        network = build("csfnet", "paper")
        crops = torch.empty(2, 1, 1, 16, 64, 64)
        features = network.encoder.encoder(crops[:, 0])
    assert features.shape == (2, 512, 2, 8, 8)


def test_eight_patients_are_learned_by_heart():
    torch.manual_seed(0)
    network = build("csfnet", arguments=SMALL)
    images, labels = torch.randn(8, 2, 1, 8, 8, 8), torch.tensor([0, 1] * 4)
    times, seen = torch.tensor([[0.0, 200.0]]).repeat(8, 1), torch.ones(8, 2, dtype=torch.bool)
    given = images, times, seen, torch.tensor([[0.0, 1.0]]).repeat(8, 1), torch.ones(8, 2, dtype=torch.bool)
    adam = torch.optim.Adam(network.parameters(), 3e-3)
    for _ in range(60):
        adam.zero_grad()
        torch.nn.functional.cross_entropy(network(*given), labels).backward()
        adam.step()
    with torch.no_grad():
        probability = network.eval()(*given).softmax(1)[range(8), labels]
    assert probability.min() > 0.9
