"""Thickness between concentric spheres, of a beating ventricle, and within slices."""

from dataclasses import replace

import numpy as np
import pytest

import SpatioTemporalLib as st
from SpatioTemporalLib.numerics.spatial.thickness import wall_thickness
from SpatioTemporalLib.simulation.beating_ventricle import VentricleDesign, beating_ventricle


def shell(inner, outer, spacing, extent=66.0, open_above=None):
    """Wall and cavity between two concentric spheres, or two cylinders; radii in mm, spacing of K, J and I."""
    shape = tuple(int(extent / step) for step in spacing)
    axes = [(np.arange(n) - (n - 1) / 2) * step + 0.2 for n, step in zip(shape, spacing)]
    away = np.sqrt(axes[0][:, None, None] ** 2 + axes[1][:, None] ** 2 + axes[2] ** 2)
    if open_above is not None:
        away = np.broadcast_to(np.sqrt(axes[1][:, None] ** 2 + axes[2] ** 2), shape).copy()
        away[axes[0] > open_above] = np.inf
    return (away > inner) & (away <= outer), away <= inner


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (2.0, 1.0, 1.0), (1.5, 1.5, 1.1)])
def test_between_concentric_spheres_it_is_the_difference_of_their_radii(spacing, worst_error):
    found = wall_thickness(*shell(18.0, 27.0, spacing), spacing).whole
    half = max(spacing) / 2
    worst_error("mean thickness of a shell", abs(found.mean() - 9), half, "mm")
    assert found.mean() == pytest.approx(9.0, abs=half / 2)
    # At nearly every single voxel too.
    assert np.mean(np.abs(found - 9.0) <= half) > 0.97


def test_the_two_ways_to_the_surfaces_add_up_wherever_a_voxel_lies():
    spacing = (1.0, 1.0, 1.0)
    wall, cavity = shell(18.0, 27.0, spacing)
    found = wall_thickness(wall, cavity, spacing)
    axes = [(np.arange(n) - (n - 1) / 2) + 0.2 for n in wall.shape]
    away = np.sqrt(axes[0][:, None, None] ** 2 + axes[1][:, None] ** 2 + axes[2] ** 2)[wall]
    assert np.abs(found.inner - (away - 18.0)).max() < 0.75 and np.abs(found.outer - (27.0 - away)).max() < 0.75


def test_spacings_in_another_order_give_another_thickness():
    wall, cavity = shell(18.0, 27.0, (3.0, 1.0, 1.0))
    right = wall_thickness(wall, cavity, (3.0, 1.0, 1.0)).whole.mean()
    assert abs(wall_thickness(wall, cavity, (1.0, 1.0, 3.0)).whole.mean() - right) > 1.0


@pytest.fixture(scope="module")
def heart():
    return beating_ventricle(VentricleDesign((24, 44, 44), (2.0, 2.0, 4.0), frames=6))


def measures_of(result):
    return dict(zip(result["measures"].columns["measure"], result["measures"].columns["value"]))


def test_the_wall_of_a_beating_ventricle_thickens_as_it_has_to(heart):
    result = st.run("motion.wall_thickness", labels=heart.labels)
    own = measures_of(result)
    # On the half axes the shell is as thick as it was made; between them the surfaces lie nearer by a few percent.
    assert own["thickness in diastole"] == pytest.approx(9.0, abs=0.5)
    systole = heart.thickness_mm[np.argmin(heart.cavity_ml)]
    assert own["thickness in systole"] == pytest.approx(systole, abs=0.5)
    assert own["thickening"] == pytest.approx(100 * (systole / 9.0 - 1), abs=4.0)
    (curve,) = result["thickness"]
    assert curve.values == pytest.approx(heart.thickness_mm, abs=0.5)
    wall = heart.labels.values[0] == 2
    assert np.array_equal(np.isfinite(result["thickness_diastole"].values), wall)


def test_in_slices_an_open_base_is_no_surface():
    spacing = (8.0, 1.5, 1.5)
    wall, cavity = shell(20.0, 29.0, spacing, extent=70.0, open_above=10.0)
    values = np.where(cavity, 1, np.where(wall, 2, 0)).astype(np.uint8)[None].repeat(2, 0)
    geometry = st.Geometry.from_spacing(values.shape[1:], spacing[::-1])
    labels = st.LabelSeries(values, [0.0, 0.1], geometry, {1: st.Label("cavity"), 2: st.Label("wall")}, "tube")
    sliced = measures_of(st.run("motion.wall_thickness", labels=labels, in_slices=True))
    assert sliced["thickness in diastole"] == pytest.approx(9.0, abs=0.3)
    assert sliced["spread in diastole"] < 0.5
    in_space = measures_of(st.run("motion.wall_thickness", labels=labels))
    assert in_space["spread in diastole"] > sliced["spread in diastole"]


def test_a_wall_without_a_cavity_is_told_or_refused(heart):
    values = heart.labels.values.copy()
    values[:, :10][values[:, :10] == 1] = 0
    result = st.run("motion.wall_thickness", labels=replace(heart.labels, values=values), in_slices=True)
    assert any(finding.code == "N-NO-CAVITY" for finding in result.findings)
    values = heart.labels.values.copy()
    values[2][values[2] == 1] = 0
    with pytest.raises(st.InputError, match="not in frame 2"):
        st.run("motion.wall_thickness", labels=replace(heart.labels, values=values))
    with pytest.raises(st.InputError, match="there are cavity, wall"):
        st.run("motion.wall_thickness", labels=heart.labels, wall="myocardium")
    with pytest.raises(st.InputError, match="wall and cavity are both 'wall'"):
        st.run("motion.wall_thickness", labels=heart.labels, cavity="wall")
