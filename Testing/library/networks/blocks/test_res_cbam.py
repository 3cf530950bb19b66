"""The residual encoder: its gates, its grid, its published size, its normalisations."""

from __future__ import annotations

import pytest
import torch
from library.networks.checks import without_gradient

from SpatioTemporalLib.networks.blocks.res_cbam import CBAM, ResCBAM3D

STAGES = ((8, 8), (16,))


@pytest.mark.parametrize("gate", ["sigmoid", "softmax"])
def test_gates_lie_between_nought_and_one(gate):
    torch.manual_seed(0)
    features = 5 * torch.randn(2, 8, 3, 4, 5)
    attention = CBAM(8, gate, kernel_size=3)
    channel, spatial = attention.channel_gate(features), attention.spatial_gate(features)
    assert channel.shape == (2, 8, 1, 1, 1) and spatial.shape == (2, 1, 3, 4, 5)
    for values in (channel, spatial):
        assert bool(((values > 0) & (values < 1)).all())
        assert values.std() > 0
    assert torch.allclose(attention(features), (1 + spatial) * features)


def test_channel_gate_by_softmax_sums_to_one():
    gate = CBAM(8, "softmax").channel_gate(torch.randn(2, 8, 3, 3, 3))
    assert torch.allclose(gate.sum(1), torch.ones(2, 1, 1, 1))


@pytest.mark.parametrize("shape, small", [((16, 16, 16), (4, 4, 4)), ((6, 10, 9), (2, 3, 3))])
def test_each_stage_halves_the_grid(shape, small):
    encoder = ResCBAM3D(2, STAGES)
    assert encoder(torch.randn(1, 2, *shape)).shape == (1, 16, *small)
    assert encoder.out_channels == 16


def test_published_trunk_has_the_published_size():
    stages = ((64, 64, 64), (128, 128, 256), (256, 256, 256, 512))
    with torch.device("meta"):
        trunk = ResCBAM3D(1, stages, stem=4, norm="batch")
        features = trunk(torch.empty(1, 1, 16, 64, 64))
    # 28.46 million in the authors' code, which also has biases before its normalisations.
    assert sum(p.numel() for p in trunk.parameters()) == pytest.approx(28.46e6, rel=5e-4)
    assert features.shape == (1, 512, 2, 8, 8)


@pytest.mark.parametrize("norm", ["group", "instance", "batch"])
def test_gradients_reach_every_parameter(norm):
    torch.manual_seed(0)
    encoder = ResCBAM3D(1, STAGES, norm=norm)
    assert not without_gradient(encoder, encoder(torch.randn(2, 1, 8, 8, 8)))


@pytest.mark.parametrize("norm, independent", [("group", True), ("instance", True), ("batch", False)])
def test_only_batch_normalisation_mixes_patients_while_training(norm, independent):
    torch.manual_seed(0)
    encoder = ResCBAM3D(1, STAGES, norm=norm).train()
    volumes = torch.randn(2, 1, 8, 8, 8)
    other = torch.stack([volumes[0], 3 * volumes[1] + 1])
    assert torch.allclose(encoder(volumes)[0], encoder(other)[0], atol=1e-5) == independent
