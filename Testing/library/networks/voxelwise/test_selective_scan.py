"""The scan is the recurrence it stands for, however it is computed, and passes over what it is told to."""

import numpy as np
import pytest
import torch

from SpatioTemporalLib.networks.voxelwise.selective_scan import CHUNK, FEW, SelectiveScan


def scan(channels=3, state=4):
    torch.manual_seed(0)
    return SelectiveScan(channels, state).double()


def given(length, channels=3, patients=2, seed=1):
    rng = np.random.default_rng(seed)
    intervals = torch.from_numpy(rng.uniform(0.2, 3.0, (patients, length)))
    return torch.from_numpy(rng.normal(size=(patients, length, channels))), intervals


def looped(module, inputs, intervals, kept):
    """The recurrence written out, place by place and channel by channel."""
    low, drive, read = module.project(inputs).split([module.rank, module.state, module.state], dim=-1)
    steps = torch.nn.functional.softplus(module.step(low)) * intervals[..., None] * kept[..., None]
    steps, drive, read, inputs = (part.detach().numpy() for part in (steps, drive, read, inputs))
    rate, direct = -np.exp(module.log_decay.detach().numpy()), module.direct.detach().numpy()
    outputs = np.zeros_like(inputs)
    for patient in range(len(inputs)):
        state = np.zeros(rate.shape)
        for k in range(inputs.shape[1]):
            for d in range(inputs.shape[2]):
                step, u = steps[patient, k, d], inputs[patient, k, d]
                state[d] = np.exp(step * rate[d]) * state[d] + step * drive[patient, k] * u
                outputs[patient, k, d] = read[patient, k] @ state[d] + direct[d] * u
    return outputs


@pytest.mark.parametrize("length", [1, 3, FEW, FEW + 1, CHUNK, 2 * CHUNK + 5])
def test_it_equals_a_loop(length, worst_error):
    module = scan()
    inputs, intervals = given(length)
    kept = torch.rand(inputs.shape[:2], generator=torch.Generator().manual_seed(2)) > 0.3
    found = module(inputs, intervals, kept).detach().numpy()
    error = np.abs(found - looped(module, inputs, intervals, kept.double())).max()
    worst_error("selective scan against a loop in float64", error, 1e-10)
    assert error < 1e-10


def test_gradients_are_those_of_one_chunk(monkeypatch):
    from SpatioTemporalLib.networks.voxelwise import selective_scan

    found = []
    for chunk in (CHUNK, 7):
        monkeypatch.setattr(selective_scan, "CHUNK", chunk)
        module = scan()
        inputs, intervals = given(40)
        inputs.requires_grad_()
        (module(inputs, intervals) ** 2).sum().backward()
        found.append([inputs.grad, *(parameter.grad for parameter in module.parameters())])
    for ours, theirs in zip(*found):
        assert torch.allclose(ours, theirs, rtol=1e-9, atol=1e-12)


def test_places_that_are_passed_over_leave_no_trace():
    module = scan()
    inputs, intervals = given(20)
    kept = torch.ones(2, 20, dtype=torch.bool)
    kept[:, 5:9] = False
    changed = inputs.clone()
    changed[:, 5:9] = 7.0
    before, after = module(inputs, intervals, kept), module(changed, intervals, kept)
    assert torch.equal(before[:, :5], after[:, :5]) and torch.allclose(before[:, 9:], after[:, 9:])
    without = torch.cat([inputs[:, :5], inputs[:, 9:]], 1), torch.cat([intervals[:, :5], intervals[:, 9:]], 1)
    assert torch.allclose(module(*without)[:, 5:], before[:, 9:])


def test_long_sequences_with_large_steps_stay_finite():
    module = scan().float()
    with torch.no_grad():
        module.step.bias += 5.0
    inputs, intervals = given(500)
    assert module(inputs.float(), intervals.float()).isfinite().all()
