"""Small images of nodules at several visits, for trying out methods that compare them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from .nodule_growth import POPULATION, TWO_VISITS, NoduleHistory, NodulePopulation, VisitPlan, draw_nodules

BACKGROUND, NODULE = 0.0, 1.0


@dataclass(frozen=True)
class CropDesign:
    """How the small images look; lengths in mm, intensities relative to a nodule of 1 in a background of 0.

    texture : standard deviation of the background, which is the same at all visits.
    texture_length : over which it is correlated. noise : fresh at each visit.
    shift : largest error of registration along each axis. edge : width of the nodule's rim.
    scanner_gain : by which one scanner is brighter and the other darker than 1.
    """

    shape: tuple[int, int, int] = (16, 32, 32)
    spacing: tuple[float, float, float] = (1.0, 1.0, 2.0)
    texture: float = 0.15
    texture_length: float = 1.5
    noise: float = 0.05
    shift: float = 2.0
    edge: float = 1.5
    scanner_gain: float = 0.1


CROPS = CropDesign()


@dataclass(frozen=True, eq=False)
class NoduleCrops:
    """Images and facts of N patients at T visits.

    images : (N, T, 1, K, J, I) float32, zero where there was no visit.
    days : (N, T). observed : (N, T) bool. covariates : (N, F), standardised.
    covariate_names : F names. malignant : (N,) bool. scanner : (N, T) 0 or 1.
    history : what is true.
    """

    images: np.ndarray
    days: np.ndarray
    observed: np.ndarray
    covariates: np.ndarray
    covariate_names: tuple[str, ...]
    malignant: np.ndarray
    scanner: np.ndarray
    history: NoduleHistory


def nodule_crops(
    count: int,
    rng: np.random.Generator,
    population: NodulePopulation = POPULATION,
    plan: VisitPlan = TWO_VISITS,
    design: CropDesign = CROPS,
) -> NoduleCrops:
    """Crops around nodules whose malignancy depends on growth and age.

    Nothing but the radius differs between malignant and benign nodules: shape,
    texture, scanner and registration error are drawn alike. Age is the first
    covariate, the second has nothing to do with malignancy.
    """
    history = draw_nodules(count, rng, population, plan)
    scanner = rng.integers(0, 2, history.days.shape)
    images = np.zeros((*history.days.shape, 1, *design.shape), dtype=np.float32)
    for n in range(count):
        half_axes = _half_axes(rng)
        texture = _texture(design, rng)
        for visit in range(history.days.shape[1]):
            shift = rng.uniform(-design.shift, design.shift, 3)
            noise = rng.normal(0, design.noise, design.shape)
            if history.observed[n, visit]:
                anatomy = _anatomy(design, texture, history.radius[n, visit] * half_axes, shift)
                gain = 1 + design.scanner_gain * (1 - 2 * scanner[n, visit])
                images[n, visit, 0] = gain * anatomy + noise
    age = (history.age - population.age[0]) / population.age[1]
    return NoduleCrops(
        images=images,
        days=history.days,
        observed=history.observed,
        covariates=np.column_stack([age, rng.normal(size=count)]).astype(np.float32),
        covariate_names=("age", "unrelated"),
        malignant=history.malignant,
        scanner=scanner,
        history=history,
    )


def _half_axes(rng: np.random.Generator) -> np.ndarray:
    """Half axes I, J, K of an ellipsoid with the volume of the unit sphere."""
    drawn = rng.uniform(0.85, 1.18, 3)
    return drawn / np.cbrt(drawn.prod())


def _texture(design: CropDesign, rng: np.random.Generator) -> np.ndarray:
    """(K, J, I) background, with a margin that a shift moves into view."""
    margin = np.ceil(design.shift / np.array(design.spacing[::-1])).astype(int) + 1
    white = rng.normal(size=np.array(design.shape) + 2 * margin)
    smooth = ndimage.gaussian_filter(white, design.texture_length / np.array(design.spacing[::-1]))
    return design.texture * (smooth - smooth.mean()) / smooth.std()


def _anatomy(design: CropDesign, texture: np.ndarray, half_axes: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """(K, J, I) background and nodule, both moved by the same shift (I, J, K) in mm."""
    spacing = np.array(design.spacing)
    moved = ndimage.shift(texture, (shift / spacing)[::-1], order=1, mode="nearest")
    margin = (np.array(texture.shape) - design.shape) // 2
    background = moved[tuple(slice(m, m + n) for m, n in zip(margin, design.shape))]
    k, j, i = np.indices(design.shape)
    middle = (np.array(design.shape[::-1]) - 1) / 2
    away = [(index - m) * s - d for index, m, s, d in zip((i, j, k), middle, spacing, shift)]
    scaled = np.sqrt(sum((x / half) ** 2 for x, half in zip(away, half_axes)))
    outside = (scaled - 1) * np.cbrt(half_axes.prod())
    inside = np.clip(0.5 - outside / design.edge, 0, 1)
    return background + (NODULE - BACKGROUND) * inside
