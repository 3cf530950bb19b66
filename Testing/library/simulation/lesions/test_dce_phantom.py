"""Simulated dynamic series: what can be told apart with the time known, and cannot without."""

import numpy as np
import pytest

from SpatioTemporalLib.context import Context
from SpatioTemporalLib.io.cohort.files import read_cohort
from SpatioTemporalLib.simulation.lesions.dce_phantom import (
    FIRST_POST_S,
    Protocol,
    draw_phantom,
    lesion_curve,
    look_alike_curve,
)
from SpatioTemporalLib.simulation.lesions.dce_phantom_cohort import write_dce_cohort

LATER = np.linspace(60, 480, 200)


def test_both_curves_are_one_at_the_first_phase():
    assert lesion_curve(FIRST_POST_S) == pytest.approx(1) and look_alike_curve(FIRST_POST_S) == pytest.approx(1)


def test_lesions_wash_out_and_look_alikes_persist_to_the_same_peak():
    lesion, benign = lesion_curve(LATER), look_alike_curve(LATER)
    assert lesion[-1] < 0.8 * lesion.max() and (np.diff(benign) > 0).all()
    assert benign.max() == pytest.approx(lesion.max(), rel=0.05)


def test_a_later_intensity_alone_tells_nothing():
    """The best threshold on the ratio of the later phase to the first is little better than a guess."""
    lesion, benign = lesion_curve(LATER), look_alike_curve(LATER)
    best = max(abs((lesion > x).mean() - (benign > x).mean()) for x in np.linspace(1, 2, 200))
    # Both early on, where lesions are brighter, and late, where they are darker.
    assert best < 0.45
    assert (lesion > benign).mean() == pytest.approx(0.5, abs=0.1)


def test_regions_are_apart_and_as_bright_as_their_curves():
    phantom = draw_phantom(np.random.default_rng(3), Protocol(120.0, 120.0))
    assert phantom.phases.shape == (3, 32, 32, 32) and not (phantom.lesion & phantom.look_alike).any()
    before, first, later = phantom.phases
    for region, curve in ((phantom.lesion, lesion_curve), (phantom.look_alike, look_alike_curve)):
        ratio = (later - before)[region].mean() / (first - before)[region].mean()
        assert ratio == pytest.approx(float(curve(120.0)), rel=0.1)


def test_times_are_drawn_between_those_of_the_protocol():
    rng = np.random.default_rng(0)
    later = [draw_phantom(rng, Protocol(100.0, 200.0), size=16).seconds[2] for _ in range(8)]
    assert 100 <= min(later) < max(later) <= 200


def test_a_cohort_is_read_back_with_times_and_masks(tmp_path):
    cohort = write_dce_cohort(tmp_path / "c", 5, Context(seed=1), size=16)
    again = read_cohort(tmp_path / "c")
    assert len(again) == 5 and again.masks == ("lesion", "look_alike") and list(again.splits) == [
        "train", "validation", "test",
    ]  # fmt: skip
    seconds = [float(s) for s in again.visits.columns["seconds"]]
    assert seconds[:2] == [-1, 30] and 60 <= seconds[2] <= 480
    days = again.visits.columns["days"][:3]
    assert np.array(days) * 86400 == pytest.approx(np.array(seconds[:3]) + 1)
    patient = cohort.case(0)
    assert patient.visits[0].masks["lesion"].foreground.any() and not patient.visits[1].masks
    assert patient.visits[2].covariates["seconds"] == seconds[2]
