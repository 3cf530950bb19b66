"""The same motion for all visits of a patient: what changed between them stays as it was."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from .settings import TrainingSettings


@dataclass(frozen=True, eq=False)
class Motion:
    """angle : (B,) radians about the slices' normal. mirror : (B, 3) 1 or -1 along I, J, K.

    shift : (B, 3) mm along I, J, K. gain : (B, T) factors of intensity.
    """

    angle: Tensor
    mirror: Tensor
    shift: Tensor
    gain: Tensor

    def of(self, rows) -> Motion:
        """The motion of some of the patients."""
        return Motion(self.angle[rows], self.mirror[rows], self.shift[rows], self.gain[rows])


def draw_motion(patients: int, visits: int, settings: TrainingSettings, generator: torch.Generator) -> Motion:
    """Random motion, one a patient."""

    def uniform(*shape: int) -> Tensor:
        return 2 * torch.rand(shape, generator=generator) - 1

    return Motion(
        angle=math.radians(settings.rotation) * uniform(patients),
        mirror=torch.where(uniform(patients, 3) < 0, -1.0, 1.0),
        shift=settings.shift * uniform(patients, 3),
        gain=1 + settings.gain * uniform(patients, visits),
    )


def moved(images: Tensor, motion: Motion, spacings: Sequence[Sequence[float]]) -> Tensor:
    """Images (B, T, C, K, J, I) after a motion, linear; the outermost voxels are carried on.

    spacings : (I, J, K) mm of each channel
    """
    size = images.shape[3:]
    channels = []
    for channel, spacing in enumerate(spacings):
        theta = _matrix(motion, size, spacing).to(images)
        visits = images[:, :, channel]
        # Visits as channels: one grid moves them all.
        grid = functional.affine_grid(theta, visits.shape, align_corners=False)
        channels.append(functional.grid_sample(visits, grid, padding_mode="border", align_corners=False))
    return torch.stack(channels, dim=2) * motion.gain.to(images)[:, :, None, None, None, None]


def _matrix(motion: Motion, size: Sequence[int], spacing: Sequence[float]) -> Tensor:
    """(B, 3, 4) from places of the moved image to places of the original, each axis from -1 to 1."""
    # Half of the box along I, J, K in mm: turning is done there, for voxels need not be cubes.
    half = torch.tensor([n * s / 2 for n, s in zip(size[::-1], spacing)])
    cosine, sine, zero = motion.angle.cos(), motion.angle.sin(), torch.zeros_like(motion.angle)
    turn = torch.stack([cosine, -sine, zero, sine, cosine, zero, zero, zero, zero + 1], dim=1).reshape(-1, 3, 3)
    linear = turn * motion.mirror[:, None, :] * half[None, None, :] / half[None, :, None]
    return torch.cat([linear, (motion.shift / half)[:, :, None]], dim=2)
