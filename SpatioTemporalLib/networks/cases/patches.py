"""Patches of phases for training: one later phase a patient, or several, drawn anew each time."""

from __future__ import annotations

import numpy as np
import torch


def patches_of(cases, step, around: float) -> tuple[list[np.ndarray], list[np.ndarray], np.ndarray]:
    """Phases (T, K, J, I) and seconds (T,) of each of this process's patients, and their masks (b, K, J, I).

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
        chosen = [0, 1, *_later(len(phases), cases.together, chance[0])]
        corner = patch_corner(target, cases.shape, chance[1] < around, chance[2:])
        images.append(np.stack([cut(phases[n], corner, cases.shape) for n in chosen]))
        times.append(seconds[chosen])
        masks.append(cut(target, corner, cases.shape))
    return images, times, np.stack(masks)


def _later(count: int, together: bool, chance: float) -> list[int]:
    """Numbers of the later phases: one, or as many as chance has it, so that none is relied on."""
    later = np.arange(2, count)
    if not together:
        return [int(later[int(chance * len(later))])]
    rng = np.random.default_rng(int(chance * 2**31))
    return sorted(int(n) for n in rng.choice(later, rng.integers(1, len(later) + 1), replace=False))


def cut(values: np.ndarray, corner: np.ndarray, shape: tuple[int, int, int]) -> np.ndarray:
    """A patch of an image from a corner on; zero where the image is smaller."""
    part = values[tuple(slice(c, c + n) for c, n in zip(corner, shape))]
    return np.pad(part, [(0, n - m) for n, m in zip(shape, part.shape)])


def patch_corner(target: np.ndarray, shape: tuple[int, int, int], around: bool, chance: np.ndarray) -> np.ndarray:
    """(3,) first voxel of a patch, by three numbers of 0..1: anywhere, or around a voxel of the target."""
    room = np.maximum(np.array(target.shape) - shape, 0)
    inside = np.argwhere(target > 0) if around and room.any() else ()
    if not len(inside):
        return np.floor(chance * (room + 1)).astype(int)
    voxel = inside[int(chance[0] * len(inside))]
    return np.clip(voxel - np.array(shape) // 2, 0, room)
