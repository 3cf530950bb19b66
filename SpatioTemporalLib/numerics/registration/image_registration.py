"""Rigid and deformable registration of two images by SimpleITK."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...data.geometry import Geometry
from ...errors import InputError
from .displacement import volume_change
from .itk_images import LPS, Picture, place_of, require_straight, simpleitk, to_itk

# A fixed number of parts into which sums are split, so that the result does not depend on the machine.
WORK_UNITS = 4
SEED = 1
SAMPLES = 200_000
FEWEST_VOXELS = 12
# Of ITK's recursive filters.
THINNEST = 4
SMOOTHING_MM = {4: 4.0, 2: 2.0, 1: 0.0}
RIGID_STEPS, DEMONS_STEPS = 150, 30
SLAB_VOXELS, MOST_COMPARED = 2**20, 2**23


def register_rigid(fixed: Picture, moving: Picture, metric: str, report: Callable[[float], bool]):
    """SimpleITK's Euler transform from points of the fixed image to points of the moving one, LPS mm.

    Parameters
    ----------
    metric : "mutual_information", "correlation" or "mean_squares"
    report : callable(fraction) giving whether to go on

    Notes
    -----
    It begins where the images lie in the scanner, or with their middles on one
    another, whichever is more similar. Mutual information: Mattes et al., IEEE
    Trans Med Imaging 22:120 (2003).
    """
    itk = simpleitk()
    _require_thick(fixed, moving)
    images = to_itk(fixed), to_itk(moving)
    centred = itk.CenteredTransformInitializer(*images, itk.Euler3DTransform())
    in_place = itk.Euler3DTransform(centred)
    in_place.SetTranslation((0.0, 0.0, 0.0))
    start = max((in_place, centred), key=lambda t: similarity(fixed, moving, metric, t, images))
    method = _method(fixed, metric, levels_of(fixed.geometry, moving.geometry))
    method.SetOptimizerAsRegularStepGradientDescent(2.0, 1e-3, RIGID_STEPS, 0.6)
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetInitialTransform(start, inPlace=True)
    _execute(method, images, report)
    return start


def register_demons(fixed: Picture, moving: Picture, rigid, report, *, smoothness: float, outside: float):
    """Rigid transform followed by a free deformation, as one SimpleITK transform.

    Parameters
    ----------
    rigid : SimpleITK transform
    smoothness : float    Standard deviation of the Gaussian that smooths the field, mm.
    outside : float       Value of the moving image where it shows nothing.

    Notes
    -----
    Symmetric demons forces, coarse to fine: Thirion, Med Image Anal 2:243
    (1998); Vercauteren et al., NeuroImage 45:S61 (2009). Both images must show
    tissue at the same intensity. The motion is applied once before, so tissue
    that leaves the fixed image by it is not seen.
    """
    itk = simpleitk()
    whole = to_itk(fixed)
    aligned = itk.Resample(to_itk(moving), whole, rigid, itk.sitkLinear, float(outside), itk.sitkFloat32)
    field, levels = None, levels_of(fixed.geometry)
    for n, factor in enumerate(levels):
        pair = [_shrunk(image, factor) for image in (whole, aligned)]
        start = itk.Image(pair[0].GetSize(), itk.sitkVectorFloat64, 3)
        start.CopyInformation(pair[0])
        demons = itk.FastSymmetricForcesDemonsRegistrationFilter()
        demons.SetNumberOfIterations(DEMONS_STEPS)
        demons.SetSmoothDisplacementField(True)
        demons.SetStandardDeviations([smoothness / s for s in pair[0].GetSpacing()])
        start = start if field is None else itk.Resample(field, pair[0], itk.Transform(), itk.sitkLinear, 0.0)
        stop = _reported(demons, demons.StopRegistration, lambda f, n=n: report((n + f) / len(levels)))
        field = demons.Execute(*pair, start)
        if stop["asked"]:
            break
    field = itk.Resample(field, whole, itk.Transform(), itk.sitkLinear, 0.0)
    # The one added last is applied first: the field lies in the fixed image.
    return itk.CompositeTransform([rigid, itk.DisplacementFieldTransform(field)])


def similarity(fixed: Picture, moving: Picture, metric: str, transform, images: tuple = ()) -> float:
    """How alike the images are, the higher the better; minus infinity where they do not overlap.

    images : both as images of SimpleITK, where these are there already
    """
    pair = images or (to_itk(fixed), to_itk(moving))
    # Of large images every second voxel, or fewer, tells as much; SimpleITK would look at each.
    factor = max(1, int(np.ceil((np.prod(fixed.geometry.shape) / MOST_COMPARED) ** (1 / 3))))
    if factor > 1:
        pair = simpleitk().Shrink(pair[0], [min(factor, n) for n in pair[0].GetSize()]), pair[1]
    method = _method(fixed, metric, [1])
    # A field of displacements cannot be optimised, so it goes before a motion that is none.
    method.SetMovingInitialTransform(transform)
    method.SetInitialTransform(simpleitk().Euler3DTransform())
    # Images that do not overlap are told by the value; ITK would also print pages about them.
    simpleitk().ProcessObject.SetGlobalWarningDisplay(False)
    try:
        value = -method.MetricEvaluate(*pair)
    except RuntimeError:
        # ITK's sign that no sample lies in the other image; of mean squares it is the largest number.
        return -np.inf
    return value if abs(value) < np.finfo(float).max else -np.inf


def displacement_of(transform, geometry: Geometry) -> np.ndarray:
    """(K, J, I, 3) RAS mm by which a SimpleITK transform moves the points of a grid."""
    itk = simpleitk()
    field = itk.TransformToDisplacementField(transform, itk.sitkVectorFloat64, *place_of(geometry))
    return itk.GetArrayFromImage(field) * LPS


def extent_of_motion(
    transform, geometry: Geometry, rigid: bool, report: Callable[[float], bool] = lambda done: True
) -> tuple[float, float, float]:
    """Mean and largest displacement of the points of a grid, mm, and the smallest local volume after by before.

    Some slices at a time, so that no field of the whole grid is made; of a rigid motion the volume is known.
    """
    count, inner = geometry.shape[0], int(np.prod(geometry.shape[1:]))
    slices = max(2, SLAB_VOXELS // inner)
    total, largest, smallest = 0.0, 0.0, 1.0 if rigid else np.inf
    for begin in range(0, count, slices):
        report(begin / count)
        end = min(begin + slices, count)
        # Differences are central: a slice on either side goes along.
        low, high = max(begin - 1, 0), min(end + 1, count)
        slab = _slab(geometry, low, high)
        field = displacement_of(transform, slab)
        length = np.linalg.norm(field[begin - low : end - low], axis=-1)
        total, largest = total + float(length.sum()), max(largest, float(length.max()))
        if not rigid:
            change = volume_change(field, slab)[begin - low : end - low]
            smallest = min(smallest, float(change.min()))
    return total / (count * inner), largest, smallest


def _slab(geometry: Geometry, low: int, high: int) -> Geometry:
    affine = geometry.affine.copy()
    affine[:3, 3] = geometry.ijk_to_ras((0, 0, low))
    return Geometry((high - low, *geometry.shape[1:]), affine)


def resampled_through(moving: Picture, geometry: Geometry, transform, fill: float) -> np.ndarray:
    """(K, J, I) float32 values of the moving image on the fixed grid, linear; `fill` outside."""
    itk = simpleitk()
    require_straight(geometry)
    size, *where = place_of(geometry)
    placed = itk.Resample(to_itk(moving), size, transform, itk.sitkLinear, *where, float(fill), itk.sitkFloat32)
    return itk.GetArrayFromImage(placed)


def shown_through(moving: Geometry, geometry: Geometry, transform) -> np.ndarray:
    """(K, J, I) bool where the fixed grid lies within the moving image."""
    itk = simpleitk()
    everywhere = itk.Image(list(moving.shape[::-1]), itk.sitkUInt8) + 1
    _, origin, spacing, direction = place_of(moving)
    everywhere.SetOrigin(origin)
    everywhere.SetSpacing(spacing)
    everywhere.SetDirection(direction)
    size, *where = place_of(geometry)
    shown = itk.Resample(everywhere, size, transform, itk.sitkNearestNeighbor, *where, 0.0, itk.sitkUInt8)
    return itk.GetArrayViewFromImage(shown) > 0


def rigid_matrix(transform) -> np.ndarray:
    """(4, 4) matrix of a rigid SimpleITK transform from fixed to moving points, RAS mm."""
    corners = np.vstack([np.zeros(3), np.eye(3)]) * LPS
    moved = np.array([transform.TransformPoint(p.tolist()) for p in corners]) * LPS
    matrix = np.eye(4)
    matrix[:3, :3] = (moved[1:] - moved[0]).T
    matrix[:3, 3] = moved[0]
    return matrix


def levels_of(*geometries: Geometry) -> list[int]:
    """Shrink factors, coarse to fine, that leave enough voxels along each axis."""
    fewest = min(min(g.shape) for g in geometries)
    return [factor for factor in SMOOTHING_MM if fewest // factor >= FEWEST_VOXELS or factor == 1]


def _method(fixed: Picture, metric: str, levels: list[int]):
    itk = simpleitk()
    method = itk.ImageRegistrationMethod()
    method.SetNumberOfWorkUnits(WORK_UNITS)
    if metric == "mutual_information":
        method.SetMetricAsMattesMutualInformation(32)
    elif metric == "correlation":
        method.SetMetricAsCorrelation()
    else:
        method.SetMetricAsMeanSquares()
    voxels = int(np.prod(fixed.geometry.shape))
    method.SetMetricSamplingStrategy(method.REGULAR)
    method.SetMetricSamplingPercentagePerLevel([min(1.0, SAMPLES * f**3 / voxels) for f in levels], SEED)
    if fixed.inside is not None:
        inside = to_itk(Picture(fixed.inside, fixed.geometry))
        method.SetMetricFixedMask(itk.Cast(inside > 0, itk.sitkUInt8))
    # Gradients where samples lie, not an image of them in three numbers of 8 bytes a voxel.
    method.MetricUseMovingImageGradientFilterOff()
    method.MetricUseFixedImageGradientFilterOff()
    method.SetInterpolator(itk.sitkLinear)
    method.SetShrinkFactorsPerLevel(levels)
    method.SetSmoothingSigmasPerLevel([SMOOTHING_MM[f] for f in levels])
    method.SmoothingSigmasAreSpecifiedInPhysicalUnitsOn()
    return method


def _require_thick(*pictures: Picture) -> None:
    for picture in pictures:
        if min(picture.geometry.shape) < THINNEST:
            raise InputError(
                "E-REGISTRATION",
                f"an image of {' x '.join(map(str, picture.geometry.shape[::-1]))} voxels is too thin to be registered",
                fix=f"Give images of {THINNEST} voxels or more along each axis.",
            )


def _execute(method, images: tuple, report: Callable[[float], bool]) -> None:
    _reported(method, method.StopRegistration, report)
    try:
        method.Execute(*images)
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[-1]
        raise InputError(
            "E-REGISTRATION",
            f"the images could not be registered: {reason}",
            fix="Check that both show the same part of the body, or align them by hand first.",
        ) from error


def _reported(method, stop: Callable[[], None], report: Callable[[float], bool]) -> dict[str, bool]:
    """Have a method report each step and stop when told to; whether it was, once it has run."""
    state = {"asked": False, "steps": 0}

    def step() -> None:
        # Exceptions do not pass through ITK: it is stopped, and the caller raises.
        state["steps"] += 1
        if not state["asked"] and not report(1 - 0.98 ** state["steps"]):
            state["asked"] = True
            stop()

    method.AddCommand(simpleitk().sitkIterationEvent, step)
    return state


def _shrunk(image, factor: int):
    itk = simpleitk()
    if factor == 1:
        return image
    return itk.Shrink(itk.SmoothingRecursiveGaussian(image, SMOOTHING_MM[factor]), [factor] * 3)
