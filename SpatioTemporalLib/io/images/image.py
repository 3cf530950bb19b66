"""What an image file holds, before it becomes a series, a map, labels or a stack."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ...data.geometry import Geometry
from ...data.series import Acquisition
from ...errors import Finding, GeometryError, InputError, Severity

# Beyond this, filters and texture that take voxels for cubes mislead.
MAX_ANISOTROPY = 10.0
# Voxels that any microscope or scanner has, and those that are usual where lengths are really in mm.
POSSIBLE_SPACING_MM, USUAL_SPACING_MM = (1e-7, 1e5), (1e-3, 100.0)
# Where float32 positions, as viewers have, still tell voxels apart, and where scanners put patients.
FARTHEST_MM, USUALLY_WITHIN_MM = 1e6, 1e4


@dataclass(frozen=True)
class Clock:
    """Frame times as a file or a user gives them.

    seconds : one for each frame, in the order of the frames, unchecked.
    source : the field they came from, e.g. "NIfTI pixdim[4]".
    """

    seconds: tuple
    source: str


@dataclass(frozen=True, eq=False)
class FileImage:
    """Values, place and facts of one image file.

    values : (T, K, J, I) array, or (K, J, I) for a single volume
    name : for the series; holds no patient's name
    file : what messages call it
    clock : frame times, or None with the reason in `no_clock`
    unit : of the values, or None when the file does not say
    kind : what sort of examination it is ("bold", "dce", "cine", or DICOM's
        modality letters), or None
    keys : the header or side-car entries by name
    durations : of the frames, s, in their order, or None
    """

    values: np.ndarray
    geometry: Geometry
    name: str
    file: str
    clock: Clock | None = None
    no_clock: str = "the file says nothing about frame times"
    unit: str | None = None
    kind: str | None = None
    acquisition: Acquisition = field(default_factory=Acquisition)
    keys: dict = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    durations: tuple[float, ...] | None = None

    def single_volume(self) -> np.ndarray:
        """(K, J, I) values, or an `InputError` when there are several volumes."""
        if self.values.ndim == 3:
            return self.values
        if len(self.values) == 1:
            return self.values[0]
        raise InputError(
            "E-DIM",
            f"holds {len(self.values)} volumes, one was expected",
            where=self.file,
            fix="Give a single volume, or read it with read_series if the volumes differ in time.",
        )


def placed(shape: tuple[int, ...], affine: np.ndarray, name: str) -> Geometry:
    """The grid that a file describes, or an error that names the file; no voxel is a planet, nor on one.

    Raises
    ------
    GeometryError
        For grids that are impossible, voxels that no device makes, and places that no patient is at.
    """
    try:
        geometry = Geometry(shape, affine)
    except GeometryError as error:
        raise GeometryError(error.code, error.message, where=name, fix=error.fix) from error
    spacing, (low, high) = geometry.spacing, POSSIBLE_SPACING_MM
    if min(spacing) < low or max(spacing) > high:
        raise GeometryError(
            "E-GEO-SPACING",
            f"voxels are {'×'.join(f'{size:.4g}' for size in spacing)} mm, {low:g} to {high:g} mm is possible",
            where=name,
            fix="Correct the spacing in the file's header.",
        )
    farthest = float(np.abs(geometry.affine[:3, 3]).max())
    if farthest > FARTHEST_MM:
        raise GeometryError(
            "E-GEO-PLACE",
            f"the image lies {farthest:.4g} mm away from the scanner's centre",
            where=name,
            fix="Correct the origin in the file's header.",
        )
    return geometry


def geometry_findings(geometry: Geometry, name: str) -> list[Finding]:
    """What is odd about a grid but does not stop the work."""
    findings = []
    spacing = np.array(geometry.spacing)
    if geometry.is_sheared:
        text = "the image axes are not at right angles (gantry tilt); steps that need right angles will refuse it"
        findings.append(Finding("W-GEO-SHEAR", Severity.WARN, text, name))
    if spacing.min() < USUAL_SPACING_MM[0] or spacing.max() > USUAL_SPACING_MM[1]:
        text = f"voxels are {'×'.join(f'{size:.4g}' for size in spacing)} mm, which is unusual; are lengths in mm?"
        findings.append(Finding("W-GEO-SPACING", Severity.WARN, text, name))
    farthest = float(np.abs(geometry.affine[:3, 3]).max())
    if farthest > USUALLY_WITHIN_MM:
        text = (
            f"the image lies {farthest:.4g} mm away from the scanner's centre, which is unusual; is the origin right?"
        )
        findings.append(Finding("W-GEO-PLACE", Severity.WARN, text, name))
    if spacing.max() > MAX_ANISOTROPY * spacing.min():
        text = f"voxels are {spacing.max() / spacing.min():.3g} times longer than wide; texture and 3-D shape mislead"
        findings.append(Finding("W-GEO-ANISOTROPY", Severity.WARN, text, name))
    if min(geometry.shape[1:]) == 1:
        text = f"slices of {geometry.shape[2]}×{geometry.shape[1]} voxels are lines, not images"
        findings.append(Finding("W-GEO-LINE", Severity.WARN, text, name))
    return findings
