"""Regions around a nodule: where they lie, what they show, and what is refused."""

import numpy as np
import pytest

from SpatioTemporalLib.context import Context
from SpatioTemporalLib.data.follow_up import FollowUp, Visit
from SpatioTemporalLib.data.geometry import Geometry
from SpatioTemporalLib.data.volumes import LabelMap, Map
from SpatioTemporalLib.errors import InputError, ParameterError
from SpatioTemporalLib.steps.follow_up.visit_crops import CropSettings, centres_of, coarser, crop_visits

SETTINGS = CropSettings(shape=(8, 16, 16), window=(0.0, 1.0), unit="1", fill=0.0)
TURN = np.deg2rad(12.0)


def scene(points: np.ndarray) -> np.ndarray:
    """A smooth pattern in RAS mm, with a ball of 4 mm about the origin."""
    r, a, s = np.moveaxis(points, -1, 0)
    pattern = 0.3 + 0.1 * np.sin(r / 7) * np.cos(a / 9 + 1) + 0.1 * np.sin(s / 8 + r / 11)
    return pattern + 0.5 / (1 + np.exp(2 * (np.linalg.norm(points, axis=-1) - 4)))


def visit_of(days: float, pose: np.ndarray, spacing=(1.0, 1.0, 1.5), marked: bool = True) -> Visit:
    """A visit at which what lies at x in the anatomy lies at pose x."""
    shape = (32, 56, 56)
    origin = -np.array(spacing) * (np.array(shape[::-1]) - 1) / 2
    geometry = Geometry.from_spacing(shape, spacing, origin)
    ijk = np.stack(np.meshgrid(*[np.arange(n) for n in shape], indexing="ij"), -1)[..., ::-1]
    back = np.linalg.inv(pose)
    places = geometry.ijk_to_ras(ijk) @ back[:3, :3].T + back[:3, 3]
    ball = (np.linalg.norm(places, axis=-1) < 4).astype(np.uint8)
    masks = {"nodule": LabelMap(ball, geometry)} if marked else {}
    return Visit(days, {"ct": Map(scene(places).astype(np.float32), geometry, "1", "ct")}, masks)


def moved(shift, angle: float = 0.0) -> np.ndarray:
    pose = np.eye(4)
    pose[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    pose[:3, 3] = shift
    return pose


def test_the_middle_of_the_region_is_the_middle_of_the_mask():
    visits = FollowUp("p", (visit_of(0, moved((5, -3, 2))),))
    crops = crop_visits(visits, centres_of(visits), SETTINGS, Context())
    np.testing.assert_allclose(crops.centres[0], (5, -3, 2), atol=0.2)
    middle = crops.grids[0].ijk_to_ras((np.array(SETTINGS.shape[::-1]) - 1) / 2)
    np.testing.assert_allclose(middle, crops.centres[0], atol=1e-6)


def test_values_are_those_of_the_anatomy_at_the_grid_of_the_region():
    visits = FollowUp("p", (visit_of(0, moved((5, -3, 2))),))
    crops = crop_visits(visits, centres_of(visits), SETTINGS, Context())
    ijk = np.stack(np.meshgrid(*[np.arange(n) for n in SETTINGS.shape], indexing="ij"), -1)[..., ::-1]
    truth = scene(crops.grids[0].ijk_to_ras(ijk) - (5, -3, 2))
    # Linear interpolation over 1.5 mm of an edge 1 mm wide.
    assert np.abs(crops.images[0, 0] - truth).mean() < 0.01


def test_an_unmarked_visit_is_followed_by_its_motion():
    shift = np.array((6.0, -4.0, 3.0))
    visits = FollowUp("p", (visit_of(0, moved(shift, TURN), marked=False), visit_of(90, np.eye(4))))
    crops = crop_visits(visits, centres_of(visits), SETTINGS, Context())
    assert np.linalg.norm(crops.centres[0] - shift) < 1.0
    assert crops.registered[0] is not None and crops.registered[1] is None
    assert any(finding.code == "N-REGISTERED" for finding in crops.findings)


def test_rigid_registration_turns_the_region_with_the_patient():
    turned = visit_of(0, moved((2, 1, 0), TURN))
    visits = FollowUp("p", (turned, visit_of(90, np.eye(4))))
    straight, rigid = (
        crop_visits(visits, centres_of(visits), CropSettings(**{**vars(SETTINGS), "registration": r}), Context())
        for r in ("none", "rigid")
    )
    differences = [np.abs(crops.images[0] - crops.images[1]).mean() for crops in (straight, rigid)]
    assert differences[1] < 0.5 * differences[0]
    axis = rigid.grids[0].directions[:, 0]
    assert np.rad2deg(np.arctan2(axis[1], axis[0])) == pytest.approx(12.0, abs=2.0)


def test_a_second_channel_shows_more_of_the_surroundings():
    settings = CropSettings(**{**vars(SETTINGS), "spacings": ((1.0, 1.0, 1.0), (3.0, 3.0, 3.0))})
    visits = FollowUp("p", (visit_of(0, np.eye(4)),))
    crops = crop_visits(visits, centres_of(visits), settings, Context())
    assert crops.images.shape == (1, 2, *SETTINGS.shape)
    ball = [(channel > 0.6).sum() for channel in crops.images[0]]
    assert ball[1] < ball[0] / 10


def test_a_coarser_grid_keeps_the_place_of_things():
    image = visit_of(0, np.eye(4)).images["ct"]
    coarse = coarser(image, 3.0)
    assert min(coarse.geometry.spacing) == pytest.approx(3.0)
    weights = np.clip(coarse.values - 0.55, 0, None)
    places = coarse.geometry.ijk_to_ras(np.argwhere(weights > 0)[:, ::-1])
    np.testing.assert_allclose(np.average(places, axis=0, weights=weights[weights > 0]), 0, atol=0.5)


def test_outside_of_the_image_is_filled():
    visits = FollowUp("p", (visit_of(0, moved((24, 0, 0))),))
    settings = CropSettings(**{**vars(SETTINGS), "fill": 1.0, "shape": (8, 16, 32)})
    crops = crop_visits(visits, centres_of(visits), settings, Context())
    assert (crops.images[0, 0][:, :, -4:] == 1.0).all()


def test_centres_come_from_columns_where_there_is_no_mask():
    visit = visit_of(0, np.eye(4), marked=False)
    known = Visit(0, visit.images, {}, {"centre_r": 1.0, "centre_a": 2.0, "centre_s": 3.0})
    np.testing.assert_array_equal(centres_of(FollowUp("p", (known,)))[0], (1, 2, 3))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"masks": {}}, "E-NODULE"),
        ({"nan": True}, "E-NOT-FINITE"),
        ({"unit": "HU"}, "E-INPUT-UNIT"),
        ({"images": {}}, "E-VISIT-IMAGE"),
    ],
)
def test_what_cannot_be_cut_is_refused_with_the_visit_named(change, code):
    visit = visit_of(0, np.eye(4))
    image = visit.images["ct"]
    if "nan" in change:
        values = image.values.copy()
        values[3, 4, 5] = np.nan
        image = Map(values, image.geometry, "1", "ct")
    image = Map(image.values, image.geometry, change.get("unit", "1"), "ct")
    visits = FollowUp("p", (Visit(0, change.get("images", {"ct": image}), change.get("masks", visit.masks)),))
    with pytest.raises(InputError) as caught:
        crop_visits(visits, centres_of(visits), SETTINGS, Context())
    assert caught.value.code == code
    assert "visit 1" in str(caught.value) or "patient p" in str(caught.value)


@pytest.mark.parametrize(
    "wrong", [{"shape": (0, 8, 8)}, {"window": (1.0, 1.0)}, {"registration": "magic"}, {"spacings": ()}]
)
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(ParameterError, match="E-CROP"):
        CropSettings(**wrong)
