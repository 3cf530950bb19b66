"""Registration of visits against known motions and deformations, and real landmarks."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from library.numerics.spatial.test_region_of_interest import positions
from library.numerics.statistics.test_growth import turned
from scipy import ndimage
from scipy.spatial.transform import Rotation

from SpatioTemporalLib import Cancelled, Context, Geometry, InputError, LabelMap, Map
from SpatioTemporalLib.io.meta_image.file import read_meta_image
from SpatioTemporalLib.numerics.registration.displacement import inverse_error, landmark_distances
from SpatioTemporalLib.steps.follow_up.visit_registration import RegistrationParameters, register_visit

DATA = Path(__file__).resolve().parents[3] / "data" / "elastix"
FIRST = Geometry.from_spacing((24, 48, 48), (1.5, 1.5, 2.5), (-36.0, -36.0, -30.0))
# The same place in the patient, on an oblique grid of other voxels.
_AXES = Rotation.from_euler("xyz", (8, -5, 10), degrees=True).as_matrix() * np.array([1.7, 1.7, 2.2])
_AFFINE = np.vstack([np.column_stack([_AXES, _AXES @ (-np.array([45, 45, 29]) / 2)]), [0, 0, 0, 1]])
LATER = Geometry((30, 46, 46), _AFFINE)
DRAWN = np.random.default_rng(3)
BLOBS = np.column_stack([DRAWN.uniform(-25, 25, (25, 3)), DRAWN.uniform(4, 9, 25), DRAWN.uniform(50, 150, 25)])
MARKS = DRAWN.uniform(-20, 20, (15, 3))
RIGID = RegistrationParameters()
SAME_CONTRAST = RegistrationParameters(metric="mean_squares")


def scene(ras):
    """A smooth image known at every point."""
    return sum(h * np.exp(-((ras - np.array(m)) ** 2).sum(axis=-1) / (2 * s**2)) for *m, s, h in BLOBS)


def moved(points):
    """Where points of the first visit lie at the second: turned by 8° and 10 mm away."""
    matrix = Rotation.from_rotvec(np.deg2rad(8) * np.array([2, -1, 2]) / 3).as_matrix()
    return points @ matrix.T + np.array([6.0, -7.0, 4.0])


def back(points):
    matrix = Rotation.from_rotvec(np.deg2rad(8) * np.array([2, -1, 2]) / 3).as_matrix()
    return (points - np.array([6.0, -7.0, 4.0])) @ matrix


def bent(points):
    """Where tissue of the second visit came from when it also deformed, by up to 3 mm."""
    return points + 3.0 * np.exp(-(points**2).sum(axis=-1, keepdims=True) / (2 * 12.0**2)) * np.array([1.0, 0.0, 0.0])


def image(values, geometry, name):
    return Map(values.astype(np.float32), geometry, "a.u.", name)


FIXED = image(scene(positions(FIRST)), FIRST, "first")
MOVED = image(scene(back(positions(LATER))), LATER, "second")


def distances(registered):
    return landmark_distances(MARKS, moved(MARKS), registered.displacement, FIRST)


@pytest.mark.parametrize("metric", ["mutual_information", "correlation", "mean_squares"])
def test_known_motion_is_found_on_oblique_grids(metric):
    registered = register_visit(FIXED, MOVED, replace(RIGID, metric=metric), Context())
    # A quarter of a voxel.
    assert distances(registered).max() < 0.4
    np.testing.assert_allclose(registered.rigid @ [5, 6, 7, 1], [*moved(np.array([5.0, 6.0, 7.0])), 1], atol=0.4)
    assert registered.similarity_after > registered.similarity_before
    assert registered.smallest_volume_change == pytest.approx(1.0, abs=1e-6)
    assert registered.findings == ()
    shown = registered.image.values[8:16, 16:32, 16:32]
    assert np.abs(shown - FIXED.values[8:16, 16:32, 16:32]).mean() < 0.05 * FIXED.values.std()


def test_other_contrast_of_the_second_visit_does_not_matter_to_mutual_information():
    other = replace(MOVED, values=300.0 - 0.5 * MOVED.values)
    assert distances(register_visit(FIXED, other, RIGID, Context())).max() < 0.4


def test_images_far_apart_in_the_scanner_begin_on_one_another():
    affine = LATER.affine.copy()
    affine[:3, 3] += (400.0, 0.0, -900.0)
    far = Map(MOVED.values, Geometry(LATER.shape, affine), "a.u.", "second")
    registered = register_visit(FIXED, far, RIGID, Context())
    placed = landmark_distances(MARKS, moved(MARKS) + (400.0, 0.0, -900.0), registered.displacement, FIRST)
    assert placed.max() < 0.4


def test_deformation_is_found_after_the_motion_and_is_the_inverse_of_its_reverse():
    second = image(scene(bent(positions(FIRST))), FIRST, "second")
    rigid, deformed = (
        register_visit(FIXED, second, replace(SAME_CONTRAST, deformable=d, smoothness=4.0), Context())
        for d in (False, True)
    )
    # Points of the second visit and where they came from.
    errors = [landmark_distances(bent(MARKS), MARKS, r.displacement, FIRST).mean() for r in (rigid, deformed)]
    assert errors[1] < 0.5 * errors[0]
    assert 0.3 < deformed.smallest_volume_change < 1.0
    assert deformed.similarity_after > rigid.similarity_after
    reverse = register_visit(second, FIXED, replace(SAME_CONTRAST, deformable=True, smoothness=4.0), Context())
    missed = inverse_error(deformed.displacement, FIRST, reverse.displacement, FIRST)
    assert np.nanmean(missed) < 0.5


def test_same_images_give_the_same_result_to_the_last_bit():
    first, again = (register_visit(FIXED, MOVED, SAME_CONTRAST, Context(threads=n)) for n in (1, 2))
    np.testing.assert_array_equal(first.displacement, again.displacement)
    np.testing.assert_array_equal(first.image.values, again.image.values)


def test_only_the_region_counts():
    spoiled = MOVED.values.copy()
    elsewhere = back(positions(LATER))[..., 0] > 8
    spoiled[elsewhere] = 400 * np.random.default_rng(0).random(np.count_nonzero(elsewhere))
    region = LabelMap((positions(FIRST)[..., 0] < 2).astype(np.uint8), FIRST, name="left half")
    second = image(spoiled, LATER, "second")
    chosen, whole = (distances(register_visit(FIXED, second, SAME_CONTRAST, Context(), r)) for r in (region, None))
    left = MARKS[:, 0] < 0
    assert chosen[left].max() < 0.6
    assert whole[left].max() > 2 * chosen[left].max()


@pytest.mark.parametrize("deformable", [False, True])
def test_registration_can_be_cancelled(deformable):
    heard = []

    def report(fraction, message):
        heard.append(fraction)
        if message.startswith("deformable" if deformable else "rigid"):
            context.cancel()

    context = Context(report=report)
    with pytest.raises(Cancelled):
        register_visit(FIXED, MOVED, replace(SAME_CONTRAST, deformable=deformable), context)
    assert heard == sorted(heard)


def test_little_overlap_is_told():
    part = Map(FIXED.values[:8], Geometry((8, 48, 48), FIRST.affine), "a.u.", "slab")
    registered = register_visit(FIXED, part, SAME_CONTRAST, Context())
    assert "W-REGISTRATION-OVERLAP" in [f.code for f in registered.findings]


def test_images_with_gaps_or_sheared_grids_are_refused():
    holes = replace(FIXED, values=np.where(FIXED.values > 100, np.nan, FIXED.values))
    with pytest.raises(InputError) as caught:
        register_visit(FIXED, holes, RIGID, Context())
    assert caught.value.code == "E-NOT-FINITE"
    affine = turned(FIRST.shape).affine.copy()
    affine[:3, 2] += 0.2 * affine[:3, 1]
    with pytest.raises(InputError) as caught:
        register_visit(FIXED, Map(FIXED.values, Geometry(FIRST.shape, affine), "a.u."), RIGID, Context())
    assert caught.value.code == "E-GEO-SHEAR"


def lung(visit, step=3):
    """Distance from the lung's surface, cut off, on every third voxel, and the landmarks in RAS mm."""
    mask = read_meta_image(DATA / f"3DCT_lung_{visit}_mask.mha")
    inside, spacing = mask.values > 0, mask.geometry.spacing[::-1]
    distance = ndimage.distance_transform_edt(~inside, spacing) - ndimage.distance_transform_edt(inside, spacing)
    affine = mask.geometry.affine.copy()
    affine[:3, :3] *= step
    coarse = np.clip(distance, -40, 15)[::step, ::step, ::step]
    marks = mask.geometry.ijk_to_ras(np.loadtxt(DATA / f"3DCT_lung_{visit}.txt", skiprows=2))
    return Map(coarse.astype(np.float32), Geometry(coarse.shape, affine), "mm", visit), marks


def test_real_lungs_of_two_visits_come_together_at_their_landmarks(worst_error):
    (first, here), (second, there) = lung("baseline"), lung("followup")
    assert np.linalg.norm(here - there, axis=1).mean() == pytest.approx(34.9, abs=0.1)
    for deformable, allowed in ((False, 7.0), (True, 6.0)):
        parameters = replace(SAME_CONTRAST, deformable=deformable, outside=15.0)
        registered = register_visit(first, second, parameters, Context())
        away = landmark_distances(here, there, registered.displacement, first.geometry)
        # The surface alone is matched; what lies deep inside follows only roughly.
        worst_error(f"lung landmarks, {'deformable' if deformable else 'rigid'}", away.mean(), allowed, "mm")
        assert away.mean() < allowed
        assert registered.findings == (), "it neither folds nor gets worse"
