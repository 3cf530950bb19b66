"""Images that show nothing end in words."""

from dataclasses import replace

import numpy as np
import pytest
from library.small.inputs import two_visits

import SpatioTemporalLib as st
from SpatioTemporalLib.errors import InputError


@pytest.mark.parametrize("value", [0.0, -1000.0])
@pytest.mark.parametrize("visit", [0, 1])
def test_a_visit_with_the_same_value_everywhere_is_refused(visit, value):
    both = two_visits()
    visits = list(both.visits)
    images = {name: replace(i, values=np.full_like(i.values, value)) for name, i in visits[visit].images.items()}
    visits[visit] = replace(visits[visit], images=images)
    with pytest.raises(InputError, match=f"visit at day {visits[visit].days:g}.*same value, {value:g} HU") as caught:
        st.run("follow_up.registration", visits=replace(both, visits=tuple(visits)))
    assert caught.value.code == "E-IMAGE-CONSTANT"


@pytest.mark.parametrize("analysis", ["logan_reference_plot", "simplified_reference_tissue"])
def test_activity_that_never_changes_gives_no_curve_without_points(analysis):
    grid = st.Geometry.from_spacing((1, 2, 3))
    series = st.Series(np.full((40, 1, 2, 3), 5.0), np.arange(40) * 60.0, grid, "kBq/mL", durations=np.full(40, 60.0))
    reference = st.LabelMap(np.ones(grid.shape, np.uint8), grid)
    result = st.run(f"kinetics.{analysis}", series=series, reference_mask=reference)
    assert all(len(curve.times) for curve in result.curves)
