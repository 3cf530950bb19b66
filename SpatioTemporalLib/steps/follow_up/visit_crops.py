"""What a network sees of a nodule: a region of fixed size and spacing around it at each visit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from scipy import ndimage

from ...context import Context
from ...data.follow_up import FollowUp, Visit
from ...data.geometry import Geometry
from ...data.volumes import LabelMap, Map
from ...errors import Finding, InputError, ParameterError, Severity, counted
from ...numerics.registration.intensity_window import LUNG, windowed
from ...numerics.spatial.region_of_interest import SHAPE, region_around, require_inside, resampled
from .visit_registration import RegisteredVisit, RegistrationParameters, register_visit

AIR_HU = -1024.0
# Motion is found on grids no finer than this, in the tissue this near to the nodule.
REGISTRATION_MM, NEIGHBOURHOOD_MM = 2.5, 60.0
# Correlation of the neighbourhoods; the same chest on two scanners is near 0.9, another place in it near 0.
ALIKE = 0.5
REGISTRATIONS = ("none", "rigid", "deformable")


@dataclass(frozen=True)
class CropSettings:
    """How regions are cut, part of what a trained network carries with it.

    Attributes
    ----------
    image : str
        Name of the image of a visit; a visit with a single image needs no name.
    shape : (K, J, I)
    spacings : tuple of (I, J, K) mm
        One a channel; a second, coarser one shows more of the surroundings.
    window : (low, high), in the image's unit
        Brought to 0..1.
    unit : str
    fill : float
        Where the image ends.
    registration : "none", "rigid" or "deformable"
        Whether earlier visits are turned or deformed to the latest one.

    Raises
    ------
    ParameterError
        ``E-CROP``
    """

    image: str = "ct"
    shape: tuple[int, int, int] = SHAPE
    spacings: tuple[tuple[float, float, float], ...] = ((1.0, 1.0, 1.0),)
    window: tuple[float, float] = LUNG
    unit: str = "HU"
    fill: float = AIR_HU
    registration: str = "none"

    def __post_init__(self):
        problems = []
        if len(self.shape) != 3 or not all(isinstance(n, int) and 2 <= n <= 512 for n in self.shape):
            problems.append(f"shape {self.shape} is not three whole numbers from 2 to 512")
        if not self.spacings or not all(len(s) == 3 and all(0.05 <= x <= 50 for x in s) for s in self.spacings):
            problems.append(f"spacings {self.spacings} are not triples of 0.05 to 50 mm")
        if not self.window[1] > self.window[0]:
            problems.append(f"window {self.window} does not rise")
        if self.registration not in REGISTRATIONS:
            problems.append(f"registration {self.registration!r} is none of {', '.join(REGISTRATIONS)}")
        if problems:
            raise ParameterError("E-CROP", "; ".join(problems), fix="Correct the settings of the regions.")


@dataclass(frozen=True, eq=False)
class VisitCrops:
    """Regions of one patient.

    images : (T, C, K, J, I) float32, 0..1. days : (T,). grids : T geometries of
    the first channel, each in its own visit's coordinates. centres : (T, 3) RAS
    mm. registered : per visit how it was brought to the latest one, or None.
    """

    images: np.ndarray
    days: np.ndarray
    grids: tuple[Geometry, ...]
    centres: np.ndarray
    registered: tuple[RegisteredVisit | None, ...]
    findings: tuple[Finding, ...] = field(default=())


def crop_visits(
    follow_up: FollowUp,
    centres: Sequence[np.ndarray | None],
    settings: CropSettings,
    context: Context,
) -> VisitCrops:
    """Regions around a nodule at every visit.

    Parameters
    ----------
    centres : one a visit, (3,) RAS mm or None
        See `centres_of`. Where it is None the visit is registered rigidly to
        the latest visit that has one, and the nodule followed by the motion.

    Raises
    ------
    InputError
        ``E-NODULE`` when no visit has a centre, ``E-NOT-FINITE``, ``E-INPUT-UNIT``,
        ``E-CROP-OUTSIDE`` when a centre lies outside its image.
    """
    named = follow_up.with_image(settings.image)
    images = [_checked_image(visit, settings, n) for n, visit in enumerate(named.visits)]
    marked = [n for n, centre in enumerate(centres) if centre is not None]
    if not marked:
        raise InputError(
            "E-NODULE",
            "it is not known where the nodule lies at any visit",
            where=follow_up.called,
            fix="Mark it at one visit or more: a segment, a point, or the columns centre_r, centre_a, centre_s.",
        )
    reference = marked[-1]
    for n in marked:
        require_inside(images[n].geometry, centres[n])
    regions, grids, found, moved = [], [], [], []
    for n, image in enumerate(images):
        part = context.part(n / len(images), (n + 1) / len(images))
        part.progress(0.0, f"visit {n + 1} of {len(images)}")
        needed = n != reference and (settings.registration != "none" or centres[n] is None)
        motion = _motion(images[reference], image, centres[reference], settings, part) if needed else None
        pose = _pose(centres[reference], centres[n], motion, turned=settings.registration != "none")
        shown = motion.image if motion and settings.registration == "deformable" else image
        inside = np.eye(4) if shown is not image else pose
        regions.append(_channels(shown, centres[reference], inside, settings))
        grids.append(_placed(region_around(centres[reference], settings.shape, settings.spacings[0]), inside))
        found.append((pose @ [*centres[reference], 1.0])[:3])
        moved.append(motion)
    findings = [f for motion in moved if motion for f in motion.findings]
    return VisitCrops(
        np.stack(regions), follow_up.days, tuple(grids), np.array(found), tuple(moved), (*follow_up.findings, *findings)
    )


def centres_of(follow_up: FollowUp) -> list[np.ndarray | None]:
    """Where the nodule lies at each visit, (3,) RAS mm: the middle of its one mask, or centre_r, centre_a, centre_s."""
    return [_centre(visit) for visit in follow_up.visits]


def centre_of_mask(mask: LabelMap) -> np.ndarray:
    """(3,) RAS mm, the mean position of the labelled voxels."""
    return mask.geometry.ijk_to_ras(np.argwhere(mask.foreground)[:, ::-1].mean(axis=0))


def _checked_image(visit: Visit, settings: CropSettings, number: int) -> Map:
    image, where = visit.images[settings.image], f"visit {number + 1} (day {visit.days:g})"
    if image.unit != settings.unit:
        raise InputError(
            "E-INPUT-UNIT",
            f"the image {image.name} is in {image.unit}, {settings.unit} was expected",
            where=where,
            fix=f"Give images in {settings.unit}, or correct their unit.",
        )
    bad = int(np.count_nonzero(~np.isfinite(image.values)))
    if bad:
        raise InputError(
            "E-NOT-FINITE",
            f"{counted(bad, 'voxel')} of the image {image.name} hold{'s' * (bad == 1)} NaN or infinite values",
            where=where,
            fix=f"Fill them, with {settings.fill:g} {settings.unit} outside the body.",
        )
    return image


def _centre(visit: Visit) -> np.ndarray | None:
    # Of several masks nothing says which is the nodule's.
    if len(visit.masks) == 1 and visit.mask.foreground.any():
        return centre_of_mask(visit.mask)
    place = np.array([visit.covariates.get(f"centre_{axis}", np.nan) for axis in "ras"], dtype=float)
    return place if np.isfinite(place).all() else None


def _motion(
    reference: Map, image: Map, centre: np.ndarray, settings: CropSettings, context: Context
) -> RegisteredVisit:
    fixed = reference if settings.registration == "deformable" else coarser(reference, REGISTRATION_MM)
    moving = image if settings.registration == "deformable" else coarser(image, REGISTRATION_MM)
    parameters = RegistrationParameters(
        deformable=settings.registration == "deformable", metric="correlation", outside=settings.fill
    )
    motion = register_visit(fixed, moving, parameters, context, _near(fixed, centre))
    findings = tuple(f for f in motion.findings if f.code != "W-REGISTRATION-OVERLAP")
    note = Finding(
        "N-REGISTERED",
        Severity.NOTE,
        f"registered to the latest visit: correlation {motion.similarity_before:.3f} before, "
        f"{motion.similarity_after:.3f} after",
        image.name,
    )
    return replace(motion, findings=(*findings, note, *_doubtful(motion, image.name)))


def _doubtful(motion: RegisteredVisit, name: str) -> tuple[Finding, ...]:
    if motion.similarity_after >= ALIKE and motion.shared.is_beyond_chance:
        return ()
    text = (
        f"the registration to the latest visit is doubtful (correlation {motion.similarity_after:.2f}), and with it "
        "where the nodule was taken to be; mark the nodule at this visit too"
    )
    return (Finding("W-REGISTRATION-POOR", Severity.WARN, text, name),)


def coarser(image: Map, spacing: float) -> Map:
    """The image on a grid of that spacing, smoothed before; as it is along axes that are no finer."""
    factors = np.maximum(spacing / np.array(image.geometry.spacing), 1.0)
    if (factors <= 1.0).all():
        return image
    smooth = ndimage.gaussian_filter(np.asarray(image.values, np.float32), _blur(factors)[::-1], mode="nearest")
    shape = tuple(max(int(n / f), 1) for n, f in zip(image.geometry.shape, factors[::-1]))
    affine = image.geometry.affine @ np.diag([*factors, 1.0])
    affine[:3, 3] = image.geometry.ijk_to_ras((factors - 1) / 2)
    grid = Geometry(shape, affine)
    return Map(resampled(smooth, image.geometry, grid, fill=0.0), grid, image.unit, image.name)


def _blur(factors) -> np.ndarray:
    """Standard deviations in voxels that keep a coarser grid from aliasing; none where it is no coarser."""
    return 0.5 * np.sqrt(np.maximum(np.asarray(factors, dtype=float) ** 2 - 1, 0))


def _near(image: Map, centre: np.ndarray) -> LabelMap:
    low = image.geometry.ras_to_ijk(centre)[::-1]
    reach = NEIGHBOURHOOD_MM / np.array(image.geometry.spacing[::-1])
    inside = np.zeros(image.geometry.shape, np.uint8)
    bounds = [(max(int(c - r), 0), max(int(c + r) + 1, 0)) for c, r in zip(low, reach)]
    inside[tuple(slice(*b) for b in bounds)] = 1
    return LabelMap(inside, image.geometry, name="neighbourhood")


def _pose(reference: np.ndarray, own: np.ndarray | None, motion: RegisteredVisit | None, *, turned: bool) -> np.ndarray:
    """(4, 4) from RAS mm of the reference visit to RAS mm of a visit, nodule onto nodule where that is known."""
    pose = np.eye(4) if motion is None else motion.rigid.copy()
    if not turned:
        target = own if own is not None else (pose @ [*reference, 1.0])[:3]
        pose = np.eye(4)
        pose[:3, 3] = target - reference
    elif own is not None:
        pose[:3, 3] += own - (pose @ [*reference, 1.0])[:3]
    return pose


def _placed(region: Geometry, pose: np.ndarray) -> Geometry:
    return Geometry(region.shape, pose @ region.affine)


def _channels(image: Map, centre: np.ndarray, pose: np.ndarray, settings: CropSettings) -> np.ndarray:
    """(C, K, J, I) of one visit."""
    channels = []
    for spacing in settings.spacings:
        region = _placed(region_around(centre, settings.shape, spacing), pose)
        values, source = _cut(image, region)
        own = np.array(image.geometry.spacing)
        smooth = ndimage.gaussian_filter(values, _blur(np.maximum(np.array(spacing) / own, 1.0))[::-1], mode="nearest")
        values = resampled(smooth, source, region, fill=settings.fill)
        channels.append(windowed(values, *settings.window))
    return np.stack(channels)


def _cut(image: Map, region: Geometry) -> tuple[np.ndarray, Geometry]:
    """The part of an image that a region needs, with a margin, as float32 and with its grid."""
    corners = np.stack(np.meshgrid(*[(0, n - 1) for n in region.shape[::-1]], indexing="ij"), -1).reshape(-1, 3)
    ijk = image.geometry.ras_to_ijk(region.ijk_to_ras(corners))
    margin = 4 * np.maximum(np.array(region.spacing) / image.geometry.spacing, 1.0)
    low = np.clip(np.floor(ijk.min(axis=0) - margin), 0, np.array(image.geometry.shape[::-1]) - 1).astype(int)
    high = np.clip(np.ceil(ijk.max(axis=0) + margin) + 1, low + 1, image.geometry.shape[::-1]).astype(int)
    part = np.asarray(image.values[tuple(slice(a, b) for a, b in zip(low[::-1], high[::-1]))], dtype=np.float32)
    affine = image.geometry.affine.copy()
    affine[:3, 3] = image.geometry.ijk_to_ras(low)
    return part, Geometry(part.shape, affine)
