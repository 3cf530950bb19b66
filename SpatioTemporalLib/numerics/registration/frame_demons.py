"""Deformation between frames of one series, which share their grid and their scale of brightness."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from scipy import ndimage

from .itk_images import simpleitk

WORK_UNITS = 4
STEPS = 30
# Along an axis, of what is left when it is made coarser.
FEWEST_VOXELS = 12
FACTORS = (4, 2, 1)
# Of a voxel's width in the coarser image, by which the finer one is smoothed before.
BLUR = 0.5


def demons_field(
    fixed: np.ndarray,
    moving: np.ndarray,
    spacing,
    *,
    smoothness: float,
    steps: int = STEPS,
    start: np.ndarray | None = None,
    report: Callable[[float], bool] = lambda fraction: True,
) -> np.ndarray:
    """(K, J, I, 3) mm along I, J and K from points of the fixed frame to those of the moving one.

    Parameters
    ----------
    fixed, moving : (K, J, I) float, of like brightness; one slice is registered in its plane
    spacing : (3,) mm of I, J and K
    smoothness : mm, standard deviation of the Gaussian that smooths the field in each step
    steps : on each level
    start : field to begin from; then only the finest level is gone through
    report : callable(fraction) giving whether to go on

    Notes
    -----
    Symmetric demons forces, coarse to fine, by SimpleITK: Thirion, Med Image Anal 2:243 (1998); Vercauteren et al.,
    NeuroImage 45:S61 (2009).
    """
    itk = simpleitk()
    flat = fixed.shape[0] == 1
    voxel = tuple(spacing[:2]) if flat else tuple(spacing)
    whole, other = (_image(frame[0] if flat else frame, voxel) for frame in (fixed, moving))
    levels = FACTORS if start is None else FACTORS[-1:]
    factors = dict.fromkeys(_factors(whole.GetSize(), factor) for factor in levels)
    field = None if start is None else _field_image(start[0, ..., :2] if flat else start, voxel)
    for n, factor in enumerate(factors):
        pair = [_shrunk(image, factor) for image in (whole, other)]
        demons = itk.FastSymmetricForcesDemonsRegistrationFilter()
        demons.SetNumberOfWorkUnits(WORK_UNITS)
        demons.SetNumberOfIterations(steps)
        # It would stop at a sum that threads add up in another order each time.
        demons.SetMaximumRMSError(0.0)
        demons.SetSmoothDisplacementField(True)
        demons.SetStandardDeviations([smoothness / s for s in pair[0].GetSpacing()])
        told = partial(_told, report, n, len(factors))
        field, goes_on = _executed(demons, told, steps, pair, _on(field, pair[0]))
        if not goes_on:
            break
    found = itk.GetArrayFromImage(_on(field, whole))
    if flat:
        found = np.concatenate([found, np.zeros((*found.shape[:-1], 1))], axis=-1)[None]
    return found


def _told(report: Callable[[float], bool], level: int, count: int, fraction: float) -> bool:
    return report((level + fraction) / count)


def composed(first: np.ndarray, second: np.ndarray, spacing) -> np.ndarray:
    """(K, J, I, 3) mm of going first by one field and from there by a second one, on the same grid."""
    return first + np.stack([sampled(second[..., axis], first, spacing) for axis in range(3)], axis=-1)


def sampled(values: np.ndarray, field: np.ndarray, spacing) -> np.ndarray:
    """(K, J, I) values at the points to which a field leads, linear; beyond the grid those of its edge."""
    places = np.indices(values.shape, dtype=float)
    for axis in range(3):
        # Fields go along I, J and K, arrays have K first.
        places[2 - axis] += field[..., axis] / spacing[axis]
    return ndimage.map_coordinates(np.asarray(values, dtype=float), places, order=1, mode="nearest")


def carried_labels(values: np.ndarray, field: np.ndarray, spacing) -> np.ndarray:
    """(K, J, I) labels at the points to which a field leads: that of which most lies there.

    Notes
    -----
    Each label is sampled as a share between 0 and 1, so that outlines move by parts of a voxel.
    """
    present = [int(value) for value in np.unique(values)]
    best, found = np.full(values.shape, -1.0), np.zeros(values.shape, values.dtype)
    for value in present:
        share = sampled(values == value, field, spacing)
        # Background comes first: half of it and half of a label is the label's.
        better = share >= best
        found[better], best[better] = value, share[better]
    return found


def _executed(demons, report: Callable[[float], bool], steps: int, pair: list, start) -> tuple[object, bool]:
    """The field that a method finds, and whether it was not told to stop."""
    state = {"asked": False, "done": 0}

    def step() -> None:
        # Exceptions do not pass through ITK: it is stopped, and the caller raises.
        state["done"] += 1
        if not state["asked"] and not report(min(state["done"] / steps, 1.0)):
            state["asked"] = True
            demons.StopRegistration()

    demons.AddCommand(simpleitk().sitkIterationEvent, step)
    field = demons.Execute(*pair, start)
    return field, not state["asked"]


def _image(values: np.ndarray, spacing: tuple):
    image = simpleitk().GetImageFromArray(np.ascontiguousarray(values, dtype=np.float32))
    image.SetSpacing([float(step) for step in spacing])
    return image


def _field_image(values: np.ndarray, spacing: tuple):
    image = simpleitk().GetImageFromArray(np.ascontiguousarray(values, dtype=np.float64), isVector=True)
    image.SetSpacing([float(step) for step in spacing])
    return image


def _on(field, image):
    """A field on the grid of an image; no displacement where there is none yet."""
    itk = simpleitk()
    if field is None:
        start = itk.Image(image.GetSize(), itk.sitkVectorFloat64, image.GetDimension())
        start.CopyInformation(image)
        return start
    # The edges of coarser grids lie further in: beyond them the field goes on.
    method = itk.ResampleImageFilter()
    method.SetReferenceImage(image)
    method.SetInterpolator(itk.sitkLinear)
    method.SetUseNearestNeighborExtrapolator(True)
    return method.Execute(field)


def _factors(size: tuple, factor: int) -> tuple[int, ...]:
    """By what each axis is made coarser: those that are short already stay as they are."""
    return tuple(factor if n // factor >= FEWEST_VOXELS else 1 for n in size)


def _shrunk(image, factors: tuple[int, ...]):
    if max(factors) == 1:
        return image
    itk = simpleitk()
    sigmas = [BLUR * step * factor if factor > 1 else 0.0 for step, factor in zip(image.GetSpacing(), factors)]
    smooth = itk.DiscreteGaussian(image, [s**2 for s in sigmas], 32, 0.01, True)
    return itk.Shrink(smooth, list(factors))
