"""Where voxels lie in the patient."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import GeometryError

POSITION_TOLERANCE_MM = 1e-3
DIRECTION_TOLERANCE = 1e-4


@dataclass(frozen=True, eq=False)
class Geometry:
    """Shape of a grid and its place in the patient.

    shape : (K, J, I)
        Slices, rows, columns, as Slicer and SimpleITK give arrays.
    affine : (4, 4) array, mm
        Maps the voxel index (i, j, k, 1) to (R, A, S, 1).

    Raises
    ------
    GeometryError
        If the shape is not three positive numbers or the affine is not finite,
        not affine, or not invertible.
    """

    shape: tuple[int, int, int]
    affine: np.ndarray

    def __post_init__(self):
        shape = tuple(int(n) for n in self.shape)
        if len(shape) != 3 or min(shape) < 1:
            raise GeometryError(
                "E-GEO-SHAPE",
                f"a grid needs three positive sizes (slices, rows, columns), found {shape}",
                fix="Give a three-dimensional image; a single slice has one slice, not none.",
            )
        affine = np.array(self.affine, dtype=np.float64)
        _check_affine(affine)
        affine.setflags(write=False)
        object.__setattr__(self, "shape", shape)
        object.__setattr__(self, "affine", affine)

    @classmethod
    def from_spacing(cls, shape, spacing=(1.0, 1.0, 1.0), origin=(0.0, 0.0, 0.0)) -> Geometry:
        """Axis-aligned grid with spacing (I, J, K) in mm and the origin in RAS mm."""
        affine = np.diag([*spacing, 1.0]).astype(float)
        affine[:3, 3] = origin
        return cls(shape, affine)

    @property
    def spacing(self) -> tuple[float, float, float]:
        """Distance between voxel centres along I, J and K, mm."""
        return tuple(float(s) for s in np.linalg.norm(self.affine[:3, :3], axis=0))

    @property
    def voxel_volume_ml(self) -> float:
        """Volume of one voxel, mL; right for sheared grids too."""
        return float(abs(np.linalg.det(self.affine[:3, :3]))) / 1000.0

    @property
    def directions(self) -> np.ndarray:
        """(3, 3) unit vectors of the I, J and K axes as columns, RAS."""
        return self.affine[:3, :3] / np.asarray(self.spacing)

    @property
    def is_sheared(self) -> bool:
        """Whether the axes are not at right angles (gantry tilt)."""
        gram = self.directions.T @ self.directions
        return bool(np.abs(gram - np.eye(3)).max() > DIRECTION_TOLERANCE)

    def ijk_to_ras(self, ijk) -> np.ndarray:
        """(..., 3) positions in RAS mm of (..., 3) voxel indices."""
        return np.asarray(ijk, dtype=float) @ self.affine[:3, :3].T + self.affine[:3, 3]

    def ras_to_ijk(self, ras) -> np.ndarray:
        """(..., 3) continuous voxel indices of (..., 3) positions in RAS mm."""
        inverse = np.linalg.inv(self.affine)
        return np.asarray(ras, dtype=float) @ inverse[:3, :3].T + inverse[:3, 3]

    def difference_mm(self, other: Geometry) -> float:
        """Largest distance in mm between equal corners of the two grids."""
        corners = np.stack(np.meshgrid(*[(0, n - 1) for n in self.shape[::-1]], indexing="ij"), -1)
        return float(np.linalg.norm(self.ijk_to_ras(corners) - other.ijk_to_ras(corners), axis=-1).max())

    def matches(self, other: Geometry) -> bool:
        """Whether both grids have the same shape and the same place in the patient."""
        if self.shape != other.shape:
            return False
        # Corners of a large grid move further than its axes turn: the tolerance follows.
        extent = max(n * s for n, s in zip(self.shape[::-1], self.spacing))
        return self.difference_mm(other) <= POSITION_TOLERANCE_MM + DIRECTION_TOLERANCE * extent

    def require_match(self, other: Geometry, name: str, other_name: str) -> None:
        """Raise a `GeometryError` that says how ``self`` differs from ``other``."""
        if self.shape != other.shape:
            raise GeometryError(
                "E-GEO-SHAPE",
                f"{name} is {_size(self)}, {other_name} is {_size(other)}",
                where=name,
                fix=f"Resample {name} onto {other_name} "
                "(Resample Scalar/Vector/DWI Volume, nearest neighbour for masks).",
            )
        if not self.matches(other):
            raise GeometryError(
                "E-GEO-PLACE",
                f"{name} lies up to {self.difference_mm(other):.3g} mm away from {other_name}, "
                f"although both are {_size(self)}",
                where=name,
                fix=f"Resample {name} onto {other_name}, or correct the header that is wrong.",
            )

    def __eq__(self, other) -> bool:
        return isinstance(other, Geometry) and self.matches(other)

    __hash__ = None

    def __str__(self) -> str:
        spacing = "×".join(f"{s:.4g}" for s in self.spacing)
        return f"{_size(self)} voxels, {spacing} mm"


def _size(geometry: Geometry) -> str:
    return "×".join(str(n) for n in geometry.shape[::-1])


def _check_affine(affine: np.ndarray) -> None:
    if affine.shape != (4, 4) or not np.allclose(affine[3], (0, 0, 0, 1)):
        raise GeometryError(
            "E-GEO-AFFINE",
            f"an IJK to RAS affine is 4×4 with last row 0 0 0 1, found shape {affine.shape}",
            fix="Give a 4×4 matrix in mm.",
        )
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    if not np.isfinite(affine).all() or not (spacing > 0).all():
        raise GeometryError(
            "E-GEO-SPACING",
            f"voxel spacing must be positive and finite, found {spacing.tolist()} mm",
            fix="Correct the spacing in the file's header.",
        )
    if abs(np.linalg.det(affine[:3, :3] / spacing)) < 1e-6:
        raise GeometryError(
            "E-GEO-AFFINE",
            "two image axes point in the same direction, so the affine cannot be inverted",
            fix="Correct the orientation in the file's header.",
        )
