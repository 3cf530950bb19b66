"""What networks share that see a fixed number of phases side by side and know when each was acquired."""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import Tensor, nn

from .acquisition_times import condition_of, phases_as_channels, time_generator


class PhaseNetwork(nn.Module, ABC):
    """Phases become channels, their times a condition; `answered` makes two logits a voxel of both.

    Parameters
    ----------
    settings
        With ``in_channels``, ``phases``, ``hidden`` and ``times``.

    Attributes
    ----------
    channels : int
        Of all phases together.
    condition : int
        Width of the condition, 0 where times are not looked at.
    """

    def __init__(self, settings):
        super().__init__()
        self.phases, self.channels = settings.phases, settings.in_channels * settings.phases
        self.condition = settings.hidden if settings.times else 0
        self.generator = time_generator(settings.phases, settings.hidden) if settings.times else None

    def forward(
        self,
        images: Tensor,
        times: Tensor,
        mask: Tensor,
        covariates: Tensor | None = None,
        covariate_mask: Tensor | None = None,
    ) -> Tensor:
        """Logits (B, 2, K, J, I) of images (B, T, C, K, J, I) at times (B, T) in seconds where mask (B, T) is True."""
        channels = phases_as_channels(images, mask, self.phases)
        return self.answered(channels, condition_of(self.generator, times, mask))

    @abstractmethod
    def answered(self, channels: Tensor, condition: Tensor | None) -> Tensor:
        """Logits (B, 2, K, J, I) of channels (B, C, K, J, I) under a condition (B, hidden), None without times."""
