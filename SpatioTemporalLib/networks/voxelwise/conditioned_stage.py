"""Two convolutions of a U-Net whose features a condition scales and shifts."""

from __future__ import annotations

from monai.networks.blocks.dynunet_block import UnetBasicBlock
from torch import Tensor

from ..blocks.conditioning import FiLM


class Stage(UnetBasicBlock):
    """Two convolutions with instance normalisation; a condition changes the second before its activation."""

    def __init__(self, in_channels: int, out_channels: int, stride: int, condition: int):
        super().__init__(3, in_channels, out_channels, 3, stride, ("INSTANCE", {"affine": True}))
        self.film = FiLM(condition, out_channels) if condition else None

    def forward(self, features: Tensor, condition: Tensor | None) -> Tensor:
        features = self.lrelu(self.norm1(self.conv1(features)))
        features = self.norm2(self.conv2(features))
        return self.lrelu(features if self.film is None else self.film(features, condition))
