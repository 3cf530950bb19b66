"""The simulated ventricle has the volumes it says it has, and images that show them."""

import numpy as np
import pytest

from SpatioTemporalLib.simulation.beating_ventricle import (
    BRIGHTNESS,
    CAVITY,
    WALL,
    VentricleDesign,
    beating_ventricle,
    contraction,
)

DESIGN = VentricleDesign((20, 40, 40), (2.0, 2.0, 5.0), (20.0, 20.0, 30.0), 9.0, frames=5)


def test_volumes_are_those_of_ellipsoids_and_the_wall_keeps_its_own():
    heart = beating_ventricle(DESIGN)
    assert heart.cavity_ml[0] == pytest.approx(4 / 3 * np.pi * 20 * 20 * 30 / 1000)
    assert heart.wall_ml == pytest.approx(np.full(5, 4 / 3 * np.pi * (29 * 29 * 39 - 20 * 20 * 30) / 1000))
    squeezed = contraction(heart.series.times / DESIGN.period, DESIGN.systole)
    assert 1 - heart.cavity_ml / heart.cavity_ml[0] == pytest.approx(0.6 * squeezed)
    assert heart.labels.volumes_ml(CAVITY) == pytest.approx(heart.cavity_ml, rel=0.02)
    assert heart.labels.volumes_ml(WALL) == pytest.approx(heart.wall_ml, rel=0.02)
    assert heart.thickness_mm[0] == pytest.approx(9.0) and (heart.thickness_mm[1:] > 9.0).all()


def test_the_brightness_of_an_image_is_that_of_its_volumes_partial_ones_included():
    heart = beating_ventricle(DESIGN)
    voxel, whole = heart.series.geometry.voxel_volume_ml, np.prod(DESIGN.shape)
    for n, image in enumerate(heart.series.values):
        above = (BRIGHTNESS[CAVITY] - BRIGHTNESS[0]) * heart.cavity_ml[n]
        above += (BRIGHTNESS[WALL] - BRIGHTNESS[0]) * heart.wall_ml[n]
        assert (image.sum() - BRIGHTNESS[0] * whole) * voxel == pytest.approx(above, rel=0.005)
    assert len(np.unique(heart.series.values)) > 50


def test_contraction_begins_at_nothing_and_is_whole_at_the_end_of_systole():
    assert contraction([0.0, 0.35, 1.0, 1.35], 0.35) == pytest.approx([0.0, 1.0, 0.0, 1.0], abs=1e-12)
    phase = np.linspace(0, 1, 2001)
    slope = np.diff(contraction(phase, 0.35)) / np.diff(phase)
    assert slope.max() == pytest.approx(np.pi / 2 / 0.35, rel=1e-3)
    assert slope.min() == pytest.approx(-np.pi / 2 / 0.65, rel=1e-3)
