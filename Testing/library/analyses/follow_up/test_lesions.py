"""What becomes of lesions between visits: who is who, states, response, doubling times."""

import numpy as np
import pytest

import SpatioTemporalLib as st
from SpatioTemporalLib.steps.follow_up.response import response_table
from SpatioTemporalLib.steps.follow_up.tracked_lesions import Lesion

SPACING = (1.0, 1.0, 2.0)


def visit(days, *balls, shape=(24, 60, 60), spacing=SPACING, shift=0.0, name="tumour"):
    """One visit with balls (I, J, K in mm, radius); the grid may be shifted and finer, the places stay."""
    geometry = st.Geometry.from_spacing(shape, spacing, (shift, 0.0, 0.0))
    k, j, i = np.indices(shape)
    places = geometry.ijk_to_ras(np.stack([i, j, k], axis=-1))
    inside = np.zeros(shape, bool)
    for *centre, radius in balls:
        inside |= ((places - centre) ** 2).sum(axis=-1) <= radius**2
    mask = st.LabelMap(inside.astype(np.uint8), geometry, {1: st.Label(name)}, name)
    image = st.Map((40.0 + 60.0 * inside + 0.1 * k).astype(np.float32), geometry, "HU", "ct")
    return st.Visit(float(days), {"ct": image}, {name: mask})


def run(*visits, **more):
    return st.run("follow_up.lesions", visits=st.FollowUp("007", visits), **more)


def states(result):
    table = result["changes"].columns
    return {(lesion, day): state for lesion, day, state in zip(table["lesion"], table["day"], table["state"])}


A, B, C = (15.0, 15.0, 20.0), (40.0, 40.0, 24.0), (15.0, 45.0, 30.0)


def test_lesions_are_new_enlarging_shrinking_stable_and_vanished():
    first = visit(0, (*A, 8.0), (*B, 7.0), (*C, 6.0))
    second = visit(90, (*A, 10.0), (*B, 5.0), (45.0, 12.0, 20.0, 4.0))
    third = visit(180, (*A, 10.0), (*B, 4.9), (45.0, 12.0, 20.0, 4.0))
    found = states(run(first, second, third))
    assert [found[n, 0] for n in (1, 2, 3)] == ["first seen"] * 3
    assert (found[1, 90], found[2, 90], found[3, 90], found[4, 90]) == ("enlarging", "shrinking", "vanished", "new")
    assert (found[1, 180], found[2, 180], found[4, 180]) == ("stable", "stable", "stable") and (3, 180) not in found


def test_swapped_visits_turn_new_into_vanished():
    one, other = [(*A, 8.0)], [(*A, 8.0), (*B, 7.0)]
    forward, backward = (states(run(visit(0, *x), visit(30, *y))) for x, y in ((one, other), (other, one)))
    assert forward[2, 30] == "new" and backward[2, 30] == "vanished"


def test_lesions_that_grow_together_merge_and_one_that_parts_is_split():
    apart = visit(0, (20.0, 30.0, 24.0, 7.0), (36.0, 30.0, 24.0, 6.0))
    together = visit(60, (20.0, 30.0, 24.0, 10.0), (36.0, 30.0, 24.0, 9.0))
    found = states(run(apart, together, visit(120, (20.0, 30.0, 24.0, 7.0), (36.0, 30.0, 24.0, 6.0))))
    assert found[1, 60] == "merged" and found[2, 60] == "merged into 1"
    assert found[1, 120] == "shrinking" and found[3, 120] == "split off 1" and (2, 120) not in found


def test_a_lesion_that_moved_is_paired_by_its_centre_within_the_gate():
    visits = visit(0, (*A, 5.0)), visit(30, (27.0, 15.0, 20.0, 5.0))
    assert states(run(*visits, gate=20.0))[1, 30] == "stable"
    found = states(run(*visits, gate=5.0))
    assert found[1, 30] == "vanished" and found[2, 30] == "new"


def test_a_lesion_that_was_not_seen_in_between_returns_under_its_number():
    found = states(run(visit(0, (*A, 6.0), (*B, 6.0)), visit(30, (*B, 6.0)), visit(60, (*A, 6.0), (*B, 6.0))))
    assert (found[1, 30], found[1, 60]) == ("vanished", "returned") and found[2, 30] == "stable"
    assert max(lesion for lesion, _ in found) == 2


def test_grids_of_the_visits_may_differ():
    fine = visit(30, (*A, 8.0), shape=(60, 110, 130), spacing=(0.6, 0.6, 0.8), shift=-5.0)
    result = run(visit(0, (*A, 8.0)), fine)
    assert states(result)[1, 30] == "stable"
    assert result["segments_2"].geometry.shape == (60, 110, 130)
    volumes = result["lesions"].columns
    assert volumes["first volume"][0] == pytest.approx(4 / 3 * np.pi * 512 / 1000, rel=0.05)


def test_doubling_time_of_exact_doubling():
    radius = 8.0
    result = run(visit(0, (*A, radius)), visit(100, (*A, radius * 2 ** (1 / 3))))
    row = {name: cells[0] for name, cells in result["lesions"].columns.items()}
    ratio = row["last volume"] / row["first volume"]
    assert row["doubling time"] == pytest.approx(100 * np.log(2) / np.log(ratio), rel=1e-9)
    assert row["doubling time"] == pytest.approx(100, rel=0.08) and row["lower"] < 100 < row["upper"]


class OfDiameters(Lesion):
    """A lesion of which only diameters are known."""

    def __init__(self, number, diameters, new=None):
        super().__init__(number, {n: None for n, d in enumerate(diameters) if d}, {})
        self.diameters = diameters
        if new is not None:
            self.states[new] = "new"

    def diameter(self, visit):
        return self.diameters[visit]

    def volume(self, visit):
        return self.diameters[visit] ** 3


@pytest.mark.parametrize(
    "lesions, responses",
    [
        ([(50, 34, 0)], ["baseline", "PR", "CR"]),
        ([(50, 36, 36)], ["baseline", "SD", "SD"]),
        ([(50, 30, 37)], ["baseline", "PR", "PD"]),
        # 20 % above the smallest, but not 5 mm.
        ([(20, 12, 16)], ["baseline", "PR", "SD"]),
        ([(9, 20, 40)], ["baseline", "no target", "no target"]),
        # Of seven lesions the five largest are targets.
        ([(30, 30)] * 5 + [(20, 80)] * 2, ["baseline", "SD"]),
    ],
)
def test_response_is_that_of_recist(lesions, responses):
    found = [OfDiameters(n, diameters) for n, diameters in enumerate(lesions, start=1)]
    table = response_table(found, np.arange(len(responses)) * 60.0)
    assert table.columns["response"] == responses


def test_a_new_lesion_is_progression():
    found = [OfDiameters(1, (50, 20)), OfDiameters(2, (0, 6), new=1)]
    table = response_table(found, np.array([0.0, 60.0]))
    assert table.columns["response"] == ["baseline", "PD"] and table.columns["new"] == [0, 1]


def test_one_visit_with_a_mask_is_refused():
    with pytest.raises(st.InputError, match="two are needed"):
        run(visit(0, (*A, 5.0)), st.Visit(30.0, visit(30).images))
    with pytest.raises(st.InputError, match="no lesion"):
        run(visit(0), visit(30))


def test_organs_are_no_lesions_unless_they_are_named():
    visits = visit(0, (*A, 8.0), name="liver"), visit(30, (*A, 8.0), name="liver")
    with pytest.raises(st.InputError, match="no lesion"):
        run(*visits)
    assert states(run(*visits, masks=("liver",)))[1, 30] == "stable"


def boxes(days, *places, name="tumour"):
    """One visit with boxes (first and last J, first and last I)."""
    values = np.zeros((12, 60, 60), np.uint8)
    for top, bottom, left, right in places:
        values[2:8, top:bottom, left:right] = 1
    geometry = st.Geometry.from_spacing(values.shape, SPACING)
    image = st.Map((40.0 + values).astype(np.float32), geometry, "HU", "ct")
    return st.Visit(float(days), {"ct": image}, {name: st.LabelMap(values, geometry, {1: st.Label(name)}, name)})


def test_none_is_lost_where_lesions_merge_and_split_at_once():
    crossed = states(run(boxes(0, (5, 45, 5, 15), (5, 40, 20, 30)), boxes(9, (5, 20, 5, 30), (25, 45, 5, 30))))
    assert {crossed[1, 9], crossed[2, 9]} <= {"enlarging", "stable", "shrinking"} and (3, 9) not in crossed
    before = boxes(0, (5, 20, 5, 25), (25, 50, 5, 25), (5, 50, 30, 36))
    found = states(run(before, boxes(9, (5, 20, 5, 36), (25, 50, 5, 36))))
    assert "vanished" not in found.values() and sum(word == "merged" for word in found.values()) == 1
    assert sum(word.startswith("merged into") for word in found.values()) == 1


def test_parts_that_split_off_count_with_their_lesion():
    result = run(visit(0, (30.0, 30.0, 24.0, 12.0)), visit(9, (22.0, 30.0, 24.0, 5.5), (38.0, 30.0, 24.0, 5.0)))
    sums = result["response"].columns["sum of diameters"]
    assert sums[1] == pytest.approx(sum(result["changes"].columns["longest diameter"][n] for n in (1, 2)))
    assert result["response"].columns["response"][1] == "SD"
    assert np.isnan(result["lesions"].columns["doubling time"][0])


def test_without_a_lesion_before_there_is_no_response_and_one_that_comes_again_is_progression():
    empty = run(visit(0), visit(9), visit(20, (*A, 8.0)))
    assert empty["response"].columns["response"] == ["baseline", "no target", "PD"]
    again = [OfDiameters(1, (50, 0, 4))]
    assert response_table(again, np.arange(3) * 60.0).columns["response"] == ["baseline", "CR", "PD"]


def test_what_counts_as_no_lesion_is_told():
    other = run(visit(0, (*A, 8.0)), visit(9, (*A, 8.0), name="tumor"), masks=("tumour",))
    assert any("no segment there is called tumour" in str(finding) for finding in other.findings)
    speck = run(visit(0, (*A, 8.0)), visit(9, (15.0, 15.0, 20.0, 0.6)))
    assert any("fewer than 3 voxels" in str(finding) for finding in speck.findings)


def test_days_are_those_of_the_visits_though_the_first_has_no_mask():
    first = visit(0, (*A, 8.0))
    result = run(st.Visit(0.0, first.images), visit(30, (*A, 8.0)), visit(60, (*A, 8.0)))
    assert result["response"].columns["day"] == [30.0, 60.0] and result["changes"].columns["day"] == [30.0, 60.0]
