"""Regions that share a name, and regions in which nothing can be measured."""

import numpy as np
import pytest
from library.small.inputs import small_phantom

import SpatioTemporalLib as st
from SpatioTemporalLib.io.output.results import write_result


@pytest.fixture(scope="module")
def phantom():
    return small_phantom()


def halves(phantom):
    """The two columns of patches, Ktrans 0.05 and 0.2 1/min, as two regions of one name."""
    labels = np.zeros(phantom.series.geometry.shape, np.uint8)
    labels[:, :6, :3], labels[:, :6, 3:] = 1, 2
    return st.LabelMap(labels, phantom.series.geometry, {1: st.Label("lesion"), 2: st.Label("lesion")})


def test_regions_of_one_name_keep_their_own_estimates(phantom, tmp_path):
    facts = {"aif_mask": phantom.artery, **phantom.facts}
    result = st.run("kinetics.tofts", series=phantom.series, mask=halves(phantom), **facts)
    table = result.statistics.columns
    of_mean = [m for m, q in zip(table["of mean curve"], table["quantity"]) if q == "ktrans"]
    medians = [m for m, q in zip(table["median"], table["quantity"]) if q == "ktrans"]
    assert list(dict.fromkeys(table["region"])) == ["lesion", "lesion (2)"]
    assert of_mean[1] > 2 * of_mean[0]
    np.testing.assert_allclose(of_mean, medians, rtol=0.2)
    assert [c.name for c in result.curves if not c.fit_of] == ["lesion", "lesion (2)"]
    assert (tmp_path / "curves.csv") in write_result(result, tmp_path)


@pytest.mark.parametrize(
    "analysis", ["kinetics.enhancement", "kinetics.tofts", "kinetics.concentration", "segmentation.enhancing_tissue"]
)
def test_region_without_a_finite_voxel_is_refused_by_name(phantom, analysis):
    values = phantom.series.values.copy()
    values[:, 0, 1, 1] = np.nan
    mask = np.zeros(values.shape[1:], np.uint8)
    mask[0, 1, 1] = 1
    series = st.Series(values, phantom.series.times, phantom.series.geometry, acquisition=phantom.series.acquisition)
    region = st.LabelMap(mask, phantom.series.geometry, name="hole")
    arguments = {"arrival": 30.0} if analysis != "kinetics.concentration" else {}
    with pytest.raises(st.InputError, match="hole") as caught:
        st.run(analysis, series=series, mask=region, baseline_frames=7, **arguments)
    assert caught.value.fix


def test_region_without_baseline_signal_is_refused(phantom):
    values = phantom.series.values.copy()
    values[:, 0, 1, 1] = 0
    mask = np.zeros(values.shape[1:], np.uint8)
    mask[0, 1, 1] = 1
    series = st.Series(values, phantom.series.times, phantom.series.geometry)
    region = st.LabelMap(mask, phantom.series.geometry, name="air")
    with pytest.raises(st.InputError, match="air.*no voxel could be measured") as caught:
        st.run("kinetics.enhancement", series=series, mask=region, arrival=30.0, baseline_frames=7)
    assert caught.value.code == "E-NOTHING-MEASURED"


def test_device_of_an_earlier_run_is_not_reported_again(phantom):
    context = st.Context()
    context.used_device = "cuda"
    assert st.run("kinetics.bolus_arrival", series=phantom.series, context=context).provenance.device == "cpu"
