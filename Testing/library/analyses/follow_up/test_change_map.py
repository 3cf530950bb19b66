"""Change of brightness without learning: what was planted is found, what the scanner did is not."""

from dataclasses import replace

import numpy as np
import pytest
from library.small.pairs import simulated_visits
from scipy import ndimage

import SpatioTemporalLib as st
from SpatioTemporalLib.data.follow_up import FollowUp, Visit
from SpatioTemporalLib.errors import InputError
from SpatioTemporalLib.numerics.registration.half_way import half_way_grids
from SpatioTemporalLib.numerics.statistics.robust_line import robust_line, robust_spread, symmetric_line

SHAPE = (10, 30, 30)


def head(seed=0):
    """A textured volume and where tissue is, steady enough that noise is all that differs."""
    rng = np.random.default_rng(seed)
    texture = ndimage.gaussian_filter(rng.normal(size=SHAPE), 3.0)
    inside = np.zeros(SHAPE, bool)
    inside[1:-1, 3:-3, 3:-3] = True
    return np.where(inside, 100 + 200 * texture, 5.0), inside, rng


def visits(earlier, later, geometry=None, days=200.0):
    grid = geometry or st.Geometry.from_spacing(SHAPE)
    images = [st.Map(values.astype(np.float32), grid, "a.u.", "flair") for values in (earlier, later)]
    return FollowUp("simulated", (Visit(0.0, {"flair": images[0]}), Visit(days, {"flair": images[1]})))


def found(given, inside=None, **parameters):
    if inside is not None:
        grid = given.visits[-1].images["flair"].geometry
        parameters["region"] = st.LabelMap(inside.astype(np.uint8), grid)
    return st.run("follow_up.change_map", visits=given, **{"registration": "none", **parameters})


def test_what_became_brighter_and_darker_is_found_and_nothing_else():
    tissue, inside, rng = head()
    more, less = np.zeros(SHAPE, bool), np.zeros(SHAPE, bool)
    more[4:7, 8:12, 8:12], less[4:7, 18:22, 18:22] = True, True
    later = 1.7 * (tissue + 60.0 * more - 60.0 * less) + 30 + rng.normal(0, 3, SHAPE)
    result = found(visits(tissue + rng.normal(0, 3, SHAPE), later), inside, misplacement=0.0, smoothing=0.0)
    assert result.lesions.columns["state"] in (["brighter", "darker"], ["darker", "brighter"])
    for number, truth in ((1, more), (2, less)):
        region = result.changes.values == number
        assert 2 * (region & truth).sum() / (region.sum() + truth.sum()) > 0.7
    assert result.matching.columns["slope"][0] == pytest.approx(1.7, rel=0.03)
    assert result.matching.columns["intercept"][0] == pytest.approx(30, abs=6)


def test_z_is_in_standard_deviations_of_what_differs_by_chance():
    tissue, inside, rng = head(1)
    result = found(visits(tissue, tissue + rng.normal(0, 3, SHAPE)), inside, misplacement=0.0, bias=0.0, smoothing=0.0)
    z = result.z.values[inside]
    assert z.std() == pytest.approx(1.0, abs=0.03) and np.median(z) == pytest.approx(0.0, abs=0.01)
    assert (np.abs(z) > 1.96).mean() == pytest.approx(0.05, abs=0.01)
    assert not result.changes.foreground.any() and np.isnan(result.z.values[~inside]).all()


def test_uneven_brightness_counts_as_the_scanners():
    tissue, inside, rng = head(2)
    ramp = 40 * np.linspace(-1, 1, SHAPE[2])
    given = visits(tissue + rng.normal(0, 2, SHAPE), tissue + ramp + rng.normal(0, 2, SHAPE))
    assert found(given, inside, bias=0.0, threshold=1.1, misplacement=0.0).changes.foreground.sum() > 100
    assert found(given, inside, bias=4.0, threshold=3.5, misplacement=0.0).changes.foreground.sum() < 20


def test_edges_that_miss_one_another_count_less():
    rng = np.random.default_rng(3)
    tissue = np.where(np.arange(SHAPE[2]) < 15, 60.0, 140.0) + np.zeros(SHAPE)
    earlier = tissue + rng.normal(0, 2, SHAPE)
    later = ndimage.shift(tissue, (0, 0, 0.5), order=1, mode="nearest") + rng.normal(0, 2, SHAPE)
    given, inside = visits(earlier, later), np.ones(SHAPE, bool)
    assert found(given, inside, misplacement=0.0, bias=0.0).changes.foreground.any()
    assert not found(given, inside, misplacement=0.6, bias=0.0).changes.foreground.any()


def test_exchanging_the_visits_exchanges_brighter_and_darker():
    tissue, inside, rng = head(4)
    spot = np.zeros(SHAPE, bool)
    spot[4:7, 10:14, 10:14] = True
    given = visits(tissue + rng.normal(0, 3, SHAPE), tissue + 50 * spot + rng.normal(0, 3, SHAPE))
    first, second = (visit.images["flair"].values for visit in given.visits)
    there, back = found(given, inside), found(visits(second, first), inside)
    assert "brighter" in there.lesions.columns["state"] and "darker" in back.lesions.columns["state"]
    assert np.corrcoef(there.z.values[inside], -back.z.values[inside])[0, 1] > 0.95


def test_a_moved_head_is_brought_half_way_and_its_results_lie_on_the_later_visit():
    given, pair = simulated_visits(seed=71, shape=(16, 48, 48))
    first, second = (visit.images["flair"] for visit in given.visits)
    shift = np.eye(4)
    shift[:3, 3] = [6.0, -3.0, 0.0]
    moved = replace(first, geometry=st.Geometry(first.geometry.shape, shift @ first.geometry.affine))
    apart = FollowUp("simulated", (Visit(0.0, {"flair": moved}), Visit(pair.days, {"flair": second})))
    result = found(apart, registration="rigid")
    half = result.z.geometry.affine[:3, 3] - second.geometry.affine[:3, 3]
    np.testing.assert_allclose(half, [-3.0, 1.5, 0.0], atol=0.7)
    places = result.z.geometry.ras_to_ijk(second.geometry.ijk_to_ras(np.argwhere(pair.new)[:, ::-1].astype(float)))
    i, j, k = np.rint(places).astype(int).T
    assert result.z.values[k, j, i].mean() > 1.0 > 0.3 > np.abs(np.nanmean(result.z.values))


def test_growth_is_that_of_the_deformation():
    axes = np.stack(np.indices(SHAPE), -1) - (np.array(SHAPE) - 1) / 2
    radius = np.linalg.norm(axes * [1.5, 1, 1], axis=-1)
    earlier, later = (ndimage.gaussian_filter(100.0 * (radius < r), 1.0) for r in (7.0, 8.0))
    result = found(visits(earlier, later), np.ones(SHAPE, bool), growth=True)
    middle = radius < 4
    assert result.growth.unit == "%" and 5 < np.median(result.growth.values[middle]) < 60


def test_the_half_way_place_is_the_same_from_either_side():
    turn = np.eye(4)
    c, s = np.cos(0.2), np.sin(0.2)
    turn[:2, :2], turn[:3, 3] = [[c, -s], [s, c]], [5.0, -2.0, 3.0]
    here, there = half_way_grids(st.Geometry.from_spacing(SHAPE), turn)
    np.testing.assert_allclose(turn @ here.affine, there.affine, atol=1e-9)
    step = there.affine @ np.linalg.inv(st.Geometry.from_spacing(SHAPE).affine)
    np.testing.assert_allclose(step @ step, turn, atol=1e-9)


def test_outliers_do_not_bend_the_line():
    rng = np.random.default_rng(5)
    x = rng.uniform(0, 100, 4000)
    y = 2.5 * x - 7 + rng.normal(0, 1, 4000)
    y[x > 92] += 400
    slope, intercept = robust_line(x, y)
    assert slope == pytest.approx(2.5, abs=0.02) and intercept == pytest.approx(-7, abs=0.6)
    assert robust_line(np.arange(5.0), 3 * np.arange(5.0) + 1) == pytest.approx((3.0, 1.0))
    assert robust_spread(rng.normal(3, 2, 100_000)) == pytest.approx(2.0, rel=0.02)


def test_the_same_scan_twice_is_told():
    tissue, inside, _ = head(6)
    with pytest.raises(InputError, match="nothing differs by chance") as caught:
        found(visits(tissue, 2 * tissue + 1), inside, bias=0.0, smoothing=0.0)
    assert caught.value.code == "E-PAIR-FLAT"


def test_lines_of_two_noisy_images_are_the_inverse_of_one_another():
    rng = np.random.default_rng(8)
    truth = rng.normal(0, 3, 20_000)
    x, y = truth + rng.normal(0, 1, truth.size), 2 * truth + rng.normal(0, 2, truth.size) + 5
    (slope, intercept), (back, _) = symmetric_line(x, y), symmetric_line(y, x)
    assert slope == pytest.approx(2.0, rel=0.02) and slope * back == pytest.approx(1.0, abs=1e-6)
    assert intercept == pytest.approx(5.0, abs=0.1)


def test_images_of_two_units_are_refused():
    tissue, inside, rng = head(7)
    given = visits(tissue, tissue + rng.normal(0, 3, SHAPE))
    first, second = given.visits
    other = Visit(second.days, {"flair": replace(second.images["flair"], unit="HU")})
    with pytest.raises(InputError) as caught:
        found(FollowUp("simulated", (first, other)))
    assert caught.value.code.startswith("E-")


def test_what_leaves_nothing_to_compare_is_told():
    tissue, inside, rng = head(8)
    given = visits(tissue, tissue + rng.normal(0, 3, SHAPE))
    little = np.zeros(SHAPE, bool)
    little[4, 4:8, 4:8] = True
    with pytest.raises(InputError, match="16 voxels lie in both visits and the region, 100 are needed"):
        found(given, little)
    # The mean over less than a voxel is that voxel: every lesion would be taken for uneven brightness.
    with pytest.raises(InputError, match="a bias of 1 mm is less than 2 voxels"):
        found(given, inside, bias=1.0)
