"""What every temporal fusion must do, and what each does."""

from __future__ import annotations

import pytest
import torch
from library.networks.checks import perturbed, visits, without_gradient

from SpatioTemporalLib.errors import InputError
from SpatioTemporalLib.networks.blocks.sequence_fusion import TimeAwareLSTM, TransformerOverTime
from SpatioTemporalLib.networks.blocks.visit_fusion import (
    ConcatTwo,
    Difference,
    LastVisit,
    MaskedMean,
    TemporalResidualFusion,
)

VECTOR, MAP = (4,), (4, 2, 3, 3)
FUSIONS = {
    "last": (lambda: LastVisit(4), MAP),
    "mean": (lambda: MaskedMean(4), MAP),
    "concat": (lambda: ConcatTwo(4), MAP),
    "difference": (lambda: Difference(4), MAP),
    "residual": (lambda: TemporalResidualFusion(4), MAP),
    "residual_published": (lambda: TemporalResidualFusion(4, "published"), MAP),
    "lstm": (lambda: TimeAwareLSTM(4, 5), VECTOR),
    "lstm_inverse": (lambda: TimeAwareLSTM(4, 5, decay="inverse"), VECTOR),
    "transformer": (lambda: TransformerOverTime(4, heads=2, layers=1), VECTOR),
}
TWO_VISITS = ["concat", "difference", "residual", "residual_published"]
TIMED = ["lstm", "lstm_inverse", "transformer"]


@pytest.fixture(params=FUSIONS)
def case(request):
    torch.manual_seed(0)
    make, trailing = FUSIONS[request.param]
    return request.param, perturbed(make()).eval(), visits(*trailing)


def test_gives_one_feature_a_patient(case):
    _, fuse, (features, times, mask) = case
    assert fuse(features, times, mask).shape == (3, fuse.out_channels, *features.shape[3:])


@pytest.mark.parametrize("noise", [1000.0, torch.nan])
def test_unobserved_visits_play_no_part(case, noise):
    _, fuse, (features, times, mask) = case
    known = fuse(features, times, mask)
    features[~mask], times[~mask] = noise, noise
    assert torch.equal(fuse(features, times, mask), known)


def test_position_of_a_visit_in_the_array_plays_no_part(case):
    _, fuse, (features, times, mask) = case
    order = torch.tensor([2, 0, 3, 1])
    moved = fuse(features[:, order], times[:, order], mask[:, order])
    assert torch.allclose(moved, fuse(features, times, mask), atol=1e-6)


def test_swapping_what_was_seen_at_two_visits_matters_except_to_the_mean(case):
    name, fuse, (features, times, mask) = case
    swapped = features[:, [3, 1, 2, 0]][2:]
    changed = (fuse(swapped, times[2:], mask[2:]) - fuse(features[2:], times[2:], mask[2:])).abs().max()
    assert changed < 1e-6 if name == "mean" else changed > 1e-3


def test_earlier_visits_matter_except_to_the_last_alone(case):
    name, fuse, (features, times, mask) = case
    earlier = features.clone()
    earlier[2, 0] += torch.randn(features.shape[2:])
    changed = (fuse(earlier, times, mask) - fuse(features, times, mask)).abs().flatten(1).amax(dim=1)
    assert changed[2] == 0 if name == "last" else changed[2] > 1e-4
    assert changed[:2].max() < 1e-6


def test_real_intervals_matter_where_the_method_has_them(case):
    name, fuse, (features, times, mask) = case
    stretched = times.clone()
    stretched[2, 1] = 300.0
    changed = (fuse(features, stretched, mask) - fuse(features, times, mask)).abs().amax(dim=1)
    assert bool((changed[2] > 1e-4).all() if name in TIMED else (changed == 0).all())
    assert torch.allclose(changed[:2], torch.zeros(()), atol=1e-6)


def test_day_called_zero_plays_no_part(case):
    _, fuse, (features, times, mask) = case
    assert torch.allclose(fuse(features, times + 1024, mask), fuse(features, times, mask), atol=1e-5)


def test_patients_do_not_mix(case):
    _, fuse, (features, times, mask) = case
    alone = fuse(features[:1], times[:1], mask[:1])
    assert torch.allclose(fuse(features, times, mask)[:1], alone, atol=1e-6)


def test_gradients_reach_every_parameter_and_no_unobserved_visit(case):
    _, fuse, (features, times, mask) = case
    features[~mask] = torch.nan
    features.requires_grad_()
    assert not without_gradient(fuse, fuse(features, times, mask))
    assert not features.grad[~mask].any() and features.grad.isfinite().all()
    assert features.grad[mask].any()


@pytest.mark.parametrize("name", FUSIONS)
def test_a_change_needs_two_visits_and_the_rest_need_one(name):
    make, trailing = FUSIONS[name]
    features, times, mask = visits(*trailing)
    one = torch.zeros_like(mask)
    one[:, 1] = True
    if name in TWO_VISITS:
        with pytest.raises(InputError, match="2 are needed"):
            make()(features, times, one)
    else:
        assert make()(features, times, one).isfinite().all()
    with pytest.raises(InputError, match="0 observed visits"):
        make()(features, times, torch.zeros_like(mask))


def test_values_of_the_simple_fusions():
    features, times, mask = visits(4)
    first, latest = features[1, 1], features[1, 0]
    assert torch.equal(LastVisit(4)(features, times, mask)[1], latest)
    assert torch.allclose(MaskedMean(4)(features, times, mask)[1], (first + latest) / 2)
    assert torch.equal(ConcatTwo(4)(features, times, mask)[1], torch.cat([first, latest]))
    change = latest - first
    assert torch.equal(Difference(4)(features, times, mask)[1], torch.cat([change, change.abs()]))


def test_gates_of_the_residual_fusion_start_as_published():
    fuse = TemporalResidualFusion(4)
    torch.nn.init.zeros_(fuse.both[1].weight)
    torch.nn.init.ones_(fuse.both[1].bias)
    features, times, mask = visits(*MAP)
    latest = LastVisit(4)(features, times, mask)
    # sigmoid(0.3) and sigmoid(0.7).
    assert torch.allclose(fuse(features, times, mask), 0.574443 + 0.668188 * latest, atol=1e-5)


def test_published_residual_fusion_blurs_before_it_convolves():
    features = torch.zeros(1, 2, 2, 4, 4, 4)
    features[:, 1, 0, 2, 2, 2] = 1.0
    fuse = TemporalResidualFusion(2, "published")
    seen = []
    fuse.both.register_forward_hook(lambda module, given, out: seen.append(given[0]))
    fuse(features, torch.tensor([[0.0, 1.0]]), torch.ones(1, 2, dtype=torch.bool))
    # A peak magnified by linear interpolation and averaged back keeps 3/4 along each axis, its neighbours get 1/8.
    assert seen[0][0, 2, 2, 2, 2].item() == pytest.approx(0.75**3)
    assert seen[0][0, 2, 2, 2, 1].item() == pytest.approx(0.75**2 / 8)
