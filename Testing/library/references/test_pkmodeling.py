"""PkModeling's digital reference objects: their truth, and PkModeling's own results as the bar to beat."""

from pathlib import Path

import numpy as np
import pytest

import SpatioTemporalLib as st

FOLDER = Path(__file__).parents[2] / "data" / "pkmodeling"
KTRANS = np.array([0.05, 0.1, 0.2, 0.3, 0.4])
VE = np.array([0.15, 0.25, 0.35])
VP = np.array([0.0, 0.01, 0.02, 0.03])
DELAYS = np.array([0.0, 2.0, 4.0])
# The object's description says 1600 ms. Its blood voxel says otherwise: with the tissue's S0 of 10000, which fits
# the tissue's 1434 ms exactly, the blood's baseline is that of 1628.5 ms. With it the artery equals, frame by frame,
# the plasma term by which voxels that differ only in vp differ; with 1600 ms it is 2.7 % too high.
T1_BLOOD = 1.6285


def truth():
    """(13, 16) arrays of Ktrans, ve, vp and delay; NaN in the empty first row and column."""
    row, column = np.meshgrid(np.arange(12), np.arange(15), indexing="ij")
    arrays = KTRANS[column // 3], VE[row // 4], VP[row % 4], DELAYS[column % 3]
    return [np.pad(a, ((1, 0), (1, 0)), constant_values=np.nan) for a in arrays]


@pytest.fixture(scope="module", params=["DRO3min5secinf", "DRO3min3secinf"])
def fitted(request):
    series = st.read_series(FOLDER / "Input" / f"{request.param}.nrrd")
    tissue = np.isfinite(truth()[0])[None].astype(np.uint8)
    result = st.run(
        "kinetics.extended_tofts",
        series=series,
        mask=st.LabelMap(tissue, series.geometry),
        aif_mask=st.read_labels(FOLDER / "Input" / "DRO-AIF.nrrd"),
        hematocrit=0.45,
        relaxivity=3.7,
        t1_baseline=1.434,
        t1_blood=T1_BLOOD,
        frame_values="average",
        delay="fit",
        largest_delay=8,
    )
    return request.param, result


def errors(result, name, reference):
    inside = np.isfinite(reference)
    return result[name].values[0][inside] - reference[inside]


def test_header_gives_times_and_acquisition():
    series = st.read_series(FOLDER / "Input" / "DRO3min5secinf.nrrd")
    np.testing.assert_array_equal(series.times, np.arange(36) * 5.0)
    assert series.acquisition.flip_angle == 15
    assert series.acquisition.repetition_time == pytest.approx(0.005)


def test_median_ktrans_error_is_below_one_percent(fitted, worst_error):
    name, result = fitted
    ktrans = truth()[0]
    relative = 100 * np.abs(errors(result, "ktrans", ktrans)) / ktrans[np.isfinite(ktrans)]
    worst_error(f"PkModeling {name}: median Ktrans error", np.median(relative), 1.0, "%")
    worst_error(f"PkModeling {name}: largest Ktrans error", relative.max(), 5.0, "%")
    assert np.median(relative) <= 1.0
    assert relative.max() <= 5.0


def test_no_voxel_collapses(fitted, worst_error):
    name, result = fitted
    _, ve, vp, delay = truth()
    for parameter, reference, allowed in (("ve", ve, 0.01), ("vp", vp, 0.005), ("delay", delay, 0.5)):
        worst = np.abs(errors(result, parameter, reference)).max()
        worst_error(f"PkModeling {name}: largest {parameter} error", worst, allowed)
        assert worst <= allowed
    assert set(np.unique(result.fit_status.values)) == {0, 1}


def test_errors_are_smaller_than_those_of_pkmodeling(fitted, worst_error):
    name, result = fitted
    ktrans = truth()[0]
    theirs = st.read_map(FOLDER / "Reference" / f"{name}_AllOutputsExceptFpv-ktrans.nrrd", unit="1/min").values[0]
    inside = np.isfinite(ktrans)
    their_error = np.median(np.abs(theirs[inside] / ktrans[inside] - 1))
    our_error = np.median(np.abs(errors(result, "ktrans", ktrans)) / ktrans[inside])
    worst_error(f"PkModeling {name}: our Ktrans error over PkModeling's", our_error / their_error, 1.0)
    assert our_error < their_error


def test_three_parameter_fit_of_pkmodeling_collapses_where_ours_does_not(fitted):
    _, result = fitted
    theirs = st.read_map(FOLDER / "Reference" / "DRO3min5secinf_AllOutputsInclFpv-ve.nrrd", unit="1").values[0]
    inside = np.isfinite(truth()[1])
    assert np.mean(theirs[inside] < 0.01) > 0.1
    assert result.ve.values[0][inside].min() > 0.1


def test_signal_converts_to_the_published_concentration(worst_error):
    signal = np.array([10.0] * 8 + [50, 100, 50, 10])
    acquisition = st.Acquisition(flip_angle=15, repetition_time=0.003984)
    series = st.Series.from_curves(np.arange(12.0), signal, acquisition=acquisition)
    result = st.run("kinetics.concentration", series=series, t1_baseline=1.6, relaxivity=4.9, baseline_frames=8)
    published = [0.0] * 8 + [0.7673, 3.4819, 0.7673, 0]
    error = np.abs(result.concentration.values.ravel() - published).max()
    worst_error("PkModeling signal to concentration", error, 5e-5, "mmol/L")
    # Four decimals were published.
    assert error <= 5e-5
