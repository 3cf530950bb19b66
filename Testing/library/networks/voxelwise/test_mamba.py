"""Scans over phases know real intervals and nothing of what was not acquired; scans over space see all orders."""

import pytest
import torch
from library.networks.checks import perturbed

from SpatioTemporalLib.networks.voxelwise import mamba
from SpatioTemporalLib.networks.voxelwise.mamba import PhaseMamba, TriScanMamba, intervals, kept_places, scan_masking

TIMES = torch.tensor([[-1.0, 30.0, 90.0, 400.0]])
THERE = torch.ones(1, 4, dtype=torch.bool)


def phases(count=4, seed=0):
    return torch.randn(1, count, 5, 2, 3, 4, generator=torch.Generator().manual_seed(seed))


def block(**changes):
    torch.manual_seed(0)
    return perturbed(PhaseMamba(5, 4, **changes)).eval()


def test_intervals_are_minutes_between_the_phases_that_are_there():
    since, until = intervals(TIMES, THERE)
    torch.testing.assert_close(since, torch.tensor([[1.0, 31 / 60, 1.0, 310 / 60]]))
    torch.testing.assert_close(until, torch.tensor([[31 / 60, 1.0, 310 / 60, 1.0]]))
    since, until = intervals(TIMES, torch.tensor([[True, False, True, True]]))
    assert since[0, 2] == pytest.approx(91 / 60) and until[0, 0] == pytest.approx(91 / 60)


def test_phases_that_were_not_acquired_play_no_part():
    features, network = phases(), block()
    alone = network(features, TIMES, THERE)
    padded = torch.cat([features, 9 * torch.ones_like(features[:, :2])], dim=1)
    times = torch.cat([TIMES, torch.tensor([[5.0, 77.0]])], dim=1)
    there = torch.tensor([[True] * 4 + [False] * 2])
    assert (network(padded, times, there)[:, :4] - alone).abs().max() < 1e-5


def test_real_intervals_change_the_answer_only_where_they_are_to_be_known():
    features = phases()
    for timed in (True, False):
        network = block(timed=timed)
        change = (network(features, TIMES, THERE) - network(features, 2 * TIMES, THERE)).abs().max()
        assert (change > 1e-4) == timed


def test_voxels_are_scanned_alike_in_parts_or_together(monkeypatch):
    features, network = phases(), block()
    together = network(features, TIMES, THERE)
    monkeypatch.setattr(mamba, "VOXELS_AT_ONCE", 5)
    assert torch.allclose(network(features, TIMES, THERE), together, atol=1e-6)


def test_every_voxel_reaches_every_other_in_one_of_the_orders():
    torch.manual_seed(0)
    network = perturbed(TriScanMamba(4, 4)).double()
    volume = torch.randn(1, 4, 2, 3, 4, dtype=torch.float64, requires_grad=True)
    network(volume)[0, :, 0, 0, 0].sum().backward()
    assert (volume.grad.abs().sum(dim=1) > 0).all()


def test_the_three_orders_are_along_rows_backwards_and_across_slices():
    orders = [mamba._order((2, 2, 3), n).tolist() for n in range(3)]
    assert orders[0] == list(range(12)) and orders[1] == list(range(11, -1, -1))
    assert orders[2][:4] == [0, 6, 1, 7]


def test_places_are_left_out_at_random_but_never_all():
    torch.manual_seed(0)
    mask = torch.rand(500, 6) > 0.4
    mask[:, 0] = True
    kept = kept_places(mask, 0.9)
    assert not (kept & ~mask).any() and (kept.sum(dim=1) >= 1).all()
    assert kept_places(mask, 0.0) is mask
    share = kept_places(torch.ones(200, 100, dtype=torch.bool), 0.3).float().mean().item()
    assert share == pytest.approx(0.7, abs=0.02)


def test_leaving_out_none_is_deterministic_and_some_is_not():
    features, network = phases(), block()
    before = network(features, TIMES, THERE)
    scan_masking(network, 0.5)
    passes = [network(features, TIMES, THERE) for _ in range(4)]
    assert any(not torch.equal(one, before) for one in passes)
    scan_masking(network, 0.0)
    assert torch.equal(network(features, TIMES, THERE), before)
