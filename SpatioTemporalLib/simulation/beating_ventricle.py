"""A ventricle that beats: an ellipsoidal shell whose volumes, rates and thickness have closed forms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

from ..data.geometry import Geometry
from ..data.series import Acquisition, Series
from ..data.volumes import Label, LabelSeries

CAVITY, WALL = 1, 2
LABELS = {CAVITY: Label("cavity", (0.85, 0.25, 0.2)), WALL: Label("wall", (0.95, 0.75, 0.55))}
BRIGHTNESS = {CAVITY: 300.0, WALL: 120.0, 0: 60.0}
# Points along each axis of a voxel whose share of a tissue is its partial volume.
POINTS = 3


@dataclass(frozen=True)
class VentricleDesign:
    """How a ventricle is built and beats.

    shape : (K, J, I) voxels. spacing : mm of I, J and K. radii : mm of the cavity's half axes at its largest, along I,
    J and K. wall : mm, thickness of the wall then. ejection_fraction : 0..1. period : s. systole : share of the period
    until the cavity is smallest. centre : mm off the middle of the grid. noise : standard deviation of the images.
    """

    shape: tuple[int, int, int] = (24, 64, 64)
    spacing: tuple[float, float, float] = (1.5, 1.5, 5.0)
    radii: tuple[float, float, float] = (24.0, 24.0, 40.0)
    wall: float = 9.0
    ejection_fraction: float = 0.6
    frames: int = 20
    period: float = 0.9
    systole: float = 0.35
    centre: tuple[float, float, float] = (0.4, -0.3, 0.9)
    noise: float = 0.0


@dataclass(frozen=True, eq=False)
class BeatingVentricle:
    """Images and labels of each frame, and what is true of them.

    series : images with partial volume. labels : what fills most of each voxel. cavity_ml, wall_ml : (T,) in closed
    form. thickness_mm : (T,) along the normal of the surface on the half axes, the same on all three.
    """

    series: Series
    labels: LabelSeries
    cavity_ml: np.ndarray
    wall_ml: np.ndarray
    thickness_mm: np.ndarray


def contraction(phase, systole: float):
    """0 at the begin of a cycle, 1 at the end of systole, and back; `phase` is the part of the cycle that has passed.

    Squares of sines: the steepest slope is pi / 2 over the part that is taken for the rise, and for the fall.
    """
    phase = np.asarray(phase, dtype=float) % 1.0
    rise = np.sin(np.pi / 2 * phase / systole) ** 2
    fall = np.cos(np.pi / 2 * (phase - systole) / (1 - systole)) ** 2
    return np.where(phase < systole, rise, fall)


def beating_ventricle(design: VentricleDesign = VentricleDesign(), rng=None) -> BeatingVentricle:
    """One cycle in evenly spaced frames.

    Notes
    -----
    The cavity shrinks alike along all axes; the wall lies between it and the ellipsoid whose half axes are longer by
    its thickness, and keeps its volume. Own definition.
    """
    geometry = Geometry.from_spacing(design.shape, design.spacing)
    times = np.arange(design.frames) * design.period / design.frames
    squeezed = contraction(times / design.period, design.systole)
    scale = np.cbrt(1 - design.ejection_fraction * squeezed)
    radii = np.multiply.outer(scale, design.radii)
    thickness = np.array([_thickness(own, design) for own in radii])
    images, labels = zip(*(_frame(design, own, wall) for own, wall in zip(radii, thickness)))
    images = np.array(images, dtype=np.float32)
    if design.noise:
        images += (rng or np.random.default_rng(0)).normal(0, design.noise, images.shape).astype(np.float32)
    cavity = _ellipsoid_ml(radii)
    return BeatingVentricle(
        Series(images, times, geometry, "a.u.", "beating ventricle", Acquisition(modality="MR", examination="cine")),
        LabelSeries(np.array(labels), times, geometry, LABELS, "beating ventricle"),
        cavity,
        _ellipsoid_ml(radii + thickness[:, None]) - cavity,
        thickness,
    )


def _ellipsoid_ml(radii: np.ndarray) -> np.ndarray:
    return 4 / 3 * np.pi * np.prod(radii, axis=-1) / 1000


def _thickness(radii: np.ndarray, design: VentricleDesign) -> float:
    """mm by which all half axes are longer outside, for the wall to have the volume it has at the largest cavity."""
    tissue = np.prod(np.add(design.radii, design.wall)) - np.prod(design.radii)
    return brentq(lambda wall: np.prod(radii + wall) - np.prod(radii) - tissue, 0.0, 10 * design.wall)


def _frame(design: VentricleDesign, radii: np.ndarray, wall: float) -> tuple[np.ndarray, np.ndarray]:
    """(K, J, I) image with partial volume, and the labels of what fills most of each voxel."""
    parts = (np.arange(POINTS) + 0.5) / POINTS - 0.5
    shares, image = np.zeros((3, *design.shape), np.float32), np.zeros(design.shape, np.float32)
    axes = [
        ((np.arange(size)[:, None] + parts) - (size - 1) / 2) * step - shift
        for size, step, shift in zip(design.shape[::-1], design.spacing, design.centre)
    ]
    for n in range(POINTS):
        for m in range(POINTS):
            for o in range(POINTS):
                x, y, z = axes[0][:, o], axes[1][:, m][:, None], axes[2][:, n][:, None, None]
                inner = (x / radii[0]) ** 2 + (y / radii[1]) ** 2 + (z / radii[2]) ** 2
                outer = sum((axis / (radius + wall)) ** 2 for axis, radius in zip((x, y, z), radii))
                cavity, tissue = inner <= 1, (inner > 1) & (outer <= 1)
                shares[CAVITY] += cavity
                shares[WALL] += tissue
                image += np.where(cavity, BRIGHTNESS[CAVITY], np.where(tissue, BRIGHTNESS[WALL], BRIGHTNESS[0]))
    shares[0] = POINTS**3 - shares[CAVITY] - shares[WALL]
    return image / POINTS**3, shares.argmax(axis=0).astype(np.uint8)
