"""CT-like images of a simulated liver with its lesions, and segments that overlap as they are drawn."""

from __future__ import annotations

import numpy as np

from ..data.follow_up import FollowUp, Visit
from ..data.geometry import Geometry
from ..data.volumes import Label, LabelMap, Map
from ..numerics.statistics.growth import equivalent_diameter
from .liver_metastases import LIVER_RADIUS_MM, PORTAL_THICKNESS_MM, SCANS_DAYS, LiverPatient

SPACING = (3.0, 3.0, 4.0)
MARGIN_MM = 12.0
LIVER_HU, LESION_HU, VESSEL_HU, OUTSIDE_HU, NOISE_HU = 105.0, 68.0, 165.0, 20.0, 12.0
VEIN_RADIUS_MM = 5.0
COLOURS = {"Liver": (0.87, 0.72, 0.6), "Portal": (0.3, 0.45, 0.85), "Hepatic": (0.2, 0.25, 0.6)}


def liver_follow_up(patient: LiverPatient, rng: np.random.Generator, name: str = "liver") -> FollowUp:
    """The scans of a simulated patient: image ``ct`` in HU, and masks Liver, Portal, Hepatic, Tumor_1, ...

    The portal trunk is the plane through the middle that its hazard hangs on.
    """
    reach = LIVER_RADIUS_MM + MARGIN_MM
    shape = tuple(int(2 * reach / s) for s in SPACING[::-1])
    geometry = Geometry.from_spacing(shape, SPACING, (-reach,) * 3)
    ras = geometry.ijk_to_ras(np.stack(np.indices(shape)[::-1], axis=-1))
    structures = _structures(ras)
    visits = []
    for day, log_volumes in zip(SCANS_DAYS, patient.log_volumes):
        radii = equivalent_diameter(np.exp(log_volumes)) / 2
        lesions = {
            f"Tumor_{n}": np.linalg.norm(ras - place, axis=-1) <= radius
            for n, (place, radius) in enumerate(zip(patient.places, radii), start=1)
        }
        masks = structures | {n: mask if mask.any() else _one_voxel(ras, patient.places[int(n[6:]) - 1])
                              for n, mask in lesions.items()}  # fmt: skip
        image = Map(_image(masks, rng), geometry, "HU", "ct")
        drawn = {n: LabelMap(m.astype(np.uint8), geometry, {1: Label(n, COLOURS.get(n))}, n) for n, m in masks.items()}
        visits.append(Visit(day, {"ct": image}, drawn))
    return FollowUp(name, tuple(visits))


def _structures(ras: np.ndarray) -> dict[str, np.ndarray]:
    distance = np.linalg.norm(ras, axis=-1)
    liver = distance <= LIVER_RADIUS_MM
    portal = (np.abs(ras[..., 2]) <= PORTAL_THICKNESS_MM / 2) & (distance <= LIVER_RADIUS_MM - 2)
    # Three veins that meet at the dome.
    hepatic = np.zeros(liver.shape, dtype=bool)
    dome = np.array([0.0, -20.0, 70.0])
    for end in ([45.0, 20.0, 10.0], [0.0, 35.0, 10.0], [-45.0, 20.0, 10.0]):
        along = (np.array(end) - dome) / np.linalg.norm(np.array(end) - dome)
        part = np.clip((ras - dome) @ along, 0, np.linalg.norm(np.array(end) - dome))
        hepatic |= np.linalg.norm(ras - dome - part[..., None] * along, axis=-1) <= VEIN_RADIUS_MM
    return {"Liver": liver, "Portal": portal, "Hepatic": hepatic & liver}


def _one_voxel(ras: np.ndarray, place: np.ndarray) -> np.ndarray:
    distance = np.linalg.norm(ras - place, axis=-1)
    return distance == distance.min()


def _image(masks: dict[str, np.ndarray], rng: np.random.Generator) -> np.ndarray:
    values = np.where(masks["Liver"], LIVER_HU, OUTSIDE_HU)
    for name, mask in masks.items():
        if name in ("Portal", "Hepatic"):
            values = np.where(mask, VESSEL_HU, values)
    for name, mask in masks.items():
        if name.startswith("Tumor"):
            values = np.where(mask, LESION_HU, values)
    return (values + rng.normal(0, NOISE_HU, values.shape)).astype(np.float32)
