"""Voxel values and grids of volume nodes as arrays and `Geometry`."""

from __future__ import annotations

import numpy as np
import vtk
from vtk.util.numpy_support import numpy_to_vtk, vtk_to_numpy

from SpatioTemporalLib.data import Geometry
from SpatioTemporalLib.errors import GeometryError, InputError

# VTK has no such scalar types; both widen without loss.
STORED_AS = {"b": np.uint8, "e": np.float32}


def node_values(node) -> np.ndarray:
    """(K, J, I) view, or (K, J, I, C) for C components, of a volume node's voxels.

    Raises
    ------
    InputError
        If the node holds no image.
    """
    image = node.GetImageData()
    scalars = image.GetPointData().GetScalars() if image else None
    if scalars is None:
        raise InputError(
            "E-NO-IMAGE",
            "the volume holds no voxels",
            where=node.GetName() or node.GetID() or "volume",
            fix="Load it again, or choose another volume.",
        )
    shape = tuple(reversed(image.GetDimensions()))
    components = scalars.GetNumberOfComponents()
    return vtk_to_numpy(scalars).reshape(shape if components == 1 else (*shape, components))


def set_node_values(node, values: np.ndarray) -> None:
    """Give a volume node its own copy of (K, J, I) values."""
    stored = np.ascontiguousarray(
        values, dtype=STORED_AS.get(values.dtype.char if values.dtype.kind == "f" else "", None)
    )
    if stored.dtype.kind == "b":
        stored = stored.astype(STORED_AS["b"])
    image = vtk.vtkImageData()
    image.SetDimensions(*reversed(stored.shape))
    image.GetPointData().SetScalars(numpy_to_vtk(stored.reshape(-1), deep=True))
    node.SetAndObserveImageData(image)


def without_nan(values: np.ndarray) -> np.ndarray:
    """float32 values with minus zero where there is none, because views cannot show around NaN.

    Minus zero is shown and counted as zero, survives every file a scene is
    saved in, and is told from a measured zero by `with_nan`.
    """
    values = np.asarray(values, dtype=np.float32)
    return np.where(np.isfinite(values), values + np.float32(0), np.float32(-0.0))


def with_nan(values: np.ndarray) -> np.ndarray:
    """The values `without_nan` was given, NaN for infinities too."""
    return np.where((values == 0) & np.signbit(values), np.float32(np.nan), values)


def node_geometry(node) -> Geometry:
    """The grid of a volume node.

    Raises
    ------
    GeometryError
        If the node is under a transform: its voxels are then shown elsewhere
        than its own matrix says.
    """
    require_no_transform(node, node.GetName() or "volume")
    matrix = vtk.vtkMatrix4x4()
    node.GetIJKToRASMatrix(matrix)
    return Geometry(node_values(node).shape[:3], matrix_values(matrix))


def require_no_transform(node, where: str) -> None:
    """Refuse a node that is shown elsewhere than its own voxels say."""
    if node.GetParentTransformNode() is not None:
        kind = "segmentation" if node.IsA("vtkMRMLSegmentationNode") else "volume"
        raise GeometryError(
            "E-GEO-TRANSFORM",
            f"the {kind} is under the transform {node.GetParentTransformNode().GetName()}",
            where=where,
            fix=f"Harden the transform (Data module, right click), or take the {kind} out of it.",
        )


def set_node_geometry(node, geometry: Geometry) -> None:
    """Place a volume node in the patient."""
    node.SetIJKToRASMatrix(matrix_of(geometry))


def matrix_of(geometry: Geometry) -> vtk.vtkMatrix4x4:
    """The IJK to RAS affine as VTK holds it."""
    matrix = vtk.vtkMatrix4x4()
    matrix.DeepCopy(geometry.affine.ravel().tolist())
    return matrix


def matrix_values(matrix: vtk.vtkMatrix4x4) -> np.ndarray:
    """(4, 4) array of a VTK matrix."""
    return np.array([[matrix.GetElement(row, column) for column in range(4)] for row in range(4)])
