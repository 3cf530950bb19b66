"""A follow-up visit brought onto the first one, with what says whether that can be trusted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from ..context import Context
from ..data.volumes import LabelMap, Map
from ..declare import Advanced, Choices, Help, Range, Unit
from ..errors import Finding, InputError, Severity, counted
from ..numerics.displacement import volume_change
from ..numerics.image_registration import (
    Picture,
    displacement_of,
    register_demons,
    register_rigid,
    resampled_through,
    rigid_matrix,
    similarity,
)

LEAST_OVERLAP = 0.5
# Of the work, as told to the user; the last tenth describes the result.
RIGID_PART, REGISTERED = 0.4, 0.9


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
    visit to RAS mm of the follow-up. displacement : (K, J, I, 3) RAS mm, the
    same for the whole transform. similarity_before, similarity_after : in the
    chosen metric, higher is better. smallest_volume_change : least local volume
    after displacement by before. overlap : 0..1 of the first visit that the
    follow-up shows.
    """

    image: Map
    rigid: np.ndarray
    displacement: np.ndarray
    similarity_before: float
    similarity_after: float
    smallest_volume_change: float
    overlap: float
    findings: tuple[Finding, ...] = ()


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
        With warnings where the images became less alike, the field folds onto
        itself, or little of the first visit is shown.

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
    transform = _deformed(fixed, moving, rigid, parameters, context) if parameters.deformable else rigid
    return _described(first, followup, (fixed, moving), (rigid, transform), parameters)


def _deformed(fixed: Picture, moving: Picture, rigid, parameters: RegistrationParameters, context: Context):
    report = _reporter(context, RIGID_PART, REGISTERED, "deformable registration")
    settings = {"smoothness": parameters.smoothness, "outside": parameters.outside}
    transform = register_demons(fixed, moving, rigid, report, **settings)
    context.progress(REGISTERED, "deformable registration")
    return transform


def _described(first: Map, followup: Map, pictures, transforms, parameters) -> RegisteredVisit:
    fixed, moving = pictures
    rigid, transform = transforms
    displacement = displacement_of(transform, first.geometry)
    change = float(volume_change(displacement, first.geometry).min())
    shown = resampled_through(Picture(np.ones_like(moving.values), moving.geometry), first.geometry, transform, 0.0)
    still = _identity(rigid)
    before, after = (similarity(fixed, moving, parameters.metric, t) for t in (still, transform))
    values = resampled_through(moving, first.geometry, transform, parameters.outside)
    overlap = float((shown > 0.5).mean())
    return RegisteredVisit(
        image=Map(values, first.geometry, followup.unit, followup.name),
        rigid=rigid_matrix(rigid),
        displacement=displacement,
        similarity_before=before,
        similarity_after=after,
        smallest_volume_change=change,
        overlap=overlap,
        findings=tuple(_warnings(before, after, change, overlap, followup.name)),
    )


def _warnings(before: float, after: float, change: float, overlap: float, name: str):
    if not after >= before:
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
