"""A follow-up visit brought onto the first one, with what says whether that can be trusted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from ...context import Context
from ...data.volumes import LabelMap, Map
from ...declare import Advanced, Choices, Help, Range, Unit
from ...errors import Finding, InputError, Severity, counted
from ...numerics.registration.image_registration import (
    Picture,
    displacement_of,
    extent_of_motion,
    register_demons,
    register_rigid,
    resampled_through,
    rigid_matrix,
    shown_through,
    similarity,
)
from ...numerics.registration.shared_structure import SharedStructure, shared_structure

LEAST_OVERLAP = 0.5
# Interpolation blurs what was moved: so much of the likeness before may be lost without a change for the worse.
TOLERANCE = 0.02
# Of the way from what is by chance to the same image: below it the body's outline alone may be what agrees.
PLAIN = 1 / 3
# Of the work, as told to the user; the last tenth describes the result.
RIGID_PART, REGISTERED, MEASURED, COMPARED, SHARED = 0.4, 0.9, 0.93, 0.95, 0.98


@dataclass(frozen=True)
class RegistrationParameters:
    """How a visit is brought onto another."""

    deformable: Annotated[
        bool,
        Help("Let tissue deform after the rigid motion, between images of one contrast; growth then goes into it."),
    ] = False
    metric: Annotated[
        str,
        Choices("mutual_information", "correlation", "mean_squares"),
        Help("What makes two images alike: mutual information between contrasts, the others within one."),
    ] = "mutual_information"
    smoothness: Annotated[
        float, Unit("mm"), Range(1, 50), Help("Width of the Gaussian that smooths the deformation."), Advanced()
    ] = 6.0
    outside: Annotated[float, Help("Value where the follow-up shows nothing; -1024 for CT."), Advanced()] = 0.0


@dataclass(frozen=True, eq=False)
class RegisteredVisit:
    """The follow-up on the grid of the first visit.

    image : the follow-up, resampled. rigid : (4, 4) from RAS mm of the first
    visit to RAS mm of the follow-up. transform : the whole of it, of SimpleITK.
    mean_displacement, largest_displacement : mm. similarity_before, similarity_after : in the
    chosen metric, higher is better. smallest_volume_change : least local volume
    after displacement by before. overlap : 0..1 of the first visit that the
    follow-up shows. shared : structure that both show after the rigid motion,
    beside what any two images share: a deformation makes any two images alike.
    """

    image: Map
    rigid: np.ndarray
    transform: object
    mean_displacement: float
    largest_displacement: float
    similarity_before: float
    similarity_after: float
    smallest_volume_change: float
    overlap: float
    shared: SharedStructure
    findings: tuple[Finding, ...] = ()

    @property
    def displacement(self) -> np.ndarray:
        """(K, J, I, 3) RAS mm by which the whole transform moves the points of the first visit's grid, made anew."""
        return displacement_of(self.transform, self.image.geometry)


def register_visit(
    first: Map,
    followup: Map,
    parameters: RegistrationParameters,
    context: Context,
    region: LabelMap | None = None,
) -> RegisteredVisit:
    """Bring a follow-up image onto the first visit, by motion and, if wanted, deformation.

    Parameters
    ----------
    region : LabelMap, optional
        Where on the first visit similarity counts for the motion, e.g. the
        lung. The deformation looks everywhere.

    Returns
    -------
    RegisteredVisit
        With warnings where the images are no more alike than by chance or became
        less alike, the field folds onto itself, or little of the first visit is
        shown.

    Raises
    ------
    InputError
        ``E-REGISTRATION`` when the images cannot be registered at all, and
        ``E-NOT-FINITE`` when they hold NaN.
    Cancelled
    """
    if region is not None:
        region.geometry.require_match(first.geometry, region.name, first.name)
    fixed = _picture(first, None if region is None else region.foreground)
    moving = _picture(followup, None)
    share = RIGID_PART if parameters.deformable else REGISTERED
    rigid = register_rigid(fixed, moving, parameters.metric, _reporter(context, 0.0, share, "rigid registration"))
    context.progress(share, "rigid registration")
    rigid = _still_if_nothing_moved(fixed, moving, rigid, parameters.metric)
    transform = _deformed(fixed, moving, rigid, parameters, context) if parameters.deformable else rigid
    return _described(first, followup, (fixed, moving), (rigid, transform), parameters, context)


def _deformed(fixed: Picture, moving: Picture, rigid, parameters: RegistrationParameters, context: Context):
    report = _reporter(context, RIGID_PART, REGISTERED, "deformable registration")
    settings = {"smoothness": parameters.smoothness, "outside": parameters.outside}
    transform = register_demons(fixed, moving, rigid, report, **settings)
    context.progress(REGISTERED, "deformable registration")
    return transform


def _still_if_nothing_moved(fixed: Picture, moving: Picture, rigid, metric: str):
    """The motion, or none where one of less than a voxel makes the images no more alike."""
    still = _identity(rigid)
    corners = np.array(np.meshgrid(*[(0, n - 1) for n in fixed.geometry.shape[::-1]])).reshape(3, -1).T
    points = fixed.geometry.ijk_to_ras(corners)
    matrix = rigid_matrix(rigid)
    moved = np.linalg.norm(points @ matrix[:3, :3].T + matrix[:3, 3] - points, axis=1).max()
    if moved > min(fixed.geometry.spacing):
        return rigid
    return max((still, rigid), key=lambda transform: similarity(fixed, moving, metric, transform))


def _described(first: Map, followup: Map, pictures, transforms, parameters, context: Context) -> RegisteredVisit:
    fixed, moving = pictures
    rigid, transform = transforms
    report = _reporter(context, REGISTERED, MEASURED, "measuring how far tissue moved")
    mean, largest, change = extent_of_motion(transform, first.geometry, transform is rigid, report)
    context.progress(MEASURED, "comparing the images")
    overlap = float(shown_through(moving.geometry, first.geometry, transform).mean())
    before, after = (similarity(fixed, moving, parameters.metric, t) for t in (_identity(rigid), transform))
    context.progress(COMPARED, "looking for structure that both show")
    shared = _shared(fixed, moving, rigid)
    context.progress(SHARED, "resampling")
    return RegisteredVisit(
        image=Map(
            resampled_through(moving, first.geometry, transform, parameters.outside),
            first.geometry,
            followup.unit,
            followup.name,
        ),
        rigid=rigid_matrix(rigid),
        transform=transform,
        mean_displacement=mean,
        largest_displacement=largest,
        similarity_before=before,
        similarity_after=after,
        smallest_volume_change=change,
        overlap=overlap,
        shared=shared,
        findings=tuple(_warnings((before, after), change, overlap, shared, followup.name)),
    )


def _shared(fixed: Picture, moving: Picture, rigid) -> SharedStructure:
    seen = shown_through(moving.geometry, fixed.geometry, rigid)
    seen = seen if fixed.inside is None else seen & fixed.inside
    return shared_structure(fixed.values, resampled_through(moving, fixed.geometry, rigid, 0.0), seen)


def _warnings(likeness: tuple[float, float], change: float, overlap: float, shared: SharedStructure, name: str):
    before, after = likeness
    yield from _told_from_chance(shared, name)
    if not after >= before - TOLERANCE * abs(before):
        text = (
            f"is less like the first visit after registration ({after:.4g}) than before ({before:.4g}); do not use it"
        )
        yield Finding("W-REGISTRATION-WORSE", Severity.WARN, text, name)
    if change <= 0:
        text = f"the deformation folds onto itself (local volume down to {change:.2g}); raise smoothness"
        yield Finding("W-REGISTRATION-FOLD", Severity.WARN, text, name)
    if overlap < LEAST_OVERLAP:
        text = f"shows {100 * overlap:.0f} % of the first visit only"
        yield Finding("W-REGISTRATION-OVERLAP", Severity.WARN, text, name)


def _told_from_chance(shared: SharedStructure, name: str):
    if not np.isfinite(shared.value):
        text = "shares too little of the first visit's region to tell whether both show the same; do not use it"
        yield Finding("W-REGISTRATION-CHANCE", Severity.WARN, text, name)
    elif not shared.is_beyond_chance:
        text = (
            f"is no more like the first visit than an unrelated image may be (shared structure {shared.value:.2f}, "
            f"by chance up to {shared.by_chance:.2f}); do not use it"
        )
        yield Finding("W-REGISTRATION-CHANCE", Severity.WARN, text, name)
    elif shared.value - shared.by_chance < PLAIN * (1 - shared.by_chance):
        text = (
            f"is little more like the first visit than an unrelated image may be (shared structure {shared.value:.2f}, "
            f"by chance up to {shared.by_chance:.2f}); look at both before using it"
        )
        yield Finding("W-REGISTRATION-DOUBTFUL", Severity.WARN, text, name)


def _picture(image: Map, inside: np.ndarray | None) -> Picture:
    if not np.isfinite(image.values).all():
        raise InputError(
            "E-NOT-FINITE",
            f"{counted(np.count_nonzero(~np.isfinite(image.values)), 'voxel holds', 'voxels hold')} NaN or "
            f"infinite values",
            where=image.name,
            fix="Fill them (-1024 for CT, 0 for MR) before registration.",
        )
    return Picture(np.asarray(image.values, dtype=np.float32), image.geometry, inside)


def _reporter(context: Context, low: float, high: float, message: str) -> Callable[[float], bool]:
    def report(fraction: float) -> bool:
        if not context.cancelled:
            context.report(low + fraction * (high - low), message)
        return not context.cancelled

    return report


def _identity(rigid):
    still = type(rigid)()
    still.SetIdentity()
    return still
