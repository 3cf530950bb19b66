"""The nodule among other segments."""

import numpy as np
import pytest
from library.small.inputs import two_visits

import SpatioTemporalLib as st
from SpatioTemporalLib.steps.voxels.named_segment import named_segment, visits_with_segment

GRID = st.Geometry.from_spacing((2, 3, 4), (1.0, 1.0, 1.0))


def drawn(*values):
    array = np.zeros(GRID.shape, np.uint8)
    for value in values:
        array[value - 1, value - 1, value] = value
    return st.LabelMap(array, GRID, {1: st.Label("Lung"), 2: st.Label("nodule")}, "chest")


def test_segment_is_found_by_name_whatever_its_case():
    found, findings = named_segment(drawn(1, 2), " Nodule")
    assert np.argwhere(found.foreground).tolist() == [[1, 1, 2]] and findings == ()


def test_one_segment_needs_no_name():
    labels = drawn(2)
    assert named_segment(labels, None) == (labels, ())


def test_several_segments_without_a_name_are_taken_as_one_and_that_is_said():
    labels = drawn(1, 2)
    found, (finding,) = named_segment(labels, None)
    assert found is labels
    assert finding.code == "W-SEGMENTS" and "Lung, nodule" in finding.message


def test_name_that_is_not_drawn_lists_those_that_are():
    with pytest.raises(st.InputError, match="no segment 'nodule' is drawn; there are Lung"):
        named_segment(drawn(1), "nodule")


def test_masks_of_all_visits_are_reduced_to_the_segment():
    visits, findings = visits_with_segment(two_visits(), None)
    assert findings == () and all(visit.mask.foreground.any() for visit in visits.visits)
    with pytest.raises(st.InputError, match="E-SEGMENT"):
        visits_with_segment(two_visits(), "somewhere")
