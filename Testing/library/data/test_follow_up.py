"""One patient at several dates."""

from __future__ import annotations

import numpy as np
import pytest

from SpatioTemporalLib import FollowUp, Geometry, InputError, Map, Visit


def tumour(days: float) -> Visit:
    image = Map(np.ones((2, 3, 4)), Geometry.from_spacing((2, 3, 4)), "HU", "ct")
    return Visit(days, {"ct": image}, covariates={"volume": 3.5})


def test_visits_keep_their_days_and_print_well():
    follow_up = FollowUp("007", (tumour(0), tumour(91), tumour(180.5)))
    assert follow_up.days.tolist() == [0, 91, 180.5]
    assert str(follow_up).splitlines()[:2] == [
        "patient 007: 3 visits, days 0, 91, 180.5",
        "  day 0: images ct; volume = 3.5",
    ]


@pytest.mark.parametrize(
    ("days", "words"),
    [
        ([0, 91, 91], "visit 3 is at day 91, not after day 91"),
        ([0, -30], "visit 2 is at day -30, not after day 0"),
        ([10, 20], "first visit is at day 10, not 0"),
        ([0, float("nan")], "has no day"),
    ],
)
def test_visits_out_of_order_are_refused(days, words):
    with pytest.raises(InputError, match=words) as caught:
        FollowUp("007", tuple(tumour(d) for d in days))
    assert caught.value.code == "E-VISIT-ORDER"
    assert "patient 007" in str(caught.value)
    assert caught.value.fix


def test_a_follow_up_needs_a_patient_and_a_visit():
    with pytest.raises(InputError, match="pseudonym"):
        FollowUp(" ", (tumour(0),))
    with pytest.raises(InputError, match="no visit"):
        FollowUp("007", ())
