"""Two visits on one grid, alike in scale whatever the scanner did, and what cannot be brought together."""

from dataclasses import replace

import numpy as np
import pytest
from library.small.pairs import SHAPE, simulated_visits

import SpatioTemporalLib as st
from SpatioTemporalLib.context import Context
from SpatioTemporalLib.data.follow_up import FollowUp, Visit
from SpatioTemporalLib.errors import InputError, ParameterError
from SpatioTemporalLib.steps.follow_up.visit_pair import PairSettings, pair_of, robust_scaled

SETTINGS = PairSettings(shape=SHAPE)


def with_images(visits, change):
    """The follow-up with the later image changed."""
    first, second = visits.visits
    return FollowUp("simulated", (first, Visit(second.days, {"flair": change(second.images["flair"])})))


def test_brightness_and_offset_of_a_scanner_are_taken_out():
    values = np.random.default_rng(0).gamma(3.0, size=(4, 20, 20)).astype(np.float32)
    np.testing.assert_allclose(robust_scaled(values, ""), robust_scaled(250 * values + 40, ""), atol=1e-3)
    bright = values[values > values.mean()]
    scaled = robust_scaled(values, "")[values > values.mean()]
    assert np.median(scaled) == pytest.approx(0, abs=1e-5) and scaled.max() <= 10
    order = np.argsort(bright)
    assert (np.diff(scaled[order]) >= 0).all()


def test_a_normal_distribution_gets_a_standard_deviation_of_one():
    values = np.concatenate([np.zeros(200_000), np.random.default_rng(1).normal(100.0, 7.0, 200_000)])
    scaled = robust_scaled(values.astype(np.float32), "")[200_000:]
    assert scaled.std() == pytest.approx(1.0, rel=0.01)


def test_visits_lie_on_the_grid_of_the_later_one():
    visits, pair = simulated_visits()
    found = pair_of(visits, SETTINGS, Context())
    assert found.images.shape == (2, *SHAPE) and found.days == pair.days
    np.testing.assert_array_equal(found.images[1], robust_scaled(pair.images[1], ""))


def test_the_last_two_of_several_visits_are_compared():
    visits, _ = simulated_visits()
    extra = Visit(visits.days[-1] + 40, {"flair": visits.visits[0].images["flair"]})
    found = pair_of(FollowUp("simulated", (*visits.visits, extra)), SETTINGS, Context())
    assert found.days == 40
    np.testing.assert_array_equal(found.images[1], pair_of(visits, SETTINGS, Context()).images[0])


def test_a_region_cuts_the_grid_and_changes_no_value():
    visits, _ = simulated_visits(shape=(6, 40, 40))
    later = visits.visits[-1].images["flair"]
    inside = np.zeros((6, 40, 40), np.uint8)
    inside[2:4, 12:20, 22:30] = 1
    cut = pair_of(visits, SETTINGS, Context(), st.LabelMap(inside, later.geometry))
    whole = pair_of(visits, SETTINGS, Context())
    assert cut.images.shape == (2, 6, 24, 24)
    low = np.rint(later.geometry.ras_to_ijk(cut.grid.ijk_to_ras(np.zeros(3)))).astype(int)
    part = tuple(slice(a, a + n) for a, n in zip(low[::-1], cut.grid.shape))
    np.testing.assert_allclose(cut.images, whole.images[:, *part], atol=1e-6)


def test_a_turned_head_is_turned_back():
    visits, _ = simulated_visits(seed=8, shape=(16, 48, 48))
    first, second = visits.visits
    shift = np.eye(4)
    shift[:3, 3] = [5.0, -4.0, 0.0]
    moved = replace(
        first.images["flair"], geometry=st.Geometry((16, 48, 48), shift @ first.images["flair"].geometry.affine)
    )
    apart = FollowUp("simulated", (Visit(0.0, {"flair": moved}), second))
    rigid = pair_of(apart, replace(SETTINGS, registration="rigid"), Context())
    middle = (slice(4, 12), slice(12, 36), slice(12, 36))
    together = pair_of(visits, SETTINGS, Context())
    likeness = [
        np.corrcoef(f.images[0][middle].ravel(), together.images[0][middle].ravel())[0, 1]
        for f in (rigid, pair_of(apart, SETTINGS, Context()))
    ]
    assert likeness[0] > 0.85 > likeness[1] + 0.15


@pytest.mark.parametrize("change, told, code", [
    (lambda m: replace(m, values=np.where(np.arange(24) == 3, np.nan, m.values)), "hold NaN", "E-NOT-FINITE"),
    (lambda m: replace(m, values=np.full(SHAPE, 7.0, np.float32)), "the same everywhere", "E-PAIR-FLAT"),
    (lambda m: replace(m, unit="HU"), "is in HU, a.u. was expected", "E-INPUT-UNIT"),
    (lambda m: replace(m, geometry=st.Geometry.from_spacing(SHAPE, origin=(500.0, 0.0, 0.0))),
     "lie apart in the scanner", "E-PAIR-APART"),
])  # fmt: skip
def test_what_cannot_be_compared_is_told(change, told, code):
    visits, _ = simulated_visits()
    with pytest.raises(InputError, match=told) as caught:
        pair_of(with_images(visits, change), SETTINGS, Context())
    assert caught.value.code == code


def test_one_visit_is_too_few():
    visits, _ = simulated_visits()
    with pytest.raises(InputError, match="has one visit"):
        pair_of(FollowUp("simulated", visits.visits[:1]), SETTINGS, Context())


def test_settings_that_are_none_are_told_together():
    with pytest.raises(ParameterError, match=r"shape .*; spacings .*; registration 'bent'") as caught:
        PairSettings(shape=(0, 4, 4), spacings=((1.0, 1.0),), registration="bent")
    assert caught.value.code == "E-PAIR"
