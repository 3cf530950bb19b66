"""Rigid motion: parameters, matrices, and how they go from a grid's axes to those of the patient."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

NAMES = ("trans_x", "trans_y", "trans_z", "rot_x", "rot_y", "rot_z")


@dataclass(frozen=True, eq=False)
class Rigid:
    """x -> R x + t, about the centre of a grid: where what lies at x in the reference lies in a frame.

    rotation : (3, 3). translation : (3,) mm
    """

    rotation: np.ndarray
    translation: np.ndarray

    @classmethod
    def of(cls, parameters) -> Rigid:
        """By three translations in mm and a rotation vector in rad."""
        parameters = np.asarray(parameters, dtype=float)
        return cls(Rotation.from_rotvec(parameters[3:]).as_matrix(), parameters[:3].copy())

    @classmethod
    def none(cls) -> Rigid:
        return cls(np.eye(3), np.zeros(3))

    @property
    def parameters(self) -> np.ndarray:
        """(6,) mm and rad, in the order of `NAMES`."""
        return np.concatenate([self.translation, Rotation.from_matrix(self.rotation).as_rotvec()])

    def before(self, small: Rigid) -> Rigid:
        """This one after the inverse of a small one has been applied."""
        rotation = self.rotation @ small.rotation.T
        return Rigid(rotation, self.translation - rotation @ small.translation)

    def seen_along(self, axes: np.ndarray) -> Rigid:
        """The same motion in other axes.

        axes : (3, 3) orthonormal, its columns the present axes in the new ones; they may be left-handed.
        """
        return Rigid(axes @ self.rotation @ axes.T, axes @ self.translation)


def axes_of(affine: np.ndarray) -> np.ndarray:
    """(3, 3) unit vectors of a grid's axes I, J, K in RAS, made orthogonal where a header has rounded them."""
    columns = affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)
    left, _, right = np.linalg.svd(columns)
    return left @ right


def largest_displacement(parameters: np.ndarray, radius: float) -> np.ndarray:
    """(...) mm that a point at this distance of the centre moves at most, by parameters (..., 6)."""
    parameters = np.asarray(parameters, dtype=float)
    return np.linalg.norm(parameters[..., :3], axis=-1) + radius * np.linalg.norm(parameters[..., 3:], axis=-1)
