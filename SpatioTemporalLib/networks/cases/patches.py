"""Patches of phases for training: one later phase a patient, drawn anew each time."""

from __future__ import annotations

import numpy as np
import torch


def patches_of(cases, step, around: float) -> tuple[list[np.ndarray], list[np.ndarray], np.ndarray]:
    """Phases (3, K, J, I) and seconds (3,) of each of this process's patients, and their masks (b, K, J, I).

    Parameters
    ----------
    around : 0..1 of the patches that are laid around a voxel of the mask, where they do not hold the whole image
    """
    # Drawn for the whole batch, so that the number of processes changes nothing: phase, kind of place, place.
    drawn = torch.rand(len(step.rows), 5, generator=step.generator).numpy()
    images, times, masks = [], [], []
    for place in step.own:
        phases, seconds, target, _ = cases.volumes(int(step.rows[place]))
        chance = drawn[place]
        later = 2 + int(chance[0] * (len(phases) - 2))
        corner = _corner(target, cases.shape, chance[1] < around, chance[2:])
        images.append(np.stack([cut(phases[n], corner, cases.shape) for n in (0, 1, later)]))
        times.append(seconds[[0, 1, later]])
        masks.append(cut(target, corner, cases.shape))
    return images, times, np.stack(masks)


def cut(values: np.ndarray, corner: np.ndarray, shape: tuple[int, int, int]) -> np.ndarray:
    """A patch of an image from a corner on; zero where the image is smaller."""
    part = values[tuple(slice(c, c + n) for c, n in zip(corner, shape))]
    return np.pad(part, [(0, n - m) for n, m in zip(shape, part.shape)])


def _corner(target: np.ndarray, shape: tuple[int, int, int], around: bool, chance: np.ndarray) -> np.ndarray:
    room = np.maximum(np.array(target.shape) - shape, 0)
    inside = np.argwhere(target > 0) if around and room.any() else ()
    if not len(inside):
        return np.floor(chance * (room + 1)).astype(int)
    voxel = inside[int(chance[0] * len(inside))]
    return np.clip(voxel - np.array(shape) // 2, 0, room)
