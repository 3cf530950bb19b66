"""Rigid and deformable registration of two images by SimpleITK."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ...data.geometry import Geometry
from ...errors import GeometryError, InputError
from ...system.packages import require

LPS = np.array([-1.0, -1.0, 1.0])
# A fixed number of parts into which sums are split, so that the result does not depend on the machine.
WORK_UNITS = 4
SEED = 1
SAMPLES = 200_000
FEWEST_VOXELS = 12
# Of ITK's recursive filters.
THINNEST = 4
SMOOTHING_MM = {4: 4.0, 2: 2.0, 1: 0.0}
RIGID_STEPS, DEMONS_STEPS = 150, 30


@dataclass(frozen=True, eq=False)
class Picture:
    """values : (K, J, I) array. inside : (K, J, I) bool where it counts, or None for everywhere."""

    values: np.ndarray
    geometry: Geometry
    inside: np.ndarray | None = None


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
    itk = _itk()
    _require_thick(fixed, moving)
    images = to_itk(fixed), to_itk(moving)
    centred = itk.CenteredTransformInitializer(*images, itk.Euler3DTransform())
    in_place = itk.Euler3DTransform(centred)
    in_place.SetTranslation((0.0, 0.0, 0.0))
    start = max((in_place, centred), key=lambda t: similarity(fixed, moving, metric, t))
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
    itk = _itk()
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


def similarity(fixed: Picture, moving: Picture, metric: str, transform) -> float:
    """How alike the images are, the higher the better; minus infinity where they do not overlap."""
    method = _method(fixed, metric, [1])
    # A field of displacements cannot be optimised, so it goes before a motion that is none.
    method.SetMovingInitialTransform(transform)
    method.SetInitialTransform(_itk().Euler3DTransform())
    # Images that do not overlap are told by the value; ITK would also print pages about them.
    _itk().ProcessObject.SetGlobalWarningDisplay(False)
    try:
        value = -method.MetricEvaluate(to_itk(fixed), to_itk(moving))
    except RuntimeError:
        # ITK's sign that no sample lies in the other image; of mean squares it is the largest number.
        return -np.inf
    return value if abs(value) < np.finfo(float).max else -np.inf


def displacement_of(transform, geometry: Geometry) -> np.ndarray:
    """(K, J, I, 3) RAS mm by which a SimpleITK transform moves the points of a grid."""
    itk = _itk()
    empty = to_itk(Picture(np.zeros(geometry.shape, np.uint8), geometry))
    where = (empty.GetSize(), empty.GetOrigin(), empty.GetSpacing(), empty.GetDirection())
    return itk.GetArrayFromImage(itk.TransformToDisplacementField(transform, itk.sitkVectorFloat64, *where)) * LPS


def resampled_through(moving: Picture, geometry: Geometry, transform, fill: float) -> np.ndarray:
    """(K, J, I) float32 values of the moving image on the fixed grid, linear; `fill` outside."""
    itk = _itk()
    like = to_itk(Picture(np.zeros(geometry.shape, np.uint8), geometry))
    placed = itk.Resample(to_itk(moving), like, transform, itk.sitkLinear, float(fill), itk.sitkFloat32)
    return itk.GetArrayFromImage(placed)


def rigid_matrix(transform) -> np.ndarray:
    """(4, 4) matrix of a rigid SimpleITK transform from fixed to moving points, RAS mm."""
    corners = np.vstack([np.zeros(3), np.eye(3)]) * LPS
    moved = np.array([transform.TransformPoint(p.tolist()) for p in corners]) * LPS
    matrix = np.eye(4)
    matrix[:3, :3] = (moved[1:] - moved[0]).T
    matrix[:3, 3] = moved[0]
    return matrix


def to_itk(picture: Picture):
    """The picture as a float32 SimpleITK image."""
    geometry = picture.geometry
    if geometry.is_sheared:
        raise GeometryError(
            "E-GEO-SHEAR",
            "the axes of the image are not at right angles (gantry tilt)",
            fix="Resample it onto a straight grid first.",
        )
    image = _itk().GetImageFromArray(np.ascontiguousarray(picture.values, dtype=np.float32))
    image.SetSpacing(geometry.spacing)
    image.SetOrigin((LPS * geometry.affine[:3, 3]).tolist())
    image.SetDirection((LPS[:, None] * geometry.directions).ravel().tolist())
    return image


def levels_of(*geometries: Geometry) -> list[int]:
    """Shrink factors, coarse to fine, that leave enough voxels along each axis."""
    fewest = min(min(g.shape) for g in geometries)
    return [factor for factor in SMOOTHING_MM if fewest // factor >= FEWEST_VOXELS or factor == 1]


def _method(fixed: Picture, metric: str, levels: list[int]):
    itk = _itk()
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

    method.AddCommand(_itk().sitkIterationEvent, step)
    return state


def _shrunk(image, factor: int):
    itk = _itk()
    if factor == 1:
        return image
    return itk.Shrink(itk.SmoothingRecursiveGaussian(image, SMOOTHING_MM[factor]), [factor] * 3)


def _itk():
    return require("SimpleITK", package="SimpleITK", purpose="Registration")
