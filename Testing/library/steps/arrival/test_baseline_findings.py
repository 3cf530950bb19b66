"""Every analysis of a dynamic series says which frames its baseline is, and when the first are not in steady state."""

import numpy as np
import pytest

import SpatioTemporalLib as st

TIMES = np.arange(0, 180, 3.0)
GRID = st.Geometry.from_spacing((2, 6, 6), (10.0, 10.0, 10.0))
ACQUISITION = st.Acquisition(flip_angle=20.0, repetition_time=0.004, echo_time=0.03)
SINCE = np.maximum(TIMES - 30, 0) / 60

ENHANCING = {
    "kinetics.enhancement": {},
    "kinetics.ultrafast": {"durations": "60"},
    "kinetics.brix": {},
    "kinetics.bolus_kinetics_ultrasound": {},
    "kinetics.arterial_input_function": {},
    "segmentation.enhancing_tissue": {"opening": 0, "early_time": 40.0},
    "segmentation.functional_tumour_volume": {"early_time": 40.0},
    "segmentation.angiovolume": {},
}


def series(shape, first=1.0):
    rng = np.random.default_rng(5)
    values = 300 * shape[:, None, None, None] * (1 + rng.normal(0, 0.002, (len(TIMES), *GRID.shape)))
    values[0] *= first
    return st.Series(values, TIMES, GRID, acquisition=ACQUISITION, name="dynamic")


def codes(id, data, **parameters):
    mask = st.LabelMap(np.ones(GRID.shape, np.uint8), GRID, {1: st.Label("all")})
    return [finding.code for finding in st.run(id, series=data, mask=mask, **parameters).findings]


RISES = 1 + 12 * SINCE * np.exp(-SINCE / 0.35)
FALLS = np.exp(-8 * SINCE * np.exp(-SINCE / 0.2))


@pytest.mark.parametrize("id", ENHANCING)
def test_analyses_of_enhancement_say_what_their_baseline_is(id):
    steady, bright = (codes(id, series(RISES, first), **ENHANCING[id]) for first in (1.0, 1.4))
    assert steady.count("I-BASELINE") == 1 and "W-STEADY-STATE" not in steady
    assert bright.count("W-STEADY-STATE") == 1
    assert "W-STEADY-STATE" not in codes(id, series(RISES, 1.4), skipped_frames=1, **ENHANCING[id])


def test_change_of_relaxation_says_so_where_the_signal_falls():
    id = "kinetics.transverse_relaxation_change"
    assert codes(id, series(FALLS)) == ["I-BASELINE"]
    assert "W-STEADY-STATE" in codes(id, series(FALLS, 1.4))
    assert codes(id, series(FALLS, 1.4), skipped_frames=1) == ["I-BASELINE"]
