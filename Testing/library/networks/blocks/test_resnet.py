"""The residual encoder of small crops is normalised as asked for, throughout."""

from __future__ import annotations

import pytest
import torch
from library.networks.checks import without_gradient

from SpatioTemporalLib.networks.blocks.resnet import ResNet3D


@pytest.mark.parametrize("norm", ["group", "batch"])
def test_gradients_reach_every_parameter(norm):
    torch.manual_seed(0)
    encoder = ResNet3D(2, (4, 4, 8, 8), norm=norm)
    features = encoder(torch.randn(3, 2, 9, 16, 16))
    assert features.shape == (3, encoder.out_channels) == (3, 8)
    assert not without_gradient(encoder, features)


def test_widths_need_no_common_factor_for_group_normalisation():
    assert ResNet3D(1, (4, 6, 7, 9))(torch.randn(1, 1, 8, 8, 8)).isfinite().all()


def test_what_was_seen_survives_a_grid_of_one_position():
    torch.manual_seed(0)
    features = ResNet3D(1, (8, 8, 8, 8))(torch.randn(2, 1, 8, 8, 8))
    assert (features[0] - features[1]).abs().max() > 1e-2


@pytest.mark.parametrize("norm, independent", [("group", True), ("instance", True), ("batch", False)])
def test_only_batch_normalisation_mixes_patients_while_training(norm, independent):
    torch.manual_seed(0)
    encoder = ResNet3D(1, (4, 4, 8), norm=norm).train()
    volumes = torch.randn(2, 1, 8, 8, 8)
    other = torch.stack([volumes[0], 3 * volumes[1] + 1])
    assert torch.allclose(encoder(volumes)[0], encoder(other)[0], atol=1e-5) == independent


def test_stem_keeps_what_is_one_voxel_wide_apart():
    torch.manual_seed(0)
    encoder = ResNet3D(1, (4, 4, 8, 8)).eval()
    near, far = torch.zeros(2, 1, 1, 8, 8, 8)
    near[..., 3, 3, 3] = near[..., 3, 3, 4] = far[..., 3, 3, 3] = far[..., 3, 3, 5] = 5.0
    assert (encoder(near) - encoder(far)).abs().max() > 1e-3
