"""Voxels in which nothing happens are never called fitted."""

import numpy as np
import pytest
from library.small.inputs import small_inputs, small_phantom

import SpatioTemporalLib as st
from SpatioTemporalLib.steps.voxels.fit_status import LABELS, FitStatus

FITTED = LABELS[FitStatus.FITTED].name
WITH_STATUS = [
    analysis
    for analysis in st.analyses().values()
    if any(output.name == "fit_status" for output in analysis.outputs)
    and any(item.kind is st.Series for item in analysis.inputs)
]
# They give what is measured in any curve, as its height, which may be none; or take a constant for what it may be,
# activity that was there from the beginning, or a plateau that is reached at once.
WITHOUT_MODEL = {"enhancement", "concentration", "ultrafast", "linearise_ultrasound", "transverse_relaxation_change"}
CONSTANT_MAY_BE = {"patlak_plot", "two_tissue", "replenishment"}
LEFT_OUT = {f"kinetics.{name}" for name in WITHOUT_MODEL | CONSTANT_MAY_BE}


@pytest.mark.parametrize("level", [123.456, 1e-3])
@pytest.mark.parametrize("analysis", [pytest.param(a, id=a.id) for a in WITH_STATUS if a.id not in LEFT_OUT])
def test_a_constant_voxel_is_not_fitted_and_harms_no_other(analysis, level):
    phantom = small_phantom()
    inputs = small_inputs(analysis, phantom)
    name = next(item.name for item in analysis.inputs if item.kind is st.Series)
    series = inputs[name]
    values = np.array(series.values, dtype=float)
    baseline = values[:2, 0, 0, 0].mean()
    values[:, 0, 0, 0] = level if baseline > 0 else 0.0
    changed = st.Series(
        values,
        series.times,
        series.geometry,
        unit=series.unit,
        acquisition=series.acquisition,
        durations=series.durations,
    )
    result = st.run(analysis.id, **{**inputs, name: changed})
    labels = {value: label.name for value, label in result.fit_status.labels.items()}
    assert labels.get(int(result.fit_status.values[0, 0, 0])) != FITTED
    if "r2" in result:
        assert not result.r2.values[0, 0, 0] < -1
    assert FITTED in {labels[int(code)] for code in np.unique(result.fit_status.values) if code}
