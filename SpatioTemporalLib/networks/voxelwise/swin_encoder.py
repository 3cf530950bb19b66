"""Hierarchical features of shifted windows, at half the size and coarser."""

from __future__ import annotations

from collections.abc import Sequence

from monai.networks.blocks import PatchEmbed
from monai.networks.nets.swin_unetr import BasicLayer, PatchMerging
from torch import Tensor, nn
from torch.nn import functional

from ...system.packages import require


class SwinEncoder(nn.Module):
    """Features of each stage, normalised; the first at half the size, each further one at half of that.

    Parameters
    ----------
    in_channels, width : int
        The width doubles from stage to stage.
    depths, heads : sequence of int
        Layers and heads of attention of each stage.
    window : int
        Voxels of a window along each axis.

    Notes
    -----
    Liu et al., Swin Transformer, ICCV 2021, with layers of MONAI's SwinUNETR
    (Hatamizadeh et al., 2022). As many stages as are wanted, so that small
    patches are not halved to nothing.
    """

    def __init__(self, in_channels: int, width: int, depths: Sequence[int], heads: Sequence[int], window: int):
        super().__init__()
        # MONAI's windows are rearranged by it, and would only fail when they are shown something.
        require("einops", package="einops", extra="networks", purpose="A network of shifted windows")
        self.widths = [width * 2**n for n in range(len(depths))]
        self.embed = PatchEmbed(patch_size=2, in_chans=in_channels, embed_dim=width, norm_layer=None, spatial_dims=3)
        self.stages = nn.ModuleList(
            BasicLayer(own, depth, count, (window,) * 3, [0.0] * depth, qkv_bias=True)
            for own, depth, count in zip(self.widths, depths, heads)
        )
        self.merge = nn.ModuleList(PatchMerging(own) for own in self.widths[:-1])

    def forward(self, images: Tensor) -> list[Tensor]:
        """Features (B, width 2^n, K / 2^(n + 1), ...) of images (B, C, K, J, I)."""
        features, found = self.embed(images), []
        for n, stage in enumerate(self.stages):
            features = stage(features)
            found.append(_normalised(features))
            if n < len(self.merge):
                features = self.merge[n](features.movedim(1, -1)).movedim(-1, 1)
        return found

    def factor(self) -> int:
        """What K, J and I have to be multiples of."""
        return 2 ** len(self.stages)


def _normalised(features: Tensor) -> Tensor:
    return functional.layer_norm(features.movedim(1, -1), features.shape[1:2]).movedim(-1, 1)
