import numpy as np
import pytest
from library.small.inputs import small_phantom

import SpatioTemporalLib as st


@pytest.fixture(scope="module")
def phantom():
    return small_phantom()


@pytest.fixture(scope="module")
def result(phantom):
    return st.run("kinetics.extended_tofts", series=phantom.series, mask=phantom.tissue, hematocrit=0.4)


def test_result_gives_outputs_by_name_and_by_attribute(result):
    assert result["ktrans"] is result.ktrans
    assert result.ktrans.unit == "1/min"
    with pytest.raises(AttributeError, match="ktrans"):
        _ = result.no_such_output


def test_provenance_is_enough_to_run_again(result, phantom):
    provenance = result.provenance
    assert provenance.analysis == "kinetics.extended_tofts"
    assert provenance.parameters["hematocrit"] == 0.4
    assert provenance.parameters["t1_baseline"] == 1.4
    assert set(provenance.inputs) == {"series", "mask"}
    assert len(provenance.inputs["series"]["sha256"]) == 64
    assert provenance.inputs["series"]["time_source"] == "simulated"
    assert provenance.software["numpy"] == np.__version__
    again = st.run(provenance.analysis, series=phantom.series, mask=phantom.tissue, **provenance.parameters)
    np.testing.assert_array_equal(again.ktrans.values, result.ktrans.values)


def test_changed_voxel_or_time_changes_the_identity(phantom, result):
    values = phantom.series.values.copy()
    values[0, 0, 0, 0] += 1
    series = st.Series(values, phantom.series.times, phantom.series.geometry, acquisition=phantom.series.acquisition)
    other = st.run("kinetics.enhancement", series=series).provenance.inputs["series"]["sha256"]
    later = st.Series(values, phantom.series.times + 1, phantom.series.geometry)
    shifted = st.run("kinetics.enhancement", series=later).provenance.inputs["series"]["sha256"]
    assert len({other, shifted, result.provenance.inputs["series"]["sha256"]}) == 3


def test_mask_of_another_size_says_both_sizes_and_what_to_do(phantom):
    mask = st.LabelMap(np.ones((1, 4, 4), np.uint8), st.Geometry.from_spacing((1, 4, 4)), name="lesion")
    with pytest.raises(st.GeometryError, match=r"lesion.* is 4×4×1, series is 6×9×1.*Resample") as caught:
        st.run("kinetics.extended_tofts", series=phantom.series, mask=mask)
    assert caught.value.code == "E-GEO-SHAPE"


def test_mask_in_another_place_says_how_far(phantom):
    geometry = st.Geometry.from_spacing(phantom.series.geometry.shape, (1, 1, 3), origin=(500, 0, 0))
    mask = st.LabelMap(phantom.tissue.values, geometry, name="lesion")
    with pytest.raises(st.GeometryError, match="500 mm away") as caught:
        st.run("kinetics.extended_tofts", series=phantom.series, mask=mask)
    assert caught.value.code == "E-GEO-PLACE"


def test_empty_mask_is_refused_by_name(phantom):
    empty = st.LabelMap(np.zeros_like(phantom.tissue.values), phantom.series.geometry, name="lesion")
    with pytest.raises(st.InputError, match="lesion") as caught:
        st.run("kinetics.extended_tofts", series=phantom.series, mask=empty)
    assert caught.value.code == "E-MASK-EMPTY"


def test_map_in_the_wrong_unit_is_refused(phantom):
    t1 = st.Map(np.full(phantom.series.geometry.shape, 1400.0), phantom.series.geometry, "HU", "t1")
    with pytest.raises(st.InputError, match="must be in s, found HU") as caught:
        st.run("kinetics.extended_tofts", series=phantom.series, t1_map=t1)
    assert caught.value.code == "E-INPUT-UNIT"


def test_input_of_the_wrong_kind_is_refused(phantom):
    with pytest.raises(st.InputError, match="series must be a Series, found LabelMap"):
        st.run("kinetics.extended_tofts", series=phantom.tissue)


def test_single_frame_is_refused_with_the_number_needed(phantom):
    first = st.Series(phantom.series.values[:1], [0.0], phantom.series.geometry)
    with pytest.raises(st.InputError, match="3 frames or more are needed, found 1") as caught:
        st.run("kinetics.extended_tofts", series=first)
    assert caught.value.code == "E-ONE-FRAME"


def test_nan_voxels_are_left_out_and_counted(phantom):
    values = phantom.series.values.copy()
    values[5, 0, 1, 1] = np.nan
    values[7, 0, 2, 2] = np.inf
    series = st.Series(values, phantom.series.times, phantom.series.geometry, acquisition=phantom.series.acquisition)
    got = st.run("kinetics.extended_tofts", series=series, mask=phantom.tissue)
    assert "2 voxels hold NaN or infinite values" in " ".join(str(f) for f in got.findings)
    assert np.isnan(got.ktrans.values[0, 1, 1]) and np.isnan(got.ktrans.values[0, 2, 2])
    assert got.fit_status.labels[int(got.fit_status.values[0, 1, 1])].name.endswith("not a finite number")
    assert np.isfinite(np.delete(got.ktrans.values[0, :6], [1, 2], axis=0)).all()


def test_series_without_any_finite_voxel_is_refused(phantom):
    values = np.full_like(phantom.series.values, np.nan)
    with pytest.raises(st.InputError, match="no voxel has finite values"):
        st.run("kinetics.enhancement", series=st.Series(values, phantom.series.times, phantom.series.geometry))


def test_memory_mapped_input_gives_the_same_result(phantom, result, tmp_path):
    np.save(tmp_path / "values.npy", phantom.series.values)
    mapped = np.load(tmp_path / "values.npy", mmap_mode="r")
    series = st.Series(mapped, phantom.series.times, phantom.series.geometry, acquisition=phantom.series.acquisition)
    got = st.run("kinetics.extended_tofts", series=series, mask=phantom.tissue, hematocrit=0.4)
    np.testing.assert_array_equal(got.ktrans.values, result.ktrans.values)


def test_one_curve_and_a_volume_give_the_same_numbers(phantom):
    volume = st.run(
        "kinetics.extended_tofts", series=phantom.series, mask=phantom.tissue, arrival=30, baseline_frames=7
    )
    values = phantom.series.values[:, 0, 1, 4]
    curve = st.Series.from_curves(phantom.series.times, values, acquisition=phantom.series.acquisition)
    single = st.run("kinetics.extended_tofts", series=curve, arrival=30, baseline_frames=7)
    assert single.ktrans.values.item() == pytest.approx(volume.ktrans.values[0, 1, 4], rel=1e-5)


def test_progress_rises_to_one(phantom):
    seen = []
    st.run("kinetics.tofts", series=phantom.series, context=st.Context(report=lambda f, m: seen.append(f)))
    assert seen == sorted(seen)
    assert seen[0] == 0 and seen[-1] == 1
