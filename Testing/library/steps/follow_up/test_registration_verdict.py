"""What is said of a registration: of the same image, of unrelated ones, of ones that moved, and in both metrics."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from library.numerics.registration.test_shared_structure import texture
from scipy.ndimage import affine_transform
from scipy.spatial.transform import Rotation

from SpatioTemporalLib import Context, FollowUp, Geometry, InputError, Map, Visit, run
from SpatioTemporalLib.steps.follow_up.visit_registration import RegistrationParameters, register_visit

SHAPE = (22, 32, 32)
WIDE = (28, 44, 44)
GRID = Geometry.from_spacing(SHAPE, (1.5, 1.5, 2.0), (0.0, 0.0, 0.0))
METRICS = ("mutual_information", "correlation")
NOT_TO_BE_USED = {"W-REGISTRATION-CHANCE", "W-REGISTRATION-WORSE"}


def anatomy(seed, width=2.0, shape=SHAPE):
    return texture(seed, width, shape) * 200 - 400


def noise(seed):
    return anatomy(seed, 0.0)


def picture(values, grid=GRID):
    return Map(np.asarray(values, np.float32), grid, "HU", "visit")


def registered(first, second, metric, grid=GRID, deformable=False):
    parameters = RegistrationParameters(metric=metric, deformable=deformable, outside=-1024)
    first_grid = GRID if np.shape(first) == SHAPE else grid
    return register_visit(picture(first, first_grid), picture(second, grid), parameters, Context())


def codes(found):
    return {finding.code for finding in found.findings}


def turned(values, degrees, shift_voxels):
    matrix = Rotation.from_euler("xyz", degrees, degrees=True).as_matrix()
    middle = (np.array(values.shape) - 1) / 2
    return affine_transform(values, matrix, middle - matrix @ middle + shift_voxels, order=3, mode="nearest")


@pytest.mark.parametrize(
    "metric, deformable", [(m, False) for m in (*METRICS, "mean_squares")] + [("mutual_information", True)]
)
@pytest.mark.parametrize("make", [anatomy, noise])
def test_image_with_itself_has_not_moved_and_can_be_used(make, metric, deformable):
    found = registered(make(7), make(7), metric, deformable=deformable)
    assert found.findings == ()
    assert found.similarity_after == found.similarity_before
    assert np.abs(found.displacement).max() < 1e-6


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("second", [noise(21), anatomy(12), anatomy(3, 5.0)], ids=["noise", "other", "smooth"])
def test_unrelated_image_must_not_be_used(second, metric):
    assert "W-REGISTRATION-CHANCE" in codes(registered(anatomy(7), second, metric))


def test_deformation_does_not_make_an_unrelated_image_one_to_be_used():
    assert "W-REGISTRATION-CHANCE" in codes(registered(anatomy(7), anatomy(12), "correlation", deformable=True))


@pytest.mark.parametrize("metric", METRICS)
def test_images_of_a_few_large_shapes_are_judged_by_how_alike_such_get(metric):
    same = registered(anatomy(7, 5.0), turned(anatomy(7, 5.0), (0, 0, 3), 1), metric)
    other = registered(anatomy(7, 5.0), anatomy(12, 5.0), metric)
    assert not codes(same) & NOT_TO_BE_USED
    assert codes(other) & NOT_TO_BE_USED
    assert other.shared.by_chance > 0.5


@pytest.mark.parametrize("metric", METRICS)
def test_image_that_was_moved_turned_or_inverted_can_be_used(metric):
    large = anatomy(7, 2.0, WIDE)
    first, inside = large[3:25, 6:38, 6:38], np.s_[3:25, 6:38, 6:38]
    for second in (turned(large, (0, 0, 0), (1.0, 3.0, -2.0)), turned(large, (2, -3, 5), 0), -large):
        found = registered(first, second[inside], metric)
        assert found.findings == (), found.findings
        assert found.shared.value > 0.9


@pytest.mark.parametrize("metric", METRICS)
def test_noise_of_another_scanner_does_not_spoil_the_verdict(metric):
    second = turned(anatomy(7), (0, 0, 3), 1.0) + 250 * np.random.default_rng(4).normal(size=SHAPE)
    assert registered(anatomy(7), second, metric).findings == ()


@pytest.mark.parametrize("metric", METRICS)
def test_visit_that_shows_a_part_is_judged_by_that_part(metric):
    whole = anatomy(7)
    part = Geometry.from_spacing((22, 32, 14), GRID.spacing, (0.0, 0.0, 0.0))
    assert codes(registered(whole, whole[:, :, :14], metric, part)) == {"W-REGISTRATION-OVERLAP"}
    assert "W-REGISTRATION-CHANCE" in codes(registered(whole, anatomy(12)[:, :, :14], metric, part))


def test_visit_that_is_constant_but_for_a_corner_must_not_be_used():
    second = np.full(SHAPE, -1000.0)
    second[:3, :3, :3] = 40
    assert "W-REGISTRATION-CHANCE" in codes(registered(anatomy(7), second, "mutual_information"))


def test_image_of_two_slices_is_refused_in_words():
    with pytest.raises(InputError, match="32 x 32 x 2 voxels is too thin") as caught:
        registered(anatomy(7)[:2], anatomy(7)[:2], "correlation", Geometry.from_spacing((2, 32, 32), (1.5, 1.5, 2.0)))
    assert caught.value.code == "E-REGISTRATION"


def test_contrast_turned_over_is_too_much_for_mean_squares_and_told():
    assert codes(registered(anatomy(7), 300 - anatomy(7), "mean_squares")) & NOT_TO_BE_USED


def test_verdict_of_each_visit_is_in_the_table_and_among_the_findings():
    first = picture(anatomy(7))
    visits = [
        Visit(90.0 * n, {"image": image}) for n, image in enumerate((first, first, replace(first, values=noise(3))))
    ]
    result = run("follow_up.registration", visits=FollowUp("p", tuple(visits)))
    columns = result.quality.columns
    assert columns["verdict"][0] == "can be used" and "do not use it" in columns["verdict"][1]
    assert columns["shared structure"][0] > columns["shared by chance"][0]
    assert columns["shared structure"][1] < columns["shared by chance"][1]
    assert [f.code for f in result.findings if "day 180" in str(f)][0] == "W-REGISTRATION-CHANCE"
